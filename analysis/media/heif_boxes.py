"""The boxes of HEIC and AVIF that say what a file holds beside its pixels: items, colors, a video.

The decoders' own parsers give up on a file whose EXIF is damaged, and pass over what they do not know. Here the boxes
are walked by their sizes, within limits, and nothing is decoded.

References
----------
.. [1] ISO/IEC 14496-12:2022, 8.11 (meta, iinf, iloc, pitm); ISO/IEC 23008-12:2022, 6 and 9 (image items).
.. [2] Rec. ITU-T H.273, tables 2 and 3 (color primaries, transfer characteristics).
.. [3] Motion Photo format 1.0, "ISOBMFF image formats" (the box ``mpvd``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_MAX_BOXES = 20_000
_MAX_ITEMS = 4_000
_MAX_ITEM_BYTES = 4 * 1024 * 1024
_MAX_EXTENTS = 64

Span = tuple[int, int]
"""Start and end in the file."""


@dataclass
class Heif:
    """What the boxes say."""

    exif: list[bytes] = field(default_factory=list)
    """Contents of the Exif items: a 32-bit offset, then what should be a TIFF structure."""
    exif_types: list[int] = field(default_factory=list)
    """Where in the file each Exif item is declared as such."""
    xmp: list[bytes] = field(default_factory=list)
    transfer: int = 0
    """Transfer characteristics [2]_ of the primary picture; 0 where they are not given by number."""
    primaries: int = 0
    video: Span | None = None
    """A video inside: that of a motion photo [3]_, or the whole file where it has a video track."""


def read_heif_items(data: bytes) -> Heif:
    """Read the boxes of a file; what is damaged or beyond the limits is left out."""
    found = Heif()
    walk = _Walk(data)
    for number, (kind, start, end) in enumerate(walk.boxes(0, len(data))):
        if kind == b"ftyp" and number:
            break  # another file begins: what a phone or a program put behind the picture
        if kind == b"meta":
            walk.meta(start + 4, end, found)
        elif kind == b"mpvd" and data[start + 4 : start + 8] == b"ftyp":
            found.video = (start, end)
        elif kind == b"moov" and found.video is None and walk.has_video_track(start, end):
            found.video = (0, len(data))
    return found


def top_level(data: bytes, start: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the contents of each box of a file, or from an offset in it on."""
    return _Walk(data).boxes(start, len(data))


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MAX_BOXES

    def boxes(self, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Type, start and end of the contents of each box between two offsets."""
        while at + 8 <= end and self._left > 0:
            self._left -= 1
            size, kind, start = self._number(at, 4), self._data[at + 4 : at + 8], at + 8
            if size == 1:
                size, start = self._number(at + 8, 8), at + 16
            elif size == 0:
                size = end - at
            if size < start - at:
                return
            yield kind, start, min(at + size, end)
            at += size

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._data[at : at + size], "big")

    def has_video_track(self, start: int, end: int) -> bool:
        for kind, at, stop in self.boxes(start, end):
            if kind == b"trak":
                for inner, a, b in self.boxes(at, stop):
                    handlers = (self._data[x + 8 : x + 12] for k, x, _ in self.boxes(a, b) if k == b"hdlr")
                    if inner == b"mdia" and b"vide" in handlers:
                        return True
        return False

    def meta(self, start: int, end: int, found: Heif) -> None:
        """Items of the two kinds that are metadata, and the primary picture's color description."""
        types: dict[int, tuple[bytes, int]] = {}
        places: dict[int, list[Span]] = {}
        in_data, primary = (0, 0), 0
        for kind, at, stop in self.boxes(start, end):
            if kind == b"iinf":
                types = self._item_types(at, stop)
            elif kind == b"idat":
                in_data = (at, stop)
            elif kind == b"pitm":
                primary = self._number(at + 4, 4 if self._data[at] else 2)
        for kind, at, stop in self.boxes(start, end):
            if kind == b"iloc":
                places = self._item_places(at, in_data)
            elif kind == b"iprp":
                self._colors(at, stop, primary, found)
        for number, (kind, declared_at) in types.items():
            body = b"".join(self._data[a:b] for a, b in places.get(number, []))
            if kind == b"Exif":
                found.exif.append(body)
                found.exif_types.append(declared_at)
            elif body:
                found.xmp.append(body)

    def _item_types(self, at: int, end: int) -> dict[int, tuple[bytes, int]]:
        """The Exif and XMP items by number: what they are, and where that stands."""
        wide = self._data[at] if at < end else 0
        found: dict[int, tuple[bytes, int]] = {}
        for kind, start, stop in self.boxes(at + (8 if wide else 6), end):
            version = self._data[start] if start < stop else 0
            if kind != b"infe" or version < 2 or len(found) >= _MAX_ITEMS:
                continue
            size = 4 if version > 2 else 2
            type_at = start + 4 + size + 2
            item_type = self._data[type_at : type_at + 4]
            is_xmp = item_type == b"mime" and b"application/rdf+xml\x00" in self._data[type_at + 4 : stop] + b"\x00"
            if item_type == b"Exif" or is_xmp:
                found[self._number(start + 4, size)] = (item_type, type_at)
        return found

    def _item_places(self, at: int, in_data: Span) -> dict[int, list[Span]]:
        """Where the items lie: in the file, or in the box ``idat``."""
        version, sizes = self._data[at], self._number(at + 4, 2)
        offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
        index_size = sizes & 15 if version in (1, 2) else 0
        id_size = 4 if version == 2 else 2
        count, at = self._number(at + 6, id_size), at + 6 + id_size
        places: dict[int, list[Span]] = {}
        for _ in range(min(count, _MAX_ITEMS)):
            number, at = self._number(at, id_size), at + id_size
            method = 0
            if version in (1, 2):
                method, at = self._number(at, 2) & 15, at + 2
            base, at = self._number(at + 2, base_size), at + 2 + base_size
            extents, at = self._number(at, 2), at + 2
            if extents > _MAX_EXTENTS or at > len(self._data):
                break
            for _extent in range(extents):
                at += index_size
                start, at = base + self._number(at, offset_size), at + offset_size
                length, at = self._number(at, length_size), at + length_size
                start += in_data[0] if method == 1 else 0
                if method in (0, 1) and 0 < length <= _MAX_ITEM_BYTES and start + length <= len(self._data):
                    places.setdefault(number, []).append((start, start + length))
        return places

    def _colors(self, start: int, end: int, primary: int, found: Heif) -> None:
        """The color description of the primary picture: gain maps and tone-mapped versions have others of their own."""
        properties: list[tuple[bytes, int]] = []
        of_primary: set[int] = set()
        for kind, at, stop in self.boxes(start, end):
            if kind == b"ipco":
                properties = [(inner, a) for inner, a, _ in self.boxes(at, stop)]
            elif kind == b"ipma":
                of_primary |= self._properties_of(at, stop, primary)
        for number, (kind, at) in enumerate(properties, start=1):
            if number in of_primary and kind == b"colr" and self._data[at : at + 4] == b"nclx":
                found.primaries, found.transfer = self._number(at + 4, 2), self._number(at + 6, 2)

    def _properties_of(self, at: int, end: int, item: int) -> set[int]:
        """The numbers of the properties that belong to an item (``ipma``)."""
        id_size = 4 if self._data[at : at + 1] > b"\x00" else 2
        size = 2 if self._number(at + 1, 3) & 1 else 1
        count, at = self._number(at + 4, 4), at + 8
        for _ in range(min(count, _MAX_ITEMS)):
            number, used = self._number(at, id_size), self._number(at + id_size, 1)
            at += id_size + 1
            if number == item:
                mask = (1 << (8 * size - 1)) - 1  # the highest bit says that a reader must know the property
                return {self._number(at + size * i, size) & mask for i in range(used)}
            at += size * used
            if at >= end:
                break
        return set()


def tiff_of(item: bytes) -> bytes:
    """The TIFF structure in an Exif item: behind a 32-bit offset, and behind ``Exif`` where a writer left that in."""
    start = 4 + int.from_bytes(item[:4], "big")
    body = item[start:] if len(item) > start else item[4:]
    return body.removeprefix(b"Exif\x00\x00")
