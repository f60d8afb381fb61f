"""What generators write about their own work: PNG text, EXIF comments and the like, in each program's own form.

Only the program's own field in the program's own form counts. The same words in a caption, a title or a comment are
somebody's words. And all of it can be written by anyone, so what is found is *declared*.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..report import Finding, Grade, Meaning
from . import comfyui
from .carriers import Carried
from .exif import Exif
from .untrusted import PROMPT_CHARS, Unreadable, json_object, plain, readable
from .xmp import IPTC_EXT, Packet

FAMILY = "generator_chunks"
Json = dict[str, Any]
Note = Callable[[str], None]
"""Called with a reason for each text that looks like a generator's and cannot be read."""

_INVOKE = ("invokeai_metadata", "invokeai_graph", "invokeai_workflow", "sd-metadata", "Dream")
_STEPS_LINE = re.compile(r"^Steps: \d{1,6}(?:,|$)", re.MULTILINE)
_PAIR = re.compile(r'([A-Za-z][\w \-/+.]{0,60}):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
_A1111_NAMES = {"Sampler", "CFG scale", "Seed", "Size", "Model", "Model hash", "Schedule type"}
_DREAM_OPTIONS = re.compile(r"(?=.*-s ?\d)(?=.*-S ?\d)[-\w .,:]{1,500}")
_PREFIXED = re.compile(r"(prompt|workflow):(?=\s*\{)", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def read(carried: Carried, exif: Exif, xmp: Packet) -> list[Finding]:
    """All that generators left in a still picture."""
    findings = from_texts(carried.texts, carried.note, carrier="PNG text")
    prefixed = [
        (match[1].lower(), value[match.end() :])
        for value in exif.tags.values()
        if isinstance(value, str) and (match := _PREFIXED.match(value))
    ]
    findings += from_texts(prefixed, carried.note, carrier="EXIF")
    if exif.user_comment:
        findings += from_texts([("parameters", exif.user_comment)], carried.note, carrier="EXIF UserComment")
    return findings + _midjourney(dict(reversed(carried.texts)), xmp)


def from_texts(texts: list[tuple[str, str]], note: Note, *, carrier: str) -> list[Finding]:
    """Findings among named texts: PNG keywords, EXIF fields, container tags.

    Parameters
    ----------
    texts
        Name and text; the first of a name counts.
    carrier
        Where they come from, for people.
    """
    named = dict(reversed(texts))
    readers = (_parameters, _comfyui, _invokeai, _novelai)
    found: list[Finding] = []
    for reader in readers:
        try:
            finding = reader(named, carrier)
        except Unreadable as reason:
            note(f"generator data: {reason}")
            continue
        if finding is not None:
            found.append(finding)
    return found


def _finding(generator: str, detail: Json, *, meaning: Meaning = Meaning.GENERATED, carrier: str) -> Finding:
    did = "was made" if meaning is Meaning.GENERATED else "was made from another picture"
    return Finding(
        family=FAMILY,
        grade=Grade.DECLARED,
        meaning=meaning,
        sentence=f"Data that {generator} writes into its pictures is in this file ({carrier}): it says that the "
        f"picture {did} with that AI program. Such data can be copied or forged.",
        generator=generator,
        detail={"carrier": carrier} | {key: value for key, value in detail.items() if value not in (None, "", [], {})},
    )


def _parameters(named: dict[str, str], carrier: str) -> Finding | None:
    """AUTOMATIC1111 and its relatives: ``parameters`` (or the EXIF comment) as text, or JSON (Fooocus, SwarmUI)."""
    text = named.get("parameters", "")
    parsed = json_object(text)
    if parsed is not None:
        return _json_parameters(parsed, text, named, carrier)
    return infotext(text, carrier)


def infotext(text: str, carrier: str) -> Finding | None:
    """The text form: the prompt, ``Negative prompt: …``, and a last line ``Steps: 20, Sampler: …, Seed: …``."""
    lines = list(_STEPS_LINE.finditer(text[: 4 * PROMPT_CHARS]))
    if not lines:
        return None
    line = text[lines[-1].start() :].partition("\n")[0][:PROMPT_CHARS]
    pairs = {key.strip(): value.strip().strip('"') for key, value in _PAIR.findall(line)[:100]}
    if len(_A1111_NAMES & pairs.keys()) < 2:
        return None
    prompt, _, negative = text[: lines[-1].start()].partition("Negative prompt:")
    version = pairs.get("Version", "")
    return _finding(
        _web_ui(version, pairs.get("App", "")),
        {
            "prompt": plain(prompt, PROMPT_CHARS),
            "negative_prompt": plain(negative, PROMPT_CHARS),
            "seed": plain(pairs.get("Seed", ""), 40),
            "sampler": plain(pairs.get("Sampler", ""), 80),
            "scheduler": plain(pairs.get("Schedule type", ""), 80),
            "steps": plain(pairs.get("Steps", ""), 40),
            "cfg_scale": plain(pairs.get("CFG scale", ""), 40),
            "model": plain(pairs.get("Model", ""), 200),
            "version": plain(version, 80),
            "parameters": {plain(key, 80): plain(value, 300) for key, value in list(pairs.items())[:60]},
            "raw": plain(text, PROMPT_CHARS),
        },
        carrier=carrier,
    )


def _web_ui(version: str, app: str) -> str:
    if "fooocus" in version.lower():
        return "Fooocus"
    if version.lower().startswith("comfy"):
        return "ComfyUI"
    if "sd.next" in app.lower():
        return "SD.Next"
    return "Stable Diffusion WebUI Forge" if re.match(r"f\d", version) else "Stable Diffusion web UI (AUTOMATIC1111)"


def _json_parameters(parsed: Json, text: str, named: dict[str, str], carrier: str) -> Finding | None:
    swarm = parsed.get("sui_image_params")
    if isinstance(swarm, dict):
        return _finding("SwarmUI", _common(swarm) | {"raw": plain(text, PROMPT_CHARS)}, carrier=carrier)
    nested = {key: parsed[key] for key in ("prompt", "workflow") if isinstance(parsed.get(key), (dict, str))}
    graph = comfyui.graph_of(parsed)
    if graph or any(comfyui.graph_of(_object(value)) for value in nested.values()):
        return _comfy_finding([parsed] if graph else [_object(value) for value in nested.values()], text, carrier)
    known = {
        "negative_prompt",
        "seed",
        "steps",
        "sampler",
        "base_model",
        "cfg_scale",
        "guidance_scale",
        "guidance",
    } & parsed.keys()
    if isinstance(parsed.get("prompt"), str) and len(known) >= 3:
        scheme = f"{parsed.get('version')} {parsed.get('metadata_scheme')} {named.get('fooocus_scheme')}"
        name = (
            "mflux"
            if "mflux_version" in parsed
            else "Fooocus"
            if "fooocus" in scheme.lower()
            else "a diffusion program"
        )
        return _finding(name, _common(parsed) | {"raw": plain(text, PROMPT_CHARS)}, carrier=carrier)
    return None


def _object(value: object) -> Json | None:
    return value if isinstance(value, dict) else json_object(value) if isinstance(value, str) else None


_NAMES: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt", "positive_prompt", "raw_prompt"),
    "negative_prompt": ("negative_prompt", "negativeprompt", "uc"),
    "seed": ("seed",),
    "sampler": ("sampler", "sampler_name"),
    "scheduler": ("scheduler", "noise_schedule"),
    "steps": ("steps",),
    "cfg_scale": ("cfg_scale", "cfgscale", "guidance_scale", "guidance", "scale"),
    "model": ("model", "base_model", "model_weights", "sd_model"),
    "version": ("app_version", "swarm_version", "mflux_version", "version"),
}


def _common(values: Json) -> Json:
    """The usual fields under whatever name a program gives them, and everything under ``parameters``."""
    told: Json = {}
    for field, names in _NAMES.items():
        value = next((values[name] for name in names if values.get(name) not in (None, "")), None)
        if field == "model" and isinstance(value, dict):
            value = value.get("name") or value.get("model_name")
        told[field] = readable(value, limit=PROMPT_CHARS if "prompt" in field else 200, depth=2)
    prompts = ("prompt", "positive_prompt", "negative_prompt", "uc")
    rest = {key: value for key, value in values.items() if key not in prompts}
    return told | {"parameters": readable(rest, limit=500, depth=3, items=40)}


def _comfyui(named: dict[str, str], carrier: str) -> Finding | None:
    parsed = [json_object(named[key]) for key in ("prompt", "workflow") if key in named]
    text = named.get("prompt") or named.get("workflow") or ""
    return _comfy_finding([entry for entry in parsed if entry], text, carrier)


def _comfy_finding(candidates: list[Any], text: str, carrier: str) -> Finding | None:
    nodes = next((graph for entry in candidates if (graph := comfyui.graph_of(entry))), None)
    if nodes is None:
        return None
    meaning = comfyui.meaning(nodes)
    detail = comfyui.describe(nodes) | {"raw": plain(text, PROMPT_CHARS)}
    if meaning is not None:
        return _finding("ComfyUI", detail, meaning=meaning, carrier=carrier)
    return Finding(
        family=FAMILY,
        grade=Grade.HINT,
        meaning=None,
        sentence=f"A ComfyUI graph is in this file ({carrier}), but one that only loads, cuts or scales pictures.",
        detail={"carrier": carrier} | detail,
    )


def _invokeai(named: dict[str, str], carrier: str) -> Finding | None:
    present = [key for key in _INVOKE if key in named]
    if not present:
        return None
    detail: Json = {}
    for key in present:
        if key == "Dream":
            prompt, quote, options = named[key].rpartition('"')
            if quote and prompt.startswith('"') and _DREAM_OPTIONS.fullmatch(options):
                detail |= {"prompt": plain(prompt[1:], PROMPT_CHARS), "options": plain(options, 500)}
            continue
        parsed = json_object(named[key])
        if parsed is None:
            continue
        if key == "sd-metadata" and isinstance(parsed.get("image"), dict):
            parsed = parsed["image"] | {"app_version": parsed.get("app_version"), "model": parsed.get("model_weights")}
        if key in ("invokeai_graph", "invokeai_workflow"):
            if "nodes" in parsed:
                detail |= {"graph": plain(named[key], PROMPT_CHARS)}
        elif {"seed", "steps", "positive_prompt", "prompt", "generation_mode", "app_version"} & parsed.keys():
            detail |= _common(parsed) | {"raw": plain(named[key], PROMPT_CHARS)}
    return _finding("InvokeAI", detail, carrier=carrier) if detail else None


def _novelai(named: dict[str, str], carrier: str) -> Finding | None:
    if named.get("Software", "").strip() != "NovelAI":
        return None
    return novelai(named, carrier)


def novelai(named: dict[str, Any], carrier: str) -> Finding | None:
    """NovelAI's fields: ``Software``, ``Source`` (the model), ``Description`` (the prompt), ``Comment`` (JSON)."""
    comment = named.get("Comment")
    parsed = _object(comment)
    if parsed is None or not {"prompt", "seed", "steps", "sampler", "uc"} & parsed.keys():
        return None
    detail = _common(parsed)
    source = named.get("Source")
    detail["model"] = plain(source, 200) if isinstance(source, str) else detail.get("model")
    detail["raw"] = plain(comment, PROMPT_CHARS) if isinstance(comment, str) else readable(comment)
    return _finding("NovelAI", detail, carrier=carrier)


def _midjourney(named: dict[str, str], xmp: Packet) -> list[Finding]:
    """Midjourney: prompt and job number as ``Description``, and beside it ``Author`` or the same number in XMP."""
    prompt, found, job = named.get("Description", "").rpartition("Job ID: ")
    job = job.strip()
    if not found or not _UUID.fullmatch(job):
        return []
    guid = xmp.first(IPTC_EXT, "DigImageGUID")
    if not named.get("Author", "").strip() and guid.lower() != job.lower():
        return []
    version = re.search(r"--(v|niji) ([\w.]{1,10})", prompt)
    detail = {
        "prompt": plain(prompt.rstrip(), PROMPT_CHARS),
        "job": job,
        "author": plain(named.get("Author", ""), 200),
        "created": plain(named.get("Creation Time", ""), 80),
        "version": f"{version[1]} {version[2]}" if version else None,
        "raw": plain(named["Description"], PROMPT_CHARS),
    }
    return [_finding("Midjourney", detail, carrier="PNG text")]
