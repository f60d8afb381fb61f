"""Camera RAW by structure: which files hold what a sensor saw, and where their metadata lies.

Most kinds are TIFF files whose first picture is a thumbnail; what makes them RAW is a directory with a color filter
array, or, in a DNG, with linear sensor data, as phones write them that merge several exposures. A TIFF that only calls
itself a DNG is none. Nothing is decoded here.

References
----------
.. [1] TIFF Revision 6.0 (1992), section 2; Adobe, Digital Negative Specification 1.7.1 (2023).
.. [2] ExifTool, tag tables of Canon (CR2, CR3), Fujifilm (RAF), Olympus (ORF) and Panasonic (RW2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_TIFF = (b"II*\x00", b"MM\x00*")
_RELATIVES = (b"IIRO", b"IIRS", b"MMOR", b"IIU\x00")  # Olympus, Panasonic: TIFF under another number
_RAF = b"FUJIFILMCCD-RAW "
_RAF_PREVIEW = 84  # offset and length of a JPEG, big-endian [2]_
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_STRIP_OFFSETS, _STRIP_BYTES, _JPEG_AT, _JPEG_SIZE = 0x0111, 0x0117, 0x0201, 0x0202
_PHOTOMETRIC, _SUB_DIRECTORIES, _DNG_VERSION = 0x0106, 0x014A, 0xC612
_COLOR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892
_RW2_PREVIEW = 0x002E
_CANON_PREVIEW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")  # the box of a CR3 that holds a JPEG [2]_
_LARGEST_HEAD = 64
_MOST_DIRECTORIES = 40
_MOST_ENTRIES = 1_000
_MOST_BOXES = 200
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


class TiffField(NamedTuple):
    """A tag's type, how many values it has, where they lie, and the first of them, raw."""

    kind: int = 0
    number: int = 0
    at: int = 0
    raw: bytes = b""


def name_of(data: bytes) -> str:
    """The kind of RAW ("DNG", "NEF or similar" …), empty for any other file."""
    if data.startswith(_RAF):
        return "RAF"
    if data[:4] in _RELATIVES:
        return "RW2" if data[:4] == b"IIU\x00" else "ORF"
    if data[4:12] == b"ftypcrx ":
        return "CR3"
    if data[:4] not in _TIFF:
        return ""
    if data[8:11] == b"CR\x02":
        return "CR2"
    is_dng = _DNG_VERSION in next(directories(data), {})
    wanted = (_COLOR_FILTER_ARRAY, _LINEAR_RAW) if is_dng else (_COLOR_FILTER_ARRAY,)
    if not any(_number(entries, _PHOTOMETRIC, data) in wanted for entries in directories(data)):
        return ""
    return "DNG" if is_dng else "camera RAW"


def jpegs(data: bytes) -> Iterator[bytes]:
    """The JPEGs that the structure of a RAW file points to: its previews."""
    if data.startswith(_RAF):
        offset, length = struct.unpack(">II", data[_RAF_PREVIEW : _RAF_PREVIEW + 8].ljust(8, b"\x00"))
        yield from _jpeg_at(data, offset, length)
        return
    if not is_tiff(data):
        for kind, start, end in _boxes(data, 0, len(data)):
            if kind == b"uuid" and data[start : start + 16] == _CANON_PREVIEW:
                head = data.find(b"\xff\xd8\xff", start, min(start + _LARGEST_HEAD, end))
                yield from _jpeg_at(data, head, end - head)
        return
    for entries in directories(data):
        for offsets, sizes in ((_JPEG_AT, _JPEG_SIZE), (_STRIP_OFFSETS, _STRIP_BYTES)):
            places, lengths = numbers(entries, offsets, data), numbers(entries, sizes, data)
            if len(places) == len(lengths) == 1:
                yield from _jpeg_at(data, places[0], lengths[0])
        preview = entries.get(_RW2_PREVIEW, TiffField())  # of Panasonic's files: the value of a tag
        yield from _jpeg_at(data, preview.at, preview.number)


def _jpeg_at(data: bytes, at: int, size: int) -> Iterator[bytes]:
    if at > 0 and data[at : at + 3] == b"\xff\xd8\xff":
        yield data[at : at + size]


def is_tiff(data: bytes) -> bool:
    """Whether the metadata of a RAW file lie in a TIFF structure that begins with the file."""
    return data[:4] in _TIFF or data[:4] in _RELATIVES


def as_tiff(data: bytes) -> bytes:
    """The file under TIFF's own number."""
    if data[:4] not in _RELATIVES:
        return data
    return (b"II*\x00" if data[:2] == b"II" else b"MM\x00*") + data[4:]


def exif_blocks(data: bytes) -> Iterator[bytes]:
    """The EXIF blocks of RAF (in its preview) and CR3 (in boxes)."""
    if data.startswith(_RAF):
        preview = next(jpegs(data), b"")
        if preview[2:4] == b"\xff\xe1" and preview[6:12] == b"Exif\x00\x00":
            yield preview[12 : 4 + int.from_bytes(preview[4:6], "big")]
        return
    for kind, start, end in _boxes(data, 0, len(data)):
        for inner, at, stop in _boxes(data, start, end) if kind == b"moov" else ():
            if inner == b"uuid" and data[at : at + 16] == _CANON_UUID:
                yield from (data[a:b] for name, a, b in _boxes(data, at + 16, stop) if name in (b"CMT1", b"CMT2"))


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        size, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        if size < 8:
            return
        yield data[at + 4 : at + 8], start, min(at + size, end)
        at += size


def directories(data: bytes) -> Iterator[dict[int, TiffField]]:
    """The directories of a TIFF, each once: those of its chain, each followed by its sub-directories."""
    if data[2:4] in (b"+\x00", b"\x00+"):
        return  # BigTIFF: its directories have another form
    order = "<" if data[:2] == b"II" else ">"
    queue = [int.from_bytes(data[4:8], "little" if order == "<" else "big")]
    seen: set[int] = set()
    while queue and len(seen) < _MOST_DIRECTORIES:
        at = queue.pop(0)
        if at in seen or not 8 <= at <= len(data) - 6:
            continue
        seen.add(at)
        entries, following = _directory(data, at, order)
        yield entries
        pointers = entries.get(_SUB_DIRECTORIES, TiffField()).raw
        queue[:0] = [n for (n,) in struct.iter_unpack(order + "I", pointers[: len(pointers) // 4 * 4])][
            :_MOST_DIRECTORIES
        ]
        queue.append(following)


def _directory(data: bytes, at: int, order: str) -> tuple[dict[int, TiffField], int]:
    (count,) = struct.unpack_from(order + "H", data, at)
    entries: dict[int, TiffField] = {}
    end = at + 2 + 12 * count
    for place in range(at + 2, min(end, len(data) - 11, at + 2 + 12 * _MOST_ENTRIES), 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, place)
        size = _SIZES.get(kind, 0) * number
        start = place + 8 if size <= 4 else struct.unpack_from(order + "I", data, place + 8)[0]
        entries.setdefault(tag, TiffField(kind, number, start, data[start : start + min(size, 4 * _MOST_DIRECTORIES)]))
    return entries, struct.unpack_from(order + "I", data, end)[0] if end + 4 <= len(data) else 0


def _number(entries: dict[int, TiffField], tag: int, data: bytes) -> int | None:
    return next(iter(numbers(entries, tag, data)), None)


def numbers(entries: dict[int, TiffField], tag: int, data: bytes) -> tuple[int, ...]:
    """The integers of a tag, as far as they are kept."""
    kind, count, _, raw = entries.get(tag, TiffField())
    code, size = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4), 13: ("I", 4)}.get(kind, ("", 1))
    if not code:
        return ()
    number = min(count, len(raw) // size)
    return struct.unpack(("<" if data[:2] == b"II" else ">") + f"{number}{code}", raw[: number * size])
