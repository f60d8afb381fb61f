"""What speaks for a camera, and what the file went through since. All of it can be copied, so it only supports.

A hint with the meaning "captured" is never a veto: it raises nothing, lowers nothing and decides nothing.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..media.frames import Media
from ..report import Finding, Grade, Meaning
from . import thumbnails
from .carriers import Carried
from .exif import Exif
from .untrusted import plain
from .xmp import XMP, XMP_MM, Packet

FAMILY = "camera"

_MAKE, _MODEL, _SOFTWARE, _MODIFIED = 0x010F, 0x0110, 0x0131, 0x0132
_CAPTURED_AT, _OFFSET, _LENS_MAKE, _LENS = 0x9003, 0x9011, 0xA433, 0xA434
_EXPOSURE = {
    "exposure_time": 0x829A, "f_number": 0x829D, "iso": 0x8827, "focal_length": 0x920A, "focal_length_35mm": 0xA405,
    "exposure_bias": 0x9204, "flash": 0x9209,
}  # fmt: skip
_NEEDED = ("exposure_time", "f_number", "iso", "focal_length")
_EVENT_AGENT = ("http://ns.adobe.com/xap/1.0/sType/ResourceEvent#", "softwareAgent")
_AUX_LENS = ("http://ns.adobe.com/exif/1.0/aux/", "Lens")

# Programs that change pictures, by the name they leave in Software or CreatorTool.
_EDITORS = re.compile(
    r"photoshop|lightroom|camera raw|gimp|affinity|pixelmator|capture one|darktable|rawtherapee|snapseed|picsart|canva|"
    r"paint\.net|paint shop|facetune|vsco|luminar|topaz|photoscape|polarr|fotor|photopea|krita|inkscape|acdsee|"
    r"photo editor|photoroom|remini|faceapp|meitu|microsoft (?:windows photo|paint)|google photos|picasa",
    re.IGNORECASE,
)
_MESSENGERS = re.compile(r"whatsapp|telegram|instagram|facebook|messenger|wechat|snapchat|signal|viber", re.IGNORECASE)
_SIDE = 32
_SAME, _OTHER = 0.8, 0.4


def read(media: Media, carried: Carried, exif: Exif, xmp: Packet, iptc: dict[str, list[str]]) -> list[Finding]:
    """At most one finding: camera evidence (meaning captured), or only what the file went through (no meaning)."""
    detail = _detail(media, carried, exif, xmp)
    camera = bool(detail.get("make") and detail.get("model")) and (
        exif.maker_note > 0 or sum(key in detail.get("exposure", {}) for key in _NEEDED) >= 2
    )
    handled = _handled_by(exif, xmp, iptc)
    if not camera and not handled:
        return []
    if handled:
        detail["handled_by"] = handled
    parts = []
    if camera:
        what = ["exposure settings"] * bool(detail.get("exposure")) + ["a maker note"] * (exif.maker_note > 0)
        parts.append(
            f"The file carries what a camera writes: {_device(detail)}, {' and '.join(what)}. "
            "This supports a photograph, but it can be copied from one."
        )
    if detail.get("thumbnail") == "differs":
        parts.append("The small preview inside the file shows another picture than the file: it was changed since.")
    if handled:
        parts.append(f"Since then it went through {', '.join(handled[:3])}." if camera else _went_through(handled))
    tables = detail.get("tables", "")
    if _EDITORS.search(tables) or _MESSENGERS.search(tables):
        parts.append(f"Its JPEG tables are ones that {tables.partition(' (')[0]} writes.")
    return [
        Finding(
            family=FAMILY,
            grade=Grade.HINT,
            meaning=Meaning.CAPTURED if camera else None,
            sentence=" ".join(parts),
            detail=detail,
        )
    ]


def _device(detail: dict[str, Any]) -> str:
    make, model = detail["make"], detail["model"]
    return model if model.lower().startswith(make.lower().split()[0]) else f"{make} {model}"


def _went_through(handled: list[str]) -> str:
    return f"The file says that it was handled with {', '.join(handled[:3])}. That says nothing about AI."


def _detail(media: Media, carried: Carried, exif: Exif, xmp: Packet) -> dict[str, Any]:
    lens = exif.text(_LENS) or next((p.value for p in xmp.properties if p.path == (_AUX_LENS,)), "")
    exposure = {name: value for name, tag in _EXPOSURE.items() if (value := _number(exif, tag)) is not None}
    history = xmp.inside(XMP_MM, "History", _EVENT_AGENT)
    detail: dict[str, Any] = {
        "make": plain(exif.text(_MAKE), 80),
        "model": plain(exif.text(_MODEL), 80),
        "lens": plain(" ".join(filter(None, (exif.text(_LENS_MAKE), lens))), 120),
        "exposure": exposure,
        "maker_note_bytes": exif.maker_note,
        "captured_at": plain(f"{exif.text(_CAPTURED_AT)} {exif.text(_OFFSET)}".strip(), 40),
        "modified_at": plain(exif.text(_MODIFIED), 40),
        "software": plain(exif.text(_SOFTWARE), 120),
        "creator_tool": plain(xmp.first(XMP, "CreatorTool"), 120),
        "history": [plain(agent, 120) for agent in dict.fromkeys(history)][:20],
        "extra_images": carried.extra_images,
        "thumbnail": _thumbnail(media, exif),
        "tables": media.facts.jpeg.tables if media.facts.jpeg else None,
    }
    if detail["tables"] and detail["make"]:
        detail["tables_name_the_maker"] = detail["make"].lower().split()[0] in detail["tables"].lower()
    told = {name: value for name, value in detail.items() if value not in ("", None, 0, [], {}, False)}
    return told | {"gps": exif.gps or xmp.gps}  # that there is a position, never which


def _number(exif: Exif, tag: int) -> float | None:
    value = exif.number(tag)
    if value is None or not np.isfinite(value):
        return None
    return value if isinstance(value, int) else round(value, 6)


def _handled_by(exif: Exif, xmp: Packet, iptc: dict[str, list[str]]) -> list[str]:
    """Editors and messengers that left their name, in the order found."""
    named = [exif.text(_SOFTWARE), xmp.first(XMP, "CreatorTool"), *xmp.inside(XMP_MM, "History", _EVENT_AGENT)[:200]]
    named += iptc.get("OriginatingProgram", [])
    found = [plain(name, 60) for name in named if _EDITORS.search(name) or _MESSENGERS.search(name)]
    if any(note.startswith("FBMD") for note in iptc.get("SpecialInstructions", [])):
        found.append("Facebook or Instagram")  # their tag in the special instructions
    return list(dict.fromkeys(found))[:10]


def _thumbnail(media: Media, exif: Exif) -> str | None:
    """Whether the preview inside the EXIF block shows the picture: ``matches``, ``differs``, ``unclear``."""
    if not exif.thumbnail:
        return None
    decoded = thumbnails.decode_thumbnail(exif.thumbnail, side=4 * _SIDE)
    if decoded is None:
        return "unreadable"
    small = decoded.convert("L")
    picture = Image.fromarray(media.frame.planes.grey)
    likeness = max(_likeness(turned, picture) for turned in _turned(small))
    return "matches" if likeness >= _SAME else "differs" if likeness < _OTHER else "unclear"


def _turned(image: Image.Image) -> list[Image.Image]:
    """The thumbnail as stored, and turned: writers disagree whether it follows the orientation."""
    turns = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    return [image, *(image.transpose(turn) for turn in turns)]


def _likeness(thumbnail: Image.Image, picture: Image.Image) -> float:
    """Pearson correlation of both at 32 × 32; bars beside the thumbnail's picture are cut off, flat pictures give 1."""
    shape = picture.width / picture.height
    width, height = min(thumbnail.width, thumbnail.height * shape), min(thumbnail.height, thumbnail.width / shape)
    left, top = (thumbnail.width - width) / 2, (thumbnail.height - height) / 2
    best = -1.0
    for box in ((left, top, left + width, top + height), (0.0, 0.0, float(thumbnail.width), float(thumbnail.height))):
        one = _values(thumbnail.resize((_SIDE, _SIDE), Image.Resampling.BOX, box=box))
        other = _values(picture.resize((_SIDE, _SIDE), Image.Resampling.BOX))
        if one.std() < 2 or other.std() < 2:
            return 1.0 if abs(one.mean() - other.mean()) < 16 else 0.0
        best = max(best, float(np.corrcoef(one, other)[0, 1]))
    return best


def _values(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image, np.float64).reshape(-1)
