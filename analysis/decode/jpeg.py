"""What a JPEG file says of its own compression: quality, subsampling, order, and whose tables it uses.

Only the bytes before the first scan are walked, segment by segment as ITU-T T.81 lays them out; lengths are believed
only as far as the file goes, and a file of endless segments is given up after a fixed number.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..report import JpegFacts

Table = NDArray[np.int32]
"""(64,) steps in zigzag order."""

_MAX_SEGMENTS = 20_000  # real files have fewer than a hundred; walking this many takes a few milliseconds

_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_DQT, _SOS, _EOI = 0xDB, 0xDA, 0xD9

_SUBSAMPLING = {
    (1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1", (1, 2): "4:4:0", (4, 2): "4:1:0",
}  # fmt: skip

# ITU-T T.81 (1992), tables K.1 and K.2, in zigzag order.
_LUMINANCE: Table = np.array(
    "16 11 12 14 12 10 16 14 13 14 18 17 16 19 24 40 26 24 22 22 24 49 35 37 29 40 58 51 61 60 57 51 "
    "56 55 64 72 92 78 64 68 87 69 55 56 80 109 81 87 95 98 103 104 103 62 77 113 121 112 100 120 92 101 103 99".split(),
    dtype=np.int32,
)
_CHROMINANCE: Table = np.array(
    "17 18 18 24 21 24 47 26 26 47 99 66 56 66".split() + ["99"] * 50,
    dtype=np.int32,
)


@dataclass(frozen=True)
class Header:
    """The parts of a JPEG header that matter here. ``components`` is (horizontal, vertical, table) of each."""

    marker: int
    width: int
    height: int
    size_at: int
    components: tuple[tuple[int, int, int], ...]
    tables: dict[int, Table]

    @property
    def luminance(self) -> Table:
        """The table of the first component."""
        return self.tables[self.components[0][2]]

    @property
    def chrominance(self) -> Table | None:
        """The table of the second component, or None in a grey picture."""
        return self.tables[self.components[1][2]] if len(self.components) > 1 else None


def read(data: bytes) -> JpegFacts | None:
    """Read the facts of a JPEG file from its bytes, or None where it has no readable header."""
    header = parse(data)
    if header is None:
        return None
    quality, exact = quality_of(header.luminance, header.chrominance)
    return JpegFacts(
        quality=quality,
        quality_exact=exact,
        subsampling=_subsampling(header),
        progressive=header.marker in _PROGRESSIVE,
        tables="standard (libjpeg)" if exact else "custom tables (camera or editor)",
    )


def parse(data: bytes) -> Header | None:
    """Walk the segments up to the first scan. None where frame header or a table it names is missing."""
    if data[:2] != b"\xff\xd8":
        return None
    tables: dict[int, Table] = {}
    frame: tuple[int, int, bytes] | None = None
    at = 2
    for _ in range(_MAX_SEGMENTS):
        at = data.find(b"\xff", at)  # decoders skip what is not a marker, and so must we to see what they see
        while 0 <= at < len(data) and data[at] == 0xFF:
            at += 1
        if at < 0 or at + 2 >= len(data):
            break
        marker = data[at]
        at += 1
        if marker in _STANDALONE or marker == 0:
            continue
        if marker in (_SOS, _EOI):
            break
        length = int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : at + length] if marker == _DQT or marker in _SOF else b""
        if marker == _DQT:
            tables.update(_quantization_tables(body))
        elif marker in _SOF and frame is None:
            frame = marker, at + 2, body
        at += max(length, 2)
    return _header(frame, tables) if frame else None


def _quantization_tables(body: bytes) -> dict[int, Table]:
    """The tables of one DQT segment (T.81, B.2.4.1); what is cut off is left out."""
    tables: dict[int, Table] = {}
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        size = 128 if wide else 64
        steps = np.frombuffer(body[at + 1 : at + 1 + size], dtype=">u2" if wide else np.uint8)
        if steps.size == 64:
            tables[number] = steps.astype(np.int32)
        at += 1 + size
    return tables


def _header(frame: tuple[int, int, bytes], tables: dict[int, Table]) -> Header | None:
    """The frame header (T.81, B.2.2), where it is whole and its tables are there."""
    marker, starts, body = frame
    if len(body) < 6:
        return None
    _, height, width, count = struct.unpack(">BHHB", body[:6])
    parts = [body[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    if not 1 <= count <= 4 or any(len(part) < 3 or part[2] not in tables for part in parts):
        return None
    components = tuple((part[1] >> 4, part[1] & 15, part[2]) for part in parts)
    return Header(marker, width, height, starts + 1, components, tables)


def _subsampling(header: Header) -> str:
    if len(header.components) < 3:
        return "grey"
    (h, v, _), (other_h, other_v, _) = header.components[:2]
    ratio = (h // max(other_h, 1), v // max(other_v, 1))
    return _SUBSAMPLING.get(ratio, f"{h}×{v} to {other_h}×{other_v}")


def standard_tables(quality: int) -> tuple[Table, Table]:
    """The luminance and chrominance tables that the Independent JPEG Group's library writes at ``quality`` 1 to 100."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    luminance, chrominance = (np.clip((base * scale + 50) // 100, 1, 255) for base in (_LUMINANCE, _CHROMINANCE))
    return luminance, chrominance


_STANDARD = np.stack([np.stack(standard_tables(quality)) for quality in range(1, 101)])


def quality_of(luminance: Table, chrominance: Table | None = None) -> tuple[int, bool]:
    """The IJG quality of the tables, and whether they are exactly the standard ones of that quality.

    Parameters
    ----------
    luminance, chrominance
        (64,) steps in zigzag order.

    Returns
    -------
    tuple of int, bool
        1 to 100. Where the tables are others, the quality whose luminance table differs least in sum.
    """
    distance = np.abs(_STANDARD[:, 0] - luminance).sum(axis=1)
    if chrominance is not None:
        exact = np.flatnonzero((distance == 0) & (_STANDARD[:, 1] == chrominance).all(axis=1))
    else:
        exact = np.flatnonzero(distance == 0)
    if exact.size:
        return int(exact[0]) + 1, True
    return int(distance.argmin()) + 1, False
