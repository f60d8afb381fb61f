"""Metadata of a JPEG file: its segments, its comments, and the trailer of Samsung phones.

References
----------
.. [1] ITU-T T.81, annex B (markers); CIPA DC-008 (EXIF in APP1); XMP Specification Part 3 (2020), 1.1.3.
"""

from __future__ import annotations

import struct

from ..media.jpeg_header import MARKER_IN_SCAN, Segments
from ..media.samsung_trailer import Trailer, find_trailer
from .carried import MAX_STEPS, MAX_TEXT_BYTES, SAMSUNG_EDITS, XMP_IN_APP1, Carried, iptc_resources

_MAX_EXTENDED_XMP = 1024 * 1024
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\x00"
_PHOTOSHOP = b"Photoshop 3.0\x00"


def read_segments(data: bytes, segments: Segments, found: Carried) -> None:
    """Collect what stands in the segments before the first scan, and the trailer."""
    exif: list[list[bytes]] = []
    photoshop: list[bytes] = []
    extended: dict[bytes, list[tuple[int, int, bytes]]] = {}
    for segment in segments.found[: segments.unbroken]:
        marker, body = segment.marker, segment.body(data)
        if marker == 0xE1 and body.startswith(b"Exif\x00"):
            if not exif or body[6:8] in (b"II", b"MM"):
                exif.append([])
            exif[-1].append(body[6:])  # a block over 64 kB goes on in the next segment, without a header
        elif marker == 0xE1 and body.startswith(XMP_IN_APP1):
            found.add(found.xmp, body[len(XMP_IN_APP1) :])
        elif marker == 0xE1 and body.startswith(_EXTENDED_XMP) and len(body) >= 75:
            guid, (size, offset) = body[35:67], struct.unpack(">II", body[67:75])
            extended.setdefault(guid, []).append((offset, size, body[75:]))
        elif marker == 0xED and body.startswith(_PHOTOSHOP):
            photoshop.append(body[len(_PHOTOSHOP) :])
        elif marker == 0xFE:
            found.comment("JPEG comment", body)
        found.extra_images |= marker == 0xE2 and body.startswith(b"MPF\x00")
    for kind, blocks in ((found.exif, map(b"".join, exif)), (found.iptc, iptc_resources(b"".join(photoshop)))):
        for block in blocks:
            found.add(kind, block)
    for guid, parts in extended.items():
        _join_extended_xmp(guid, sorted(parts), found)
    trailer = find_trailer(data)
    if trailer is not None:
        _read_samsung_trailer(data, trailer, segments.scan.end if segments.scan else len(data), found)
    if segments.too_many:
        found.note("more segments than are read")


def _join_extended_xmp(guid: bytes, parts: list[tuple[int, int, bytes]], found: Carried) -> None:
    size = parts[0][1]
    if size > _MAX_EXTENDED_XMP or not any(guid in packet for packet in found.xmp):
        return  # depth maps and gain maps fill megabytes; an extension that no packet names is not part of it
    joined = bytearray()
    for offset, _, part in parts:
        if offset != len(joined):
            return
        joined += part
    if len(joined) == size:
        found.add(found.xmp, bytes(joined))


def _read_samsung_trailer(data: bytes, trailer: Trailer, scan: int, found: Carried) -> None:
    """The named blocks of the trailer, as far as they lie behind the end of the picture."""
    end = _end_of_jpeg(data, scan)
    for kind, start, size in trailer.blocks:
        block = data[start : start + size] if end <= start < trailer.directory else b""
        if len(block) < 8 or struct.unpack("<H", block[2:4])[0] != kind:
            continue
        name_end = 8 + int.from_bytes(block[4:8], "little")
        name = block[8:name_end].decode("latin-1")
        if name_end <= 8 + 64:
            found.trailer[name] = block[name_end:][:MAX_TEXT_BYTES] if name == SAMSUNG_EDITS else b""


def _end_of_jpeg(data: bytes, at: int) -> int:
    """Offset behind the end-of-image marker; ``at`` is where the first scan's data begins."""
    for _ in range(MAX_STEPS):
        marker = MARKER_IN_SCAN.search(data, at)
        if marker is None:
            break
        at = marker.end()
        if data[at - 1] == 0xD9:
            return at
        at += max(int.from_bytes(data[at : at + 2], "big"), 2)
    return len(data)
