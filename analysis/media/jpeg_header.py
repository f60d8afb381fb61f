"""The header of a JPEG file: its segments, its tables, its frame, its scan, as ITU-T T.81 lays them out.

Only the bytes before the first scan are walked, once a file (:func:`walk`): decoding, history and metadata read the
same list. Lengths are believed only as far as the file goes, and a file of endless segments is given up after a fixed
number.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int32]
"""(64,) quantization steps in zigzag order."""

_MAX_SEGMENTS = 20_000  # real files have fewer than a hundred; walking this many takes some ten milliseconds
_MAX_DECODING_BYTES = 100_000  # what a decoder needs before a scan; Huffman tables are a few hundred bytes each

MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends the data of a scan: neither a stuffed byte nor a restart marker."""

_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_STANDALONE = {0x00, 0x01, *range(0xD0, 0xD9)}
_DHT, _SOS, _DQT, _DRI, _EOI, _ADOBE = 0xC4, 0xDA, 0xDB, 0xDD, 0xD9, 0xEE
_DECODING = {_DHT, _DQT, _DRI, _ADOBE} | _SOF

# ITU-T T.81 (1992), tables K.1 and K.2, in zigzag order.
_LUMINANCE: Table = np.fromstring(
    "16 11 12 14 12 10 16 14 13 14 18 17 16 19 24 40 26 24 22 22 24 49 35 37 29 40 58 51 61 60 57 51 56 55 "
    "64 72 92 78 64 68 87 69 55 56 80 109 81 87 95 98 103 104 103 62 77 113 121 112 100 120 92 101 103 99",
    dtype=np.int32,
    sep=" ",
)
_CHROMINANCE: Table = np.array([17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, *[99] * 50], dtype=np.int32)


class Segment(NamedTuple):
    """One segment: its marker's second byte, where its 0xFF stands, and where it ends by its own length."""

    marker: int
    start: int
    end: int

    def body(self, data: bytes) -> bytes:
        """What follows its length."""
        return data[self.start + 4 : self.end]


@dataclass(frozen=True)
class Segments:
    """The segments up to the first scan's header, which is among them.

    Attributes
    ----------
    unbroken
        How many there are before foreign bytes, which decoders skip: metadata is read from these only.
    too_many
        Whether the walk was given up.
    """

    found: tuple[Segment, ...] = ()
    unbroken: int = 0
    too_many: bool = False

    @property
    def scan(self) -> Segment | None:
        """The header of the first scan."""
        return self.found[-1] if self.found and self.found[-1].marker == _SOS else None


@dataclass(frozen=True)
class Header:
    """What stands before the first scan.

    Attributes
    ----------
    marker
        The frame's: 0xC0 baseline, 0xC2 progressive …
    precision, width, height
        Bits a sample; pixels, as stored (before EXIF orientation).
    components
        (horizontal factor, vertical factor, number of the quantization table) of each.
    tables
        Quantization tables by number.
    segments
        (start, end) in the file of the segments that decoding needs; the frame's is among them.
    frame_at, scan_at
        Where the frame's and the scan's segment start (their 0xFF).
    scan_components
        How many components the first scan holds.
    """

    marker: int
    precision: int
    width: int
    height: int
    components: tuple[tuple[int, int, int], ...]
    tables: dict[int, Table]
    segments: tuple[tuple[int, int], ...]
    frame_at: int
    scan_at: int
    scan_components: int

    @property
    def luminance(self) -> Table:
        """The table of the first component."""
        return self.tables[self.components[0][2]]

    @property
    def chrominance(self) -> Table | None:
        """The table of the second component, or None in a grey picture."""
        return self.tables[self.components[1][2]] if len(self.components) > 1 else None

    @property
    def progressive(self) -> bool:
        """Whether the picture comes in several passes, coarse to fine."""
        return self.marker in (0xC2, 0xC6, 0xCA, 0xCE)

    @property
    def sequential(self) -> bool:
        """Whether rows of 8 bits come one after the other in one scan, so that the first can be decoded alone."""
        return (
            self.marker in (0xC0, 0xC1)
            and self.precision == 8
            and self.width > 0
            and self.height > 0
            and self.scan_components == len(self.components)
        )

    def stream(self, data: bytes, *, rows: int, scan_bytes: int) -> bytes:
        """A JPEG of the first ``rows`` rows, with nothing but what decoding needs and the first ``scan_bytes``."""
        parts = [b"\xff\xd8"]
        for start, end in self.segments:
            segment = data[start:end]
            if start == self.frame_at:
                segment = segment[:5] + rows.to_bytes(2, "big") + segment[7:]
            parts.append(segment)
        return b"".join([*parts, data[self.scan_at : self.scan_at + scan_bytes], b"\xff\xd9"])


def walk(data: bytes) -> Segments:
    """Walk the segments up to the first scan's header."""
    if data[:2] != b"\xff\xd8":
        return Segments()
    found: list[Segment] = []
    unbroken: int | None = None
    too_many = True
    at = 2
    for _ in range(_MAX_SEGMENTS):
        marker_at = data.find(b"\xff", at)  # decoders skip what is no marker, and so must we to see what they see
        is_foreign = marker_at != at
        at = marker_at
        while 0 <= at < len(data) - 1 and data[at + 1] == 0xFF:
            at += 1
        if at < 0 or at + 4 > len(data) or data[at + 1] == _EOI:
            too_many = False
            break
        marker = data[at + 1]
        if unbroken is None and (is_foreign or marker == 0):
            unbroken = len(found)
        if marker in _STANDALONE:
            at += 2
            continue
        end = at + 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
        found.append(Segment(marker, at, end))
        if marker == _SOS:
            too_many = False
            break
        at = end
    return Segments(tuple(found), len(found) if unbroken is None else unbroken, too_many)


def read_header(data: bytes, segments: Segments | None = None) -> Header | None:
    """What the ``segments`` (walked here where they are not given) say of the frame and its first scan.

    None where the frame, its scan or a table it names is missing.
    """
    segments = walk(data) if segments is None else segments
    if segments.scan is None:
        return None
    tables: dict[int, Table] = {}
    for one in segments.found:
        if one.marker == _DQT:
            tables.update(_quantization_tables(one.body(data)))
    frame_at = next((one.start for one in segments.found if one.marker in _SOF), None)
    needed = [(one.start, one.end) for one in segments.found if one.marker in _DECODING]
    return _header(data, frame_at, tables, needed, segments.scan.start)


def _quantization_tables(body: bytes) -> dict[int, Table]:
    """The tables of one DQT segment (T.81, B.2.4.1); what is cut off is left out."""
    tables: dict[int, Table] = {}
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        size = 128 if wide else 64
        steps = body[at + 1 : at + 1 + size]
        if len(steps) == size:
            table = np.frombuffer(steps, dtype=">u2" if wide else np.uint8).astype(np.int32)
            tables[number] = np.maximum(table, 1)  # a step of 0 is against T.81
        at += 1 + size
    return tables


def _header(
    data: bytes, frame_at: int | None, tables: dict[int, Table], segments: list[tuple[int, int]], scan_at: int
) -> Header | None:
    """The frame header (T.81, B.2.2), where it is whole and its tables are there."""
    fixed = b"" if frame_at is None else data[frame_at + 4 : frame_at + 10]
    if frame_at is None or len(fixed) < 6 or sum(end - start for start, end in segments) > _MAX_DECODING_BYTES:
        return None
    precision, height, width, count = struct.unpack(">BHHB", fixed)
    parts = [data[frame_at + 10 + 3 * i : frame_at + 13 + 3 * i] for i in range(count)]
    if not 1 <= count <= 4 or any(len(part) < 3 or part[2] not in tables for part in parts):
        return None
    return Header(
        marker=data[frame_at + 1],
        precision=precision,
        width=width,
        height=height,
        components=tuple((part[1] >> 4, part[1] & 15, part[2]) for part in parts),
        tables=tables,
        segments=tuple(segments),
        frame_at=frame_at,
        scan_at=scan_at,
        scan_components=data[scan_at + 4] if scan_at + 4 < len(data) else 0,
    )


def scaled(base: Table, quality: int) -> Table:
    """A base table at a quality of 1 to 100, as libjpeg scales it (``jpeg_set_quality``)."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((base * percent + 50) // 100, 1, 255).astype(np.int32)


def standard_tables(quality: int) -> tuple[Table, Table]:
    """The luminance and chrominance tables that libjpeg writes at ``quality`` 1 to 100."""
    return scaled(_LUMINANCE, quality), scaled(_CHROMINANCE, quality)


STANDARD = np.stack([np.stack(standard_tables(quality)) for quality in range(1, 101)])
"""(100, 2, 64): the standard tables of each quality, luminance and chrominance."""
