"""EXIF: the four directories that matter, read with limits; no directory leads to another, so nothing can loop.

References
----------
.. [1] CIPA DC-008-2023, Exif 3.0. TIFF Revision 6.0 (1992), section 2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from PIL import ExifTags

from .untrusted import Unreadable, plain, readable

MAX_ENTRIES = 2_000
MAX_TEXT_BYTES = 4 * 1024 * 1024
MAX_BYTES = 8 * 1024 * 1024  # of all values together: many may point to the same place
_MAX_NUMBERS = 16
_SHOWN_BYTES = 64

_EXIF_IFD, _GPS_IFD, _MAKER_NOTE, _USER_COMMENT = 0x8769, 0x8825, 0x927C, 0x9286
_THUMBNAIL_AT, _THUMBNAIL_SIZE = 0x0201, 0x0202
_XMP, _IPTC, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_OWNERS = (0xA430, 0xA431, 0xA435, 0xC62F)  # owner's name, serial numbers of camera and lens: whose, not what
_LONG = (_XMP, _IPTC, _PHOTOSHOP, _USER_COMMENT, _MAKER_NOTE)
_WINDOWS = range(0x9C9B, 0x9CA0)  # XPTitle … XPSubject: UTF-16 of Windows Explorer

# type number → bytes a value takes, struct code (None: text or opaque bytes)
_TYPES: dict[int, tuple[int, str | None]] = {
    1: (1, "B"), 2: (1, None), 3: (2, "H"), 4: (4, "I"), 5: (8, "II"), 6: (1, "b"), 7: (1, None), 8: (2, "h"),
    9: (4, "i"), 10: (8, "ii"), 11: (4, "f"), 12: (8, "d"), 129: (1, None),
}  # fmt: skip

Value = str | bytes | tuple[float, ...]


@dataclass
class Exif:
    """What one EXIF block holds. ``tags`` has the tags of the picture and of its capture, by number."""

    tags: dict[int, Value] = field(default_factory=dict)
    gps: bool = False
    """A position is there; it is not read."""
    maker_note: int = 0
    """Bytes of the maker note."""
    thumbnail: bytes = b""
    taken: int = 0
    """Bytes of all values read."""
    damaged: bool = False
    """A value or a directory lies outside the block, or a directory leads back to itself."""

    def text(self, tag: int) -> str:
        """The text of a tag, empty where there is none."""
        value = self.tags.get(tag)
        return value.strip("\x00 ") if isinstance(value, str) else ""

    def number(self, tag: int) -> float | None:
        """The first number of a tag."""
        value = self.tags.get(tag)
        return value[0] if isinstance(value, tuple) and value else None

    @property
    def user_comment(self) -> str:
        """UserComment without its character-set prefix."""
        value = self.tags.get(_USER_COMMENT)
        return _comment(value) if isinstance(value, bytes) else value if isinstance(value, str) else ""

    def block(self, tag: int) -> bytes:
        """The raw bytes of a tag that holds another kind of metadata."""
        value = self.tags.get(tag)
        return value if isinstance(value, bytes) else b""

    @property
    def xmp(self) -> bytes:
        """XMP packet of a TIFF file."""
        return self.block(_XMP)

    @property
    def iptc(self) -> bytes:
        """IPTC-IIM block of a TIFF file."""
        return self.block(_IPTC)

    @property
    def photoshop(self) -> bytes:
        """Photoshop image resources of a TIFF file."""
        return self.block(_PHOTOSHOP)

    def shown(self) -> dict[str, Any]:
        """Every field by its EXIF name, in readable form; opaque bytes are only counted, owners only mentioned."""
        return {
            plain(ExifTags.TAGS.get(tag, f"0x{tag:04X}"), 60): _shown(tag, value)
            for tag, value in self.tags.items()
            if tag not in (_XMP, _IPTC, _PHOTOSHOP, _MAKER_NOTE) and value not in ("", b"", ())
        }


def parse_exif(block: bytes) -> Exif:
    """Read one EXIF block (a TIFF structure).

    Raises
    ------
    Unreadable
        It has no TIFF header.
    """
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8 or struct.unpack(order + "H", block[2:4])[0] != 42:
        raise Unreadable("EXIF without a header")
    found = Exif()
    (first,) = struct.unpack(order + "I", block[4:8])
    second = _directory(block, order, first, found)
    pointer = found.number(_EXIF_IFD)
    if pointer is not None:
        _directory(block, order, int(pointer), found)
    for tag in (_EXIF_IFD, 0xA005):
        found.tags.pop(tag, None)
    note = found.tags.get(_MAKER_NOTE)
    found.maker_note = len(note) if isinstance(note, bytes) else 0
    found.gps = _has_position(block, order, found.tags.pop(_GPS_IFD, None))
    found.thumbnail = _thumbnail(block, order, second)
    found.damaged |= second in (first, pointer)
    return found


def _thumbnail(block: bytes, order: str, second: int) -> bytes:
    if not second:
        return b""
    directory = Exif()
    _directory(block, order, second, directory)
    at, size = directory.number(_THUMBNAIL_AT), directory.number(_THUMBNAIL_SIZE)
    return block[int(at) : int(at + size)] if at is not None and size is not None else b""


def _has_position(block: bytes, order: str, pointer: Value | None) -> bool:
    if not isinstance(pointer, tuple) or not pointer:
        return False
    gps = Exif()
    _directory(block, order, int(pointer[0]), gps)
    return gps.number(2) is not None or gps.number(4) is not None  # latitude, longitude


def _directory(block: bytes, order: str, at: int, found: Exif) -> int:
    """Read the directory at offset ``at`` into ``found.tags``; returns the next one's offset, 0 where there is none."""
    if not 8 <= at <= len(block) - 2:
        found.damaged = True
        return 0
    (count,) = struct.unpack(order + "H", block[at : at + 2])
    end = at + 2 + 12 * count
    for entry in range(at + 2, min(end, len(block) - 11, at + 2 + 12 * MAX_ENTRIES), 12):
        tag, kind, number = struct.unpack(order + "HHI", block[entry : entry + 8])
        if kind not in _TYPES or tag in found.tags or not number:
            continue
        size = _TYPES[kind][0] * number
        start = entry + 8 if size <= 4 else struct.unpack(order + "I", block[entry + 8 : entry + 12])[0]
        taken = min(size, MAX_TEXT_BYTES)
        if start + size <= len(block) and found.taken + taken <= MAX_BYTES:
            found.taken += taken
            found.tags[tag] = _value(tag, block[start : start + taken], kind, order)
        else:
            found.damaged = True
    return struct.unpack(order + "I", block[end : end + 4])[0] if end + 4 <= len(block) else 0


def _value(tag: int, raw: bytes, kind: int, order: str) -> Value:
    if tag in _LONG or kind == 7 or tag in _WINDOWS:
        return raw
    size, code = _TYPES[kind]
    if code is None:
        text = raw.split(b"\x00", 1)[0]
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            return text.decode("latin-1")
    numbers = [
        struct.unpack(order + code, raw[at : at + size]) for at in range(0, min(len(raw), size * _MAX_NUMBERS), size)
    ]
    if len(code) == 2:
        return tuple(float(Fraction(a, b)) if b else float("nan") for a, b in numbers)
    return tuple(values[0] for values in numbers)


def _comment(raw: bytes) -> str:
    """UserComment [1]_: eight bytes name the character set; ``UNICODE`` comes in either byte order."""
    charset, text = raw[:8], raw[8:]
    if charset == b"UNICODE\x00":
        high_first = text[0::2].count(0) >= text[1::2].count(0)
        return text.decode("utf-16-be" if high_first else "utf-16-le", "replace").strip("\ufeff\x00 ")
    if charset not in (b"ASCII\x00\x00\x00", b"JIS\x00\x00\x00\x00\x00", b"\x00" * 8):
        text = raw
    try:
        return text.decode("utf-8").strip("\x00 ")
    except UnicodeDecodeError:
        return text.decode("latin-1").strip("\x00 ")


def _shown(tag: int, value: Value) -> Any:
    if tag in _OWNERS:
        return "present"
    if tag in _WINDOWS and isinstance(value, bytes):
        return plain(value.decode("utf-16-le", "replace"))
    if tag == _USER_COMMENT and isinstance(value, bytes):
        return plain(_comment(value))
    if isinstance(value, bytes):
        text = value.strip(b"\x00").decode("latin-1")
        words = 0 < len(value) <= _SHOWN_BYTES and bool(text) and text.isascii() and text.isprintable()
        return plain(text) if words else f"{len(value):,} bytes"
    if isinstance(value, tuple):
        rounded = [round(number, 6) if isinstance(number, float) else number for number in value]
        return readable(rounded[0] if len(rounded) == 1 else rounded)
    return plain(value)
