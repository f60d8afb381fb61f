"""The bytes that a decoder is given, where a file is whole but its decoder stumbles over something beside the picture.

Nothing here makes a damaged picture look whole: pixels are decoded from the same data, or not at all.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from . import heif_boxes
from .jpeg_header import MARKER_IN_SCAN, Segments, read_header
from .samsung_trailer import find_trailer

_AVIF_MAJOR = (b"avif", b"avis", b"mif1", b"msf1")
_HEIF_MAJOR = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1")
_END = b"\xff\xd9"
# Bytes that no picture goes on with, and every restart marker: what a decoder still waits for, it takes from here.
_FILLING = b"".join(b"\x5a\xa5\x3c\xc3\x96\x69" * 12 + bytes([0xFF, 0xD0 + n % 8]) for n in range(16))


def of_isobmff(data: bytes, fmt: str) -> bytes:
    """HEIC and AVIF under a brand that decoders know, and without Exif items that are no EXIF.

    Brands of the container (``miaf``) may stand where that of the coding is expected; decoders then take the file for
    something else, though the picture is an ordinary one. An Exif item that holds no TIFF structure makes Pillow refuse
    the file; provenance tells of it.
    """
    changed = bytearray()
    if data[8:12] not in (_AVIF_MAJOR if fmt == "AVIF" else _HEIF_MAJOR):
        changed = bytearray(data)
        changed[8:12] = b"avif" if fmt == "AVIF" else b"heic"
    if fmt == "AVIF":
        boxes = heif_boxes.read_heif_items(data)
        for item, at in zip(boxes.exif, boxes.exif_types, strict=True):
            if heif_boxes.tiff_of(item)[:4] not in (b"II*\x00", b"MM\x00*"):
                changed = changed or bytearray(data)
                changed[at : at + 4] = b"skip"
    return bytes(changed) if changed else data


def of_png(data: bytes) -> bytes | None:
    """The chunks of a PNG that make its picture, for files whose texts or profile are bombs that Pillow refuses."""
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] in (b"IHDR", b"PLTE", b"tRNS", b"cICP", b"IDAT", b"IEND"):
            kept.append(data[at:end])
        at = end
    bare = b"".join(kept)
    return bare if len(bare) < len(data) else None


def png_colors(data: bytes) -> tuple[int, int]:
    """Color primaries and transfer characteristics of a PNG (its chunk ``cICP``), as H.273 numbers them; else zeros."""
    at = 8
    while at + 14 <= len(data) and data[at + 4 : at + 8] != b"IDAT":
        if data[at + 4 : at + 8] == b"cICP":
            return data[at + 8], data[at + 9]
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return 0, 0


def of_jpeg(data: bytes, segments: Segments) -> bytes | None:
    """A JPEG whose end marker is missing, with one; None where a part of its scan is missing too.

    Phones write panoramas so, and cameras whose battery went. Whether the scan is whole the decoder tells: bytes put
    behind a whole one are passed over, but become part of the picture where it still waits for more.
    """
    header = read_header(data, segments)
    if header is None or segments.scan is None:
        return None
    trailer = find_trailer(data)
    end = len(data) if trailer is None else min([trailer.directory, *(block.start for block in trailer.blocks)])
    if header.sequential:
        marker = MARKER_IN_SCAN.search(data, segments.scan.end, end)
        end = marker.start() if marker is not None else end
    body = data[:end]
    with_end = body + _END
    one, other = _decoded(with_end), _decoded(body + _FILLING + _END)
    if one is None or other is None or not np.array_equal(one, other):
        return None
    return with_end


def _decoded(data: bytes) -> np.ndarray | None:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return np.asarray(image)
    except (OSError, ValueError, SyntaxError):
        return None
