"""The walks through MP4 and Matroska: from box to box by their own sizes, never into the media data.

References
----------
.. [1] ISO/IEC 14496-12; Apple, QuickTime File Format Specification, "User data atoms", "Metadata atoms".
.. [2] RFC 8794 (EBML), RFC 9559 (Matroska).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .untrusted import Unreadable

Note = Callable[[str], None]
Tag = tuple[str, str]

MAX_BOXES = 100_000
MAX_LEVELS = 8
MAX_TAGS = 2_000
MAX_TEXT = 4 * 1024 * 1024
MAX_TEXTS = 16 * 1024 * 1024  # together

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def read_mp4(data: bytes, note: Note) -> tuple[list[Tag], list[bytes]]:
    """Names and texts of an MP4 or MOV, and its XMP packets."""
    reader = _Mp4(data, note)
    try:
        reader.walk(0, len(data), 0)
    except Unreadable as reason:
        note(str(reason))
    return reader.tags, reader.xmp


class _Mp4:
    _CONTAINERS = (b"moov", b"udta", b"trak")

    def __init__(self, data: bytes, note: Note) -> None:
        self._data, self._note = data, note
        self._left, self._kept = MAX_BOXES, 0
        self.tags: list[Tag] = []
        self.xmp: list[bytes] = []

    def _boxes(self, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Type, start and end of the contents of each box between two offsets."""
        while at + 8 <= end:
            self._left -= 1
            if self._left < 0:
                raise Unreadable("more boxes than are read")
            size, kind, start = int.from_bytes(self._data[at : at + 4], "big"), self._data[at + 4 : at + 8], at + 8
            if size == 1:
                size, start = int.from_bytes(self._data[at + 8 : at + 16], "big"), at + 16
            elif size == 0:
                size = end - at
            if size < start - at:
                self._note("a box with an impossible size")
                return
            yield kind, start, min(at + size, end)
            at += size

    def walk(self, at: int, end: int, level: int) -> None:
        if level > MAX_LEVELS:
            raise Unreadable("boxes nested too deeply")
        for kind, start, stop in self._boxes(at, end):
            if kind in self._CONTAINERS:
                self.walk(start, stop, level + 1)
            elif kind == b"meta" and level > 0:  # in a still, the top-level one holds pictures
                self._meta(start, stop)
            elif kind == b"uuid" and self._data[start : start + 16] == _XMP_UUID:
                self._keep_xmp(start + 16, stop)
            elif kind == b"XMP_" and level > 0:
                self._keep_xmp(start, stop)
            elif kind[:1] == b"\xa9" and level > 0:
                self._user_text(kind, start, stop)
            elif kind == b"loci" and level > 0:
                self._keep("loci", b"present")

    def _keep(self, name: str, text: bytes) -> None:
        self._kept += len(text)
        if len(self.tags) >= MAX_TAGS or len(text) > MAX_TEXT or self._kept > MAX_TEXTS:
            raise Unreadable("more tags than are read")
        self.tags.append((name, text.decode("utf-8", "replace").strip("\x00")))

    def _keep_xmp(self, start: int, stop: int) -> None:
        if len(self.xmp) < 4 and stop - start <= MAX_TEXT:
            self.xmp.append(self._data[start:stop])

    def _user_text(self, kind: bytes, start: int, stop: int) -> None:
        """QuickTime's user data: length, language, text. A position is only noted."""
        length = int.from_bytes(self._data[start : start + 2], "big")
        name = kind.decode("latin-1")
        position = name == "\xa9xyz"
        self._keep(name, b"present" if position else self._data[start + 4 : min(start + 4 + length, stop)])

    def _meta(self, start: int, stop: int) -> None:
        """Metadata: ``keys`` names the items of ``ilst`` by number; without it their types are their names."""
        if self._data[start + 4 : start + 8] not in (b"hdlr", b"keys", b"ilst"):
            start += 4  # ISO's form begins with version and flags, Apple's does not
        names: list[str] = []
        for kind, at, end in self._boxes(start, stop):
            if kind == b"keys":
                names = [
                    self._data[a:b].decode("utf-8", "replace") for _, a, b in list(self._boxes(at + 8, end))[:MAX_TAGS]
                ]
            elif kind == b"ilst":
                for item, a, b in self._boxes(at, end):
                    self._item(item, names, a, b)
            elif kind == b"xml ":
                self._keep_xmp(at + 4, end)

    def _item(self, kind: bytes, names: list[str], at: int, end: int) -> None:
        number = int.from_bytes(kind, "big")
        name = names[number - 1] if 1 <= number <= len(names) else kind.decode("latin-1")
        value = b""
        for part, start, stop in self._boxes(at, end):
            if part == b"name":  # Apple's free form: "----" with mean, name, data
                name = self._data[start + 4 : stop].decode("utf-8", "replace")
            elif part == b"data" and not value:
                value = self._data[start + 8 : stop]
        if "location" in name.lower():
            value = b"present"
        if name.isprintable() or name.startswith("\xa9"):
            self._keep(name, value)
        else:
            self._keep("", value)


def read_matroska(data: bytes, note: Note) -> list[Tag]:
    """Names and texts of a Matroska or WebM file: its simple tags, and the programs that wrote it."""
    reader = _Matroska(data)
    try:
        reader.walk(0, len(data), 0)
    except Unreadable as reason:
        note(str(reason))
    return reader.tags


class _Matroska:
    _SEGMENT, _CLUSTER, _INFO = 0x18538067, 0x1F43B675, 0x1549A966
    _TAGS, _TAG, _SIMPLE = 0x1254C367, 0x7373, 0x67C8
    _NAME, _STRING = 0x45A3, 0x4487
    _INFO_TEXTS = {0x7BA9: "title", 0x4D80: "muxingapp", 0x5741: "writingapp"}  # noqa: RUF012 -- never written to

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left, self._kept = MAX_BOXES, 0
        self.tags: list[Tag] = []

    def _elements(self, at: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Identifier, start and end of the contents of each element between two offsets."""
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise Unreadable("more elements than are read")
            identifier, at = self._integer(at, keep_marker=True)
            size, start = self._integer(at, keep_marker=False)
            stop = end if size < 0 else min(start + size, end)
            yield identifier, start, stop
            # A cluster of unknown size (live recordings) ends where its next sibling begins: step into it.
            at = start if size < 0 and identifier == self._CLUSTER else stop

    def _integer(self, at: int, *, keep_marker: bool) -> tuple[int, int]:
        """A variable-length integer and the offset behind it; -1 stands for "unknown size" [2]_."""
        first = self._data[at] if at < len(self._data) else 0
        length = 9 - first.bit_length()
        if first == 0 or at + length > len(self._data):
            raise Unreadable("a damaged element")
        value = int.from_bytes(self._data[at : at + length], "big")
        if not keep_marker:
            value &= (1 << 7 * length) - 1
            if value == (1 << 7 * length) - 1:
                value = -1
        return value, at + length

    def walk(self, at: int, end: int, level: int) -> None:
        for identifier, start, stop in self._elements(at, end):
            if identifier in (self._SEGMENT, self._TAGS, self._TAG) and level < MAX_LEVELS:
                self.walk(start, stop, level + 1)
            elif identifier == self._SIMPLE:
                self._simple(start, stop)
            elif identifier == self._INFO:
                for inner, a, b in self._elements(start, stop):
                    if inner in self._INFO_TEXTS:
                        self._keep(self._INFO_TEXTS[inner], self._data[a:b])

    def _simple(self, start: int, stop: int) -> None:
        name, text = "", b""
        for identifier, at, end in self._elements(start, stop):
            if identifier == self._NAME:
                name = self._data[at:end].decode("utf-8", "replace").strip("\x00")
            elif identifier == self._STRING:
                text = self._data[at:end]
        self._keep(name, b"present" if "location" in name.lower() else text)

    def _keep(self, name: str, text: bytes) -> None:
        self._kept += len(text)
        if len(self.tags) >= MAX_TAGS or len(text) > MAX_TEXT or self._kept > MAX_TEXTS:
            raise Unreadable("more tags than are read")
        self.tags.append((name, text.decode("utf-8", "replace").strip("\x00")))
