"""Generators named where programs put their name, and generators' own words in fields that are not theirs.

The first is a declaration. The second is a hint: converters move a generator's text to a comment or a description, and
people copy it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..report import Finding, Grade
from . import comfyui, generation_settings, infotext, programs
from .carriers import Carried
from .exif import Exif
from .untrusted import PROMPT_CHARS, json_or_none, plain
from .xmp import DC, EXIF, XMP, Packet

FAMILY = "generator_chunks"
Json = dict[str, Any]

# PNG keywords that people fill in, beside those of programs.
OF_PEOPLE = {
    "title", "author", "description", "copyright", "creation time", "software", "disclaimer", "warning", "source",
}  # fmt: skip
_SOFTWARE = 0x0131
_TEXTS_OF_EXIF = {0x010E: "EXIF ImageDescription", 0x010D: "EXIF DocumentName"}
_TEXTS_OF_WINDOWS = {
    0x9C9B: "EXIF XPTitle",
    0x9C9C: "EXIF XPComment",
    0x9C9E: "EXIF XPKeywords",
    0x9C9F: "EXIF XPSubject",
}
_MOST_HINTS = 5
_PAIR = re.compile(r"\s*([A-Z][\w ]{0,40}):\s*([^;]*)(?:;|$)")
_LINE = re.compile(r"^([A-Z][\w ]{0,40}): (.*)$", re.MULTILINE)
_CAPTION = {
    "Include in Image": "prompt", "Exclude from Image": "negative_prompt", "Model": "model", "Steps": "steps",
    "Guidance Scale": "cfg_scale", "Seed": "seed", "Scheduler": "scheduler", "Size": "size",
}  # fmt: skip


def by_program(
    exif: Exif, xmp: Packet, iptc: dict[str, list[str]], pngs: dict[str, str]
) -> Iterator[tuple[str, str, Json]]:
    """Each generator that a program's field names: its name, the field, and what stands beside it."""
    program = next(iter(iptc.get("OriginatingProgram", [])), "")
    fields = {
        "IPTC OriginatingProgram": program,
        "EXIF Software": exif.text(_SOFTWARE),
        "xmp:CreatorTool": xmp.first(XMP, "CreatorTool"),
        "PNG Software": pngs.get("Software", ""),
    }
    seen = set()
    for field, value in fields.items():
        name = programs.generator_named(value)
        if name in (None, "ComfyUI") or name in seen:
            continue  # what ComfyUI did its graph says: it also cuts out and scales photographs
        seen.add(name)
        caption = next(iter(iptc.get("Caption", [])), "") or xmp.first(DC, "description")
        detail: Json = {"field": field, "software": plain(value, 200), "raw": plain(caption, PROMPT_CHARS)}
        if program:
            detail["version"] = plain(next(iter(iptc.get("ProgramVersion", [])), ""), 80)
        yield name, field, detail | _captioned(caption)


def _captioned(caption: str) -> Json:
    """The fields of a caption that lists them, as apps for the Mac write it: ``Seed: 5; Steps: 20; …``, or by lines."""
    caption = caption[:PROMPT_CHARS]
    pair = _LINE if caption.startswith("Metadata Version:") else _PAIR
    pairs = dict(pair.findall(caption)[:60])
    if not {"Seed", "Steps"} <= pairs.keys():
        return {}
    told = {field: plain(pairs[name], PROMPT_CHARS) for name, field in _CAPTION.items() if pairs.get(name)}
    return told | {"parameters": {plain(name, 80): plain(value, 300) for name, value in pairs.items()}}


def moved(carried: Carried, exif: Exif, xmp: Packet, iptc: dict[str, list[str]]) -> list[Finding]:
    """A hint for each text of a generator in a field that is not the generator's."""
    found: dict[str, Finding] = {}
    for carrier, text in _fields_of_people(carried, exif, xmp, iptc):
        told = _told(text)
        if told is None or told[0] in found or len(found) >= _MOST_HINTS:
            continue
        name, detail = told
        found[name] = Finding(
            family=FAMILY,
            grade=Grade.HINT,
            meaning=None,
            sentence=f"Text in the form that {name} writes is in this file, but in a field for people's words "
            f"({carrier}): a converter may have moved it there, or somebody copied it. It hints at that AI program and "
            "decides nothing.",
            generator=name,
            detail={"carrier": carrier} | {k: v for k, v in detail.items() if v not in (None, "", [], {})},
        )
    return list(found.values())


def _fields_of_people(
    carried: Carried, exif: Exif, xmp: Packet, iptc: dict[str, list[str]]
) -> Iterator[tuple[str, str]]:
    yield from carried.comments
    for tag, name in _TEXTS_OF_EXIF.items():
        yield name, exif.text(tag)
    for tag, name in _TEXTS_OF_WINDOWS.items():
        yield name, exif.block(tag).decode("utf-16-le", "replace").strip("\x00 ")
    for text in xmp.values(EXIF, "UserComment")[:4]:
        yield "XMP exif:UserComment", text
    for text in xmp.values(DC, "description")[:4]:
        yield "XMP dc:description", text
    for text in iptc.get("Caption", [])[:4]:
        yield "IPTC caption", text
    for name, text in carried.texts:
        if name.lower() in OF_PEOPLE or name.lower() in ("comment", "parameters"):
            yield f"PNG {plain(name, 40)}", text


def _told(text: str) -> tuple[str, Json] | None:
    raw = {"raw": plain(text, PROMPT_CHARS)}
    parsed = json_or_none(text)
    if parsed is not None:
        nodes = comfyui.graph_of(parsed)
        return ("ComfyUI", comfyui.describe_workflow(nodes) | raw) if nodes else generation_settings.recognize(parsed)
    captioned = _captioned(text)
    named = programs.generator_named(captioned["parameters"].get("Generator", "")) if captioned else None
    return (named, captioned | raw) if named else infotext.parse_infotext(text)
