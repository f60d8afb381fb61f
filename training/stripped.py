"""The same picture without what its file says of itself: pixels are kept bit by bit, compression history too."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from analysis import Media
from analysis.verdict import conditions as arrival

_JPEG_KEPT = (0xE0, 0xEE)  # JFIF, and Adobe's mark, which says how colors are coded
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_WEBP_DROPPED = (b"EXIF", b"XMP ", b"ICCP")
_PLAIN = ("GIF", "BMP")


def without_metadata(data: bytes, media: Media) -> bytes:
    """The file without EXIF, XMP, texts, profiles and credentials; orientation stays.

    JPEG, PNG and WebP keep their compressed data. What else is neither GIF nor BMP becomes a PNG of the same pixels.
    """
    if media.facts.format == "JPEG":
        return _jpeg(data, media.facts.orientation)
    if media.facts.format == "PNG" and media.facts.frames == 1:
        return data[:8] + b"".join(chunk for kind, chunk in _png(data) if kind in _PNG_KEPT)
    if media.facts.format == "WEBP":
        return _webp(data)
    return data if media.facts.format in _PLAIN else arrival.png_bytes(media.frame.pixels).tobytes()


def _jpeg(data: bytes, orientation: int) -> bytes:
    parts, place = [data[:2]], 2
    if orientation != 1:
        directory = struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
        body = b"Exif\0\0II*\0\x08\0\0\0" + directory
        parts.append(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
            continue
        if marker == 0xDA:  # the scan, and all that follows
            break
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        says = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not says or marker in _JPEG_KEPT:
            parts.append(data[place:end])
        place = end
    return b"".join([*parts, data[place:]])


def _png(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        yield data[place + 4 : place + 8], data[place : place + 12 + length]
        place += 12 + length


def _webp(data: bytes) -> bytes:
    parts, place = [], 12
    while place + 8 <= len(data):
        kind, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        end = place + 8 + length + length % 2
        if kind == b"VP8X":  # its flags must not promise what is gone: profile, EXIF, XMP
            parts.append(data[place : place + 8] + bytes([data[place + 8] & ~0x2C]) + data[place + 9 : end])
        elif kind not in _WEBP_DROPPED:
            parts.append(data[place:end])
        place = end
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body
