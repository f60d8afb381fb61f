"""Tags of video containers: MP4 and MOV boxes, Matroska and WebM elements, AVI lists.

An encoder's name (``Lavf``, ``Lavc``) is in every file that FFmpeg has ever copied and is evidence of nothing.

References
----------
.. [1] ISO/IEC 14496-12 (ISO base media file format); Apple, QuickTime File Format, "Metadata".
.. [2] RFC 8794 (EBML), RFC 9559 (Matroska), 5.1.8 (Tags).
.. [3] TC260-PG-20257A (2025), where the label lies in video files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..report import Finding, Grade, Meaning
from . import generator_chunks, infotext, source_type, tc260, xmp
from .boxes import read_matroska, read_mp4
from .carriers import riff_chunks
from .untrusted import Unreadable, plain
from .xmp import IPTC_EXT, Packet

FAMILY = "container"

_MAX_AVI_TEXT = 1024 * 1024
_TAG_NAMES = {  # the same field under the names that containers give it
    "make": ("com.apple.quicktime.make", "\xa9mak", "make", "manufacturer"),
    "model": ("com.apple.quicktime.model", "\xa9mod", "model"),
    "software": ("com.apple.quicktime.software", "\xa9swr", "software", "com.android.version"),
    "encoder": ("encoder", "\xa9too", "isft", "writingapp", "muxingapp"),
    "created": ("com.apple.quicktime.creationdate", "\xa9day", "creation_time", "date", "dateutc"),
    "title": ("title", "\xa9nam", "com.apple.quicktime.title"),
    "comment": ("comment", "\xa9cmt", "com.apple.quicktime.comment", "description", "desc", "icmt"),
}
_POSITION = re.compile(r"location|\xa9xyz|gps|^loci$", re.IGNORECASE)


@dataclass
class Tags:
    """What a container carries in words: name and text in file order, XMP packets."""

    container: str = ""
    tags: list[tuple[str, str]] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    unreadable: dict[str, int] = field(default_factory=dict)

    def note(self, reason: str) -> None:
        """Remember that something could not be read."""
        self.unreadable[reason] = self.unreadable.get(reason, 0) + 1


def tags_of(data: bytes) -> Tags:
    """Walk a video's container; an unknown one carries nothing."""
    found = Tags()
    try:
        if data[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"):
            found.container = "mp4"
            found.tags, found.xmp = read_mp4(data, found.note)
        elif data[:4] == b"\x1a\x45\xdf\xa3":
            found.container = "matroska"
            found.tags = read_matroska(data, found.note)
        elif data[:4] == b"RIFF" and data[8:12] == b"AVI ":
            found.container = "avi"
            found.tags = _avi_tags(data)
    except Unreadable as reason:
        found.note(str(reason))
    return found


def _avi_tags(data: bytes) -> list[tuple[str, str]]:
    """The ``INFO`` lists of an AVI: four letters and a text each."""
    found = []
    for name, start, end in riff_chunks(data, 12, 8 + int.from_bytes(data[4:8], "little")):
        if name == b"LIST" and data[start : start + 4] == b"INFO":
            for tag, at, stop in riff_chunks(data, start + 4, end):
                text = data[at : min(stop, at + _MAX_AVI_TEXT)].rstrip(b"\x00")
                found.append((tag.decode("latin-1"), text.decode("utf-8", "replace")))
    return found


def read(data: bytes) -> tuple[list[Finding], dict[str, int]]:
    """Every finding of a video's container, and what could not be read.

    Parameters
    ----------
    data
        The whole file: MP4, MOV, M4V, MKV, WebM or AVI.
    """
    found = tags_of(data)
    findings: list[Finding] = []
    for name, text in found.tags:
        if name.upper() == "AIGC" or (name == "" and text.startswith("{")):  # Apple's list may leave the name out [3]_
            try:
                label = tc260.read(text, family=FAMILY, carrier=f"{found.container} tag")
            except Unreadable as reason:
                found.note(str(reason))
                continue
            findings += [label] if label is not None else []
    findings += generator_chunks.from_texts(_generator_texts(found.tags), found.note, carrier=f"{found.container} tag")
    findings += _declared_in_xmp(found)
    findings += _recorded(found.tags, found.container)
    return findings, found.unreadable


def _generator_texts(tags: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Generators use names of their own, which FFmpeg writes in capitals, or the comment: JSON or infotext."""
    own = {name.lower(): name for name in ("parameters", "prompt", "workflow", "sd-metadata", "Dream")}
    comments = _TAG_NAMES["comment"]
    named = [
        (own.get(name.lower(), name.lower()), text)
        for name, text in tags
        if name.lower() in own or (text.lstrip().startswith("{") and name.lower() not in comments)
    ]
    commented = [text for name, text in tags if name.lower() in comments]
    telling = [text for text in commented if text.lstrip().startswith("{") or infotext.parse_infotext(text)]
    return named + [("parameters", text) for text in telling if "parameters" not in dict(named)]


def _declared_in_xmp(found: Tags) -> list[Finding]:
    properties = []
    for packet in found.xmp:
        try:
            properties += xmp.parse_xmp(packet)
        except Unreadable as reason:
            found.note(str(reason))
    packet_ = Packet(properties)
    codes = {code for value in packet_.values(IPTC_EXT, "DigitalSourceType") if (code := source_type.code(value))}
    for code, meaning in source_type.MEANINGS.items():
        if code in codes:
            return [
                Finding(
                    family=FAMILY,
                    grade=Grade.DECLARED,
                    meaning=meaning,
                    sentence=f"The video's metadata declares the source type “{code}”: {source_type.LABELS[code]}. "
                    "Metadata can be written by anyone.",
                    generator=plain(packet_.first(IPTC_EXT, "AISystemUsed"), 120) or None,
                    detail={"field": "Iptc4xmpExt:DigitalSourceType", "source_type": code, "xmp": packet_.shown(40)},
                )
            ]
    return []


def _recorded(tags: list[tuple[str, str]], container: str) -> list[Finding]:
    """What the container says of the recording device and of itself; a maker and a model speak for a camera."""
    lower: dict[str, str] = {}
    for name, text in tags:
        lower.setdefault(name.lower(), text)
    detail: dict[str, Any] = {
        field_name: plain(text, 500)
        for field_name, names in _TAG_NAMES.items()
        if (text := next((lower[name] for name in names if lower.get(name)), ""))
    }
    has_position = any(_POSITION.search(name) for name in lower)
    if not detail and not has_position:
        return []
    device = " ".join(detail[name] for name in ("make", "model") if name in detail)
    captured = "make" in detail and "model" in detail
    sentence = (
        f"The video's container names the device that recorded it: {device}. This can be copied or forged."
        if captured
        else "The video's container carries a few tags that decide nothing."
    )
    detail |= {"container": container, "gps": has_position}
    detail["tags"] = {
        plain(name, 80): plain(text, 500) for name, text in tags[:60] if name and not _POSITION.search(name)
    }
    return [
        Finding(
            family=FAMILY,
            grade=Grade.HINT,
            meaning=Meaning.CAPTURED if captured else None,
            sentence=sentence,
            detail=detail,
        )
    ]
