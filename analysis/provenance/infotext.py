"""The text in which AUTOMATIC1111's web UI and its many relatives write how a picture was made.

The prompt, ``Negative prompt: …``, and a last line ``Steps: 20, Sampler: …, Seed: …``; some writers leave out the
line breaks.
"""

from __future__ import annotations

import re
from typing import Any

from . import programs
from .untrusted import PROMPT_CHARS, plain

Json = dict[str, Any]

AUTOMATIC1111 = "Stable Diffusion web UI (AUTOMATIC1111)"
_STEPS_LINE = re.compile(r"^Steps: \d{1,6}(?:,|$)", re.MULTILINE)
_STEPS_INLINE = re.compile(r"(?<=\s)Steps: \d{1,6}, Sampler: ")
_PAIR = re.compile(r'([A-Za-z][\w \-/+.]{0,60}):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
_NAMES = {"sampler", "cfg scale", "seed", "size", "model", "model hash", "schedule type"}
_NEEDED, _NEEDED_INLINE = 2, 4
_LEADING = 4 * PROMPT_CHARS


def parse_infotext(text: str) -> tuple[str, Json] | None:
    """The program and the fields of such a text; None where it is another one.

    Parameters
    ----------
    text
        The whole of a field. Words before the last line are the prompt, whatever they are.
    """
    if "\n" not in text:
        text = text.replace("\\n", "\n")  # a writer of GIF comments leaves them as a backslash and a letter
    head = text[:_LEADING]
    found, needed = list(_STEPS_LINE.finditer(head)), _NEEDED
    if not found:
        found, needed = list(_STEPS_INLINE.finditer(head)), _NEEDED_INLINE
    if not found:
        return None
    line = text[found[-1].start() :].partition("\n")[0][:PROMPT_CHARS]
    pairs = {key.strip(): value.strip().strip('"') for key, value in _PAIR.findall(line)[:100]}
    by_name = {key.lower(): value for key, value in pairs.items()}
    if len(_NAMES & by_name.keys()) < needed:
        return None
    prompt, _, negative = text[: found[-1].start()].partition("Negative prompt:")
    version = by_name.get("version", "")
    detail = {
        "prompt": plain(prompt, PROMPT_CHARS),
        "negative_prompt": plain(negative, PROMPT_CHARS),
        "seed": plain(by_name.get("seed", ""), 40),
        "sampler": plain(by_name.get("sampler", ""), 80),
        "scheduler": plain(by_name.get("schedule type", ""), 80),
        "steps": plain(by_name.get("steps", ""), 40),
        "cfg_scale": plain(by_name.get("cfg scale", ""), 40),
        "model": plain(by_name.get("model", ""), 200),
        "version": plain(version, 80),
        "parameters": {plain(key, 80): plain(value, 300) for key, value in list(pairs.items())[:60]},
        "raw": plain(text, PROMPT_CHARS),
    }
    return _program(by_name, version), detail


def _program(pairs: dict[str, str], version: str) -> str:
    """Whose text it is: relatives leave their name in ``Version``, ``App`` or a field of their own."""
    if "civitai metadata" in pairs or "civitai resources" in pairs:
        return "Civitai"
    told = next(
        (name for key in ("app", "generator", "software") if (name := programs.generator_named(pairs.get(key, "")))),
        None,
    )
    if told is None and version:
        told = programs.generator_named(version) or ("Fooocus" if "fooocus" in version.lower() else None)
    if told is None and re.match(r"(?:f\d|neo|classic)", version):
        told = "Stable Diffusion WebUI Forge"
    told = told or AUTOMATIC1111
    return f"{told} with AnimateDiff" if any(key.startswith("animatediff") for key in pairs) else told
