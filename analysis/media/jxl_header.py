"""The size of a JPEG XL picture from its header: the decoder reserves the whole picture as soon as it opens a file.

References
----------
.. [1] ISO/IEC 18181-1:2024, annex D (SizeHeader); ISO/IEC 18181-2 (the boxes ``jxlc`` and ``jxlp``).
"""

from __future__ import annotations

from . import heif_boxes

_LONG = ((9, 1), (13, 1), (18, 1), (30, 1))  # bits, and what is added to their value
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def jxl_size(data: bytes) -> tuple[int, int] | None:
    """Width and height; None where there is no readable header."""
    stream = data if data[:2] == b"\xff\x0a" else _in_boxes(data)
    if stream[:2] != b"\xff\x0a" or len(stream) < 12:
        return None
    bits = _Bits(int.from_bytes(stream[2:18], "little"))
    small = bits.take(1)
    height = 8 * (bits.take(5) + 1) if small else bits.long()
    ratio = bits.take(3)
    if ratio:
        numerator, denominator = _RATIOS[ratio - 1]
        return height * numerator // denominator, height
    return (8 * (bits.take(5) + 1) if small else bits.long()), height


def _in_boxes(data: bytes) -> bytes:
    for kind, start, end in heif_boxes.top_level(data):
        if kind == b"jxlc":
            return data[start : min(end, start + 64)]
        if kind == b"jxlp":
            return data[start + 4 : min(end, start + 68)]
    return b""


class _Bits:
    """Bits of a number, the least significant first."""

    def __init__(self, value: int) -> None:
        self._value = value

    def take(self, count: int) -> int:
        """The next ``count`` bits."""
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        return taken

    def long(self) -> int:
        """A number in one of four lengths."""
        bits, offset = _LONG[self.take(2)]
        return self.take(bits) + offset
