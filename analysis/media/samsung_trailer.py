"""The trailer that Samsung phones write behind a picture: named blocks, and at the very end a directory of them.

It is read from its end: ``SEFT``, before it the length of the directory that begins with ``SEFH``; an entry holds type,
distance back from the directory, and size; a block begins with its type and its name.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_MOST_BLOCKS = 256
_HEAD = 12  # bytes of the directory before its entries, and of each entry


class Block(NamedTuple):
    """One entry of the directory; none of it is checked against the file."""

    kind: int
    start: int
    size: int


class Trailer(NamedTuple):
    """Where the directory begins, and what it lists."""

    directory: int
    blocks: tuple[Block, ...]


def find_trailer(data: bytes) -> Trailer | None:
    """The trailer of a file; None where there is none."""
    length = int.from_bytes(data[-8:-4], "little")
    directory = len(data) - 8 - length
    if not data.endswith(b"SEFT") or directory < 0 or length < _HEAD or data[directory : directory + 4] != b"SEFH":
        return None
    count = min(int.from_bytes(data[directory + 8 : directory + _HEAD], "little"), _MOST_BLOCKS)
    entries = data[directory + _HEAD : directory + _HEAD + _HEAD * count]
    whole = entries[: len(entries) // _HEAD * _HEAD]
    listed = (Block(kind, directory - back, size) for kind, back, size in struct.iter_unpack("<2xHII", whole))
    return Trailer(directory, tuple(block for block in listed if block.start >= 0))
