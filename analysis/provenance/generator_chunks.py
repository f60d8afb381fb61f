"""What generators write about their own work: PNG text, EXIF comments and the like, in each program's own form.

Only the program's own field in the program's own form counts. The same words in a caption, a title or a comment are
somebody's words. And all of it can be written by anyone, so what is found is *declared*.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..report import Finding, Grade, Meaning
from . import comfyui, generation_settings, infotext, programs
from .carriers import Carried
from .exif import Exif
from .generation_settings import UNNAMED
from .generator_words import FAMILY, OF_PEOPLE, by_program, moved
from .untrusted import FIELD_CHARS, PROMPT_CHARS, Unreadable, json_object, json_or_none, plain, readable
from .xmp import EXIF, IPTC_EXT, XMP, Packet

Json = dict[str, Any]
Note = Callable[[str], None]
"""Called with a reason for each text that looks like a generator's and cannot be read."""

_SOFTWARE = 0x0131
_INVOKE = ("invokeai_metadata", "invokeai_graph", "invokeai_workflow", "sd-metadata", "Dream")
_ASKED_ELSEWHERE = {"parameters", "prompt", "workflow", *_INVOKE}
_BY_KEYWORD = {
    "nmkdiffusers": "NMKD Stable Diffusion GUI", "generationinfo": "NMKD Stable Diffusion GUI",
    "generationinfojson": "NMKD Stable Diffusion GUI", "parameters-json": "Stability Matrix",
    "smproj": "Stability Matrix", "generation_data": "Tensor.Art",
}  # fmt: skip
_DREAM = re.compile(r'^"(?P<quoted>.*?)"(?=\s+-{1,2}[A-Za-z])|^(?P<bare>[^"].*?)(?=\s-{1,2}[A-Za-z])', re.DOTALL)
_DREAM_NEEDS = tuple(re.compile(rf"(?:^|\s)-{option} ?\d{{1,20}}(?:\s|$)") for option in "sS")
_PREFIXED = re.compile(r"(prompt|workflow):(?=\s*\{)", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def read(carried: Carried, exif: Exif, xmp: Packet, iptc: dict[str, list[str]]) -> list[Finding]:
    """All that generators left in a still picture."""
    pngs = dict(reversed(carried.texts))
    software = exif.text(_SOFTWARE) or pngs.get("Software", "") or xmp.first(XMP, "CreatorTool")
    findings = from_texts(carried.texts, carried.note, carrier="PNG text", software=software)
    prefixed = [
        (match[1].lower(), value[match.end() :])
        for value in exif.tags.values()
        if isinstance(value, str) and (match := _PREFIXED.match(value))
    ]
    findings += from_texts(prefixed, carried.note, carrier="EXIF")
    comments = [("EXIF UserComment", exif.user_comment)]
    comments += [
        (carrier, text)
        for carrier, text in carried.comments
        if carrier != "JPEG comment" or text.lstrip().startswith("{")  # converters put text there, one program its JSON
    ]
    if software.startswith("Draw Things"):
        comments += [("XMP exif:UserComment", text) for text in xmp.values(EXIF, "UserComment")[:4]]
    for carrier, text in comments:
        if text:
            findings += from_texts([("parameters", text)], carried.note, carrier=carrier, software=software)
    findings += _midjourney(pngs, xmp)
    named = {finding.generator for finding in findings}
    findings += [
        _finding(name, detail, carrier=carrier)
        for name, carrier, detail in by_program(exif, xmp, iptc, pngs)
        if name not in named
    ]
    return findings or moved(carried, exif, xmp, iptc)


def from_texts(texts: list[tuple[str, str]], note: Note, *, carrier: str, software: str = "") -> list[Finding]:
    """Findings among named texts: PNG keywords, EXIF fields, container tags.

    Parameters
    ----------
    texts
        Name and text; the first of a name counts.
    carrier
        Where they come from, for people.
    software
        What the file names as the program that wrote it: relatives that write the same text are told by it.
    """
    named = dict(reversed(texts))
    readers = (_parameters, _comfyui, _invokeai, _novelai, _settings)
    found: list[Finding] = []
    for reader in readers:
        try:
            finding = reader(named, carrier, software)
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
        detail={"carrier": carrier} | _filled(detail),
    )


def _filled(detail: Json) -> Json:
    return {key: value for key, value in detail.items() if value not in (None, "", [], {})}


def _parameters(named: dict[str, str], carrier: str, software: str) -> Finding | None:
    """AUTOMATIC1111 and its relatives: ``parameters`` (or a comment) as text, or JSON (Fooocus, SwarmUI and others)."""
    text = named.get("parameters", "")
    parsed = json_object(text)
    if parsed is not None:
        return _json_parameters(parsed, text, named, carrier, software)
    told = infotext.parse_infotext(text)
    return _finding(_whose(told[0], named, software), told[1], carrier=carrier) if told else None


def _whose(told: str, named: dict[str, str], software: str) -> str:
    """The program: what it is called where programs put their name, where the text itself could be several'."""
    by_software = programs.generator_named(software)
    if by_software is not None and by_software.startswith("AI Horde"):
        return by_software
    if told not in (UNNAMED, infotext.AUTOMATIC1111):
        return told
    by_keyword = next((name for key, name in _BY_KEYWORD.items() if key in {k.lower() for k in named}), None)
    by_scheme = "Fooocus" if "fooocus_scheme" in named else None
    return by_software or by_keyword or by_scheme or told


def _json_parameters(parsed: Json, text: str, named: dict[str, str], carrier: str, software: str) -> Finding | None:
    raw = {"raw": plain(text, PROMPT_CHARS)}
    swarm = parsed.get("sui_image_params")
    if isinstance(swarm, dict):
        return _finding("SwarmUI", generation_settings.fields(swarm) | raw, carrier=carrier)
    candidates = [parsed] if comfyui.graph_of(parsed) else [_object(parsed.get(key)) for key in ("prompt", "workflow")]
    if any(map(comfyui.graph_of, candidates)):
        name = "Civitai (ComfyUI)" if "extraMetadata" in parsed else "ComfyUI"
        return _comfy_finding(candidates, text, carrier, name)
    told = generation_settings.recognize(parsed)
    return _finding(_whose(told[0], named, software), told[1] | raw, carrier=carrier) if told else None


def _object(value: object) -> Json | None:
    return value if isinstance(value, dict) else json_or_none(value) if isinstance(value, str) else None


def _settings(named: dict[str, str], carrier: str, software: str) -> Finding | None:
    """Settings under a keyword of a program's own (``Comment``, ``generation_data`` …), or one keyword a field."""
    for key, text in named.items():
        parsed = None if key in _ASKED_ELSEWHERE or key.lower() in OF_PEOPLE else json_or_none(text)
        told = generation_settings.recognize(parsed) if parsed is not None else None
        if told is not None and not _is_novelai(named):
            program = _whose(told[0], {key: text}, software)
            return _finding(
                program, told[1] | {"raw": plain(text, PROMPT_CHARS)}, carrier=f"{carrier} “{plain(key, 40)}”"
            )
    told = generation_settings.recognize(
        {key: text for key, text in named.items() if json_or_none(text) is None}  # a prompt may begin with a brace
    )
    return _finding(_whose(told[0], named, software), told[1], carrier=carrier) if told else None


def _comfyui(named: dict[str, str], carrier: str, _software: str) -> Finding | None:
    keys = [key for key in ("prompt", "workflow") if key in named]
    parsed = [json_object(named[key]) for key in keys]
    return _comfy_finding([entry for entry in parsed if entry], named[keys[0]], carrier) if keys else None


def _comfy_finding(candidates: list[Any], text: str, carrier: str, name: str = "ComfyUI") -> Finding | None:
    nodes = next((graph for entry in candidates if (graph := comfyui.graph_of(entry))), None)
    if nodes is None:
        return None
    meaning = comfyui.meaning(nodes)
    detail = comfyui.describe_workflow(nodes) | {"raw": plain(text, PROMPT_CHARS)}
    if meaning is not None:
        return _finding(name, detail, meaning=meaning, carrier=carrier)
    return Finding(
        family=FAMILY,
        grade=Grade.HINT,
        meaning=None,
        sentence=f"A ComfyUI graph is in this file ({carrier}), but one that only loads a picture and cuts, scales or "
        "writes on it: nothing in it makes or redraws one.",
        detail={"carrier": carrier} | detail,
    )


def _invokeai(named: dict[str, str], carrier: str, _software: str) -> Finding | None:
    present = [key for key in _INVOKE if key in named]
    if not present:
        return None
    detail: Json = {}
    for key in present:
        if key == "Dream":
            detail |= _dream(named[key])
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
            detail |= generation_settings.fields(parsed) | {"raw": plain(named[key], PROMPT_CHARS)}
    return _finding("InvokeAI", detail, carrier=carrier) if detail else None


def _dream(text: str) -> Json:
    """The command line of InvokeAI's ancestor: the prompt, then options, steps and seed among them."""
    found = _DREAM.match(text.strip())
    options = text.strip()[found.end() :].strip() if found else ""
    if found is None or len(options) > FIELD_CHARS or not all(needed.search(options) for needed in _DREAM_NEEDS):
        return {}
    return {"prompt": plain(found["quoted"] or found["bare"], PROMPT_CHARS), "options": plain(options, 500)}


def _is_novelai(named: dict[str, Any]) -> bool:
    return str(named.get("Software", "")).strip() == "NovelAI"


def _novelai(named: dict[str, str], carrier: str, _software: str) -> Finding | None:
    return novelai(named, carrier) if _is_novelai(named) else None


def novelai(named: dict[str, Any], carrier: str) -> Finding | None:
    """NovelAI's fields: ``Software``, ``Source`` (the model), ``Description`` (the prompt), ``Comment`` (JSON)."""
    comment = named.get("Comment")
    parsed = json_object(comment) if isinstance(comment, str) else comment if isinstance(comment, dict) else None
    if parsed is None or not {"prompt", "seed", "steps", "sampler", "uc"} & parsed.keys():
        return None
    detail = generation_settings.fields(parsed)
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
