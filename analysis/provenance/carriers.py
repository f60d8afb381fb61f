"""Where still formats keep metadata: JPEG segments, PNG chunks, RIFF chunks, GIF blocks, TIFF tags, HEIF items.

Structure is walked by its own lengths, never searched: what is appended after the end of the picture, written into a
comment or hidden in pixel data is not metadata and is not seen. Every walk has a limit on steps and on bytes kept.

References
----------
.. [1] RFC 9649 (WebP). CompuServe, GIF89a (1990), 24 to 26; XMP Specification Part 3 (2020), 1.1.2 (XMP in GIF).
.. [2] ISO/IEC 18181-2 (JPEG XL, boxes); ISO/IEC 15444-2, annex M (JP2, boxes).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..media import heif_boxes, jpeg_header, raw_files
from ..media.jpeg_header import Segments
from ..media.sniff import sniff
from .carried import MAX_STEPS, MAX_TEXT_BYTES, SAMSUNG_EDITS, XMP_IN_APP1, Carried, iptc_resources
from .carriers_jpeg import read_segments
from .carriers_png import PNG, walk_png
from .untrusted import Unreadable

__all__ = ["SAMSUNG_EDITS", "Carried", "carried", "iptc_resources", "riff_chunks"]

_XMP_TRAILER = 258  # bytes that make XMP in a GIF pass for sub-blocks
_JP2_EXIF = b"JpgTiffExif->JP2"
_JP2_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_JP2_IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")


def carried(data: bytes, segments: Segments | None = None) -> Carried:
    """Walk a still picture's container; an unknown container carries nothing.

    The ``segments`` of a JPEG are walked here only where they are not given.
    """
    found = Carried()
    try:
        if data.startswith(b"\xff\xd8\xff"):
            found.container = "jpeg"
            read_segments(data, jpeg_header.walk(data) if segments is None else segments, found)
        elif data.startswith(PNG):
            found.container = "png"
            walk_png(data, found)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            found.container = "webp"
            _walk_webp(data, found)
        elif data[:6] in (b"GIF87a", b"GIF89a"):
            found.container = "gif"
            _walk_gif(data, found)
        elif (kind := sniff(data).format) in ("HEIF", "AVIF"):
            found.container = "heif"
            _read_heif(data, found)
        elif kind in ("JXL", "JPEG2000"):
            found.container = kind.lower()
            _read_boxes(data, found)
        elif kind == "TIFF" or (kind == "RAW" and raw_files.is_tiff(data)):
            found.container = "tiff"
            found.exif.append(raw_files.as_tiff(data))  # the directories lie anywhere in the file
        elif kind == "RAW":
            found.container = "raw"
            for block in raw_files.exif_blocks(data):
                found.add(found.exif, block)
    except Unreadable as reason:
        found.note(str(reason))
    return found


def riff_chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the chunks of a RIFF list between two offsets.

    Raises
    ------
    Unreadable
        More chunks than are looked at.
    """
    end = min(end, len(data))
    for _ in range(MAX_STEPS):
        if end < at + 8:
            return
        start, size = at + 8, int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], start, min(start + size, end)
        at = start + size + (size & 1)
    raise Unreadable("more chunks than are read")


def _walk_webp(data: bytes, found: Carried) -> None:
    end = 8 + int.from_bytes(data[4:8], "little")
    for name, start, stop in riff_chunks(data, 12, end):
        if name == b"EXIF":
            found.add(found.exif, data[start:stop].removeprefix(b"Exif\x00\x00"))
        elif name == b"XMP ":
            found.add(found.xmp, data[start:stop])


def _walk_gif(data: bytes, found: Carried) -> None:
    """Comments and XMP among the blocks of a GIF [1]_; pictures are passed over, sub-block by sub-block."""
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    steps = MAX_STEPS
    while at + 1 < len(data) and data[at] in (0x21, 0x2C):
        start = at
        if data[at] == 0x2C:
            flags = data[at + 9] if at + 9 < len(data) else 0
            at += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            at += 2
        first = at
        while at < len(data) and data[at]:
            at += 1 + data[at]
            steps -= 1
            if steps < 0:
                raise Unreadable("more blocks than are read")
        if data[start] == 0x21 and data[start + 1] == 0xFE:
            found.comment("GIF comment", _sub_blocks(data, first, at))
        elif data[start] == 0x21 and data[first : first + 12] == b"\x0bXMP DataXMP":
            found.add(found.xmp, data[first + 12 : max(first + 12, at + 1 - _XMP_TRAILER)])
        at += 1


def _sub_blocks(data: bytes, at: int, end: int) -> bytes:
    parts, size = [], 0
    while at < end and size <= MAX_TEXT_BYTES:
        parts.append(data[at + 1 : at + 1 + data[at]])
        size += data[at]
        at += 1 + data[at]
    return b"".join(parts)


def _read_heif(data: bytes, found: Carried) -> None:
    """EXIF and XMP items of HEIC and AVIF."""
    items = heif_boxes.read_heif_items(data)
    for item in items.exif:
        found.add(found.exif, heif_boxes.tiff_of(item))
    for packet in items.xmp:
        found.add(found.xmp, packet.removeprefix(XMP_IN_APP1))


def _read_boxes(data: bytes, found: Carried) -> None:
    """The boxes of JPEG XL and JPEG 2000 [2]_; compressed ones (``brob``) are not opened."""
    for kind, start, end in heif_boxes.top_level(data):
        body = data[start:end]
        if kind == b"Exif":
            found.add(found.exif, heif_boxes.tiff_of(body))
        elif kind == b"xml ":
            found.add(found.xmp, body)
        elif kind == b"uuid" and body.startswith(_JP2_EXIF):
            found.add(found.exif, body[16:])
        elif kind == b"uuid" and body.startswith(_JP2_XMP):
            found.add(found.xmp, body[16:])
        elif kind == b"uuid" and body.startswith(_JP2_IPTC):
            found.add(found.iptc, body[16:])
