"""What a file says of its origin, as short lines for the terminal; the JSON report and the page have every field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..report import Finding

_LONGEST = 600
_LONGEST_PROMPT = 4000
_LABELS = {
    "prompt": "Prompt", "negative_prompt": "Negative prompt", "model": "Model", "models": "Models", "seed": "Seed",
    "sampler": "Sampler", "scheduler": "Scheduler", "steps": "Steps", "cfg_scale": "CFG scale", "version": "Version",
    "carrier": "Found in", "make": "Make", "lens": "Lens", "exposure": "Exposure", "captured_at": "Captured at",
    "software": "Software", "history": "History", "handled_by": "Handled by", "thumbnail": "Thumbnail",
    "gps": "Position", "tables": "Tables of", "payload": "Payload", "bits": "Bits", "agreeing": "Agreeing",
    "needed": "Needed",
    "encoder": "Encoder", "created": "Created", "title": "Title", "comment": "Comment", "address": "Address",
    "label": "Label", "reasons": "Reasons",
}  # fmt: skip
_MANIFEST = {"signer": "Signed by", "issuer": "Issued by", "signed_at": "Signed at", "tool": "Tool"}


def lines(finding: Finding) -> list[tuple[str, str]]:
    """Label and text of what a person wants to know of a finding; untrusted text, to be made safe by the caller."""
    if finding.family == "c2pa":
        return list(_credentials(finding.detail))
    return [
        (label, _text(finding.detail[name], _LONGEST_PROMPT if "prompt" in name else _LONGEST))
        for name, label in _LABELS.items()
        if finding.detail.get(name) not in (None, "", [], {})
    ]


def _credentials(detail: dict[str, Any]) -> Iterator[tuple[str, str]]:
    manifest = detail.get("manifest") or {}
    for name, label in _MANIFEST.items():
        if manifest.get(name):
            yield label, _text(manifest[name])
    if actions := [_text(a.get("words") or a.get("action", "")) for a in manifest.get("actions", ())]:
        yield "Done", "; ".join(dict.fromkeys(actions))[:_LONGEST]
    for part in manifest.get("ingredients", ())[:5]:
        yield (
            "Made from",
            f"{_text(part.get('title') or 'a picture without a title')} ({_text(part.get('relationship'))})",
        )
    if failures := (detail.get("validation") or {}).get("broken"):
        yield "Broken", _text(failures)
    if detail.get("address"):
        yield "Address", _text(detail["address"])


def _text(value: Any, longest: int = _LONGEST) -> str:
    if isinstance(value, bool):
        return "present, not shown" if value else "none"
    if isinstance(value, dict):
        value = [f"{name.replace('_', ' ')} {_text(part)}" for name, part in value.items()]
    text = ", ".join(_text(part) for part in value) if isinstance(value, list) else str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"
