"""Finds, among a million 256-bit hashes in memory, those near one: a multi-index over sixteen words of 16 bits.

Hashes that differ by at most ``r`` bits differ by at most ``r // 16`` in one of their words. So each word has a table
of who has which value; a search looks up the value and all that differ from it by so few bits, and counts the bits of
those alone. What came after the tables were built is compared one by one, until there is enough to build them anew.

The arrays lie in memory that forked children do not inherit, where the system can do that (Linux): a child reads
untrusted files, and hashes of other people's pictures are none of its business.
"""

from __future__ import annotations

import mmap
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS = 16
_VALUES = 1 << 16
_LOOSE = 4096
"""Hashes that may be outside the tables."""

Hashes = NDArray[np.uint64]
"""(n, 4): each row is one hash."""


def rows_of(hashes: bytes) -> Hashes:
    """Hashes of 32 bytes, one after the other, as rows."""
    return np.frombuffer(hashes, np.uint64).reshape(-1, 4)


def distances(one: Hashes, other: Hashes) -> NDArray[np.int64]:
    """Bits that differ, row by row."""
    return np.bitwise_count(one ^ other).sum(axis=-1, dtype=np.int64)


class HashIndex:
    """Hashes by number, each with a tag of the caller's.

    Parameters
    ----------
    radius
        How many bits may differ from what is searched for.
    """

    def __init__(self, radius: int) -> None:
        self._radius = radius
        wrong = radius // WORDS
        masks = [sum(1 << bit for bit in bits) for n in range(wrong + 1) for bits in combinations(range(16), n)]
        self._masks = np.array(masks, np.uint16)
        self._size = self._built = 0
        self._hashes: Hashes = _private(0, np.uint64, 4)
        self.ids: NDArray[np.int64] = _private(0, np.int64)
        self.tags: NDArray[np.int64] = _private(0, np.int64)
        self._starts: NDArray[np.uint32] = _private(0, np.uint32)
        self._order: NDArray[np.uint32] = _private(0, np.uint32)

    def __len__(self) -> int:
        return self._size

    @property
    def last(self) -> int:
        """The highest number, 0 where there is none."""
        return int(self.ids[: self._size].max(initial=0))

    def add(self, ids: NDArray[np.int64], hashes: Hashes, tags: NDArray[np.int64]) -> None:
        """Take in further hashes."""
        need = self._size + len(ids)
        if need > len(self.ids):
            room = max(need, len(self.ids) * 5 // 4, 1024)
            self._hashes = _grown(self._hashes, self._size, room)
            self.ids, self.tags = _grown(self.ids, self._size, room), _grown(self.tags, self._size, room)
        new = slice(self._size, need)
        self._hashes[new], self.ids[new], self.tags[new] = hashes, ids, tags
        self._size = need

    def build(self) -> None:
        """Put everything into the tables; searches do it by themselves when it is time."""
        words = self._hashes[: self._size].view(np.uint16).reshape(-1, WORDS)
        self._starts, self._order = _private(WORDS, np.uint32, _VALUES + 1), _private(WORDS, np.uint32, self._size)
        for at in range(WORDS):
            word = np.ascontiguousarray(words[:, at])
            self._order[at] = np.argsort(word, kind="stable")
            np.cumsum(np.bincount(word, minlength=_VALUES), out=self._starts[at, 1:])
        self._built = self._size

    def search(self, wanted: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Which are near: places of theirs (in ``ids`` and ``tags``), which of the wanted, and how many bits differ."""
        if self._size - self._built > _LOOSE:
            self.build()
        places, asked = self._looked_up(wanted) if self._built else (np.empty(0, np.int64), np.empty(0, np.int64))
        loose = np.arange(self._built, self._size)
        places = np.concatenate([places, np.tile(loose, len(wanted))])
        asked = np.concatenate([asked, np.repeat(np.arange(len(wanted)), len(loose))])
        far = distances(self._hashes[places], wanted[asked])
        near = far <= self._radius
        found = np.unique(np.stack([places[near], asked[near], far[near]]), axis=1)
        return found[0], found[1], found[2]

    def _looked_up(self, wanted: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Who shares a word with the wanted, or nearly so: places, and which of the wanted."""
        words = np.ascontiguousarray(wanted).view(np.uint16).reshape(-1, WORDS)
        values = (words.T[:, :, np.newaxis] ^ self._masks).astype(np.int64)  # word, wanted, mask
        table = np.arange(WORDS)[:, np.newaxis, np.newaxis]
        first = self._starts[table, values].astype(np.int64).ravel()
        count = self._starts[table, values + 1].astype(np.int64).ravel() - first
        offset = np.broadcast_to(table * self._built, values.shape).ravel()
        asked = np.broadcast_to(np.arange(len(words))[np.newaxis, :, np.newaxis], values.shape).ravel()
        ends = np.cumsum(count)
        total = int(ends[-1])
        within = np.arange(total) - np.repeat(ends - count, count)
        places = self._order.ravel()[np.repeat(first + offset, count) + within]
        return places.astype(np.int64), np.repeat(asked, count)


def _private(rows: int, kind: Any, columns: int = 1) -> NDArray[Any]:
    """An array of zeros that this process keeps from its children."""
    shape = (rows, columns) if columns != 1 else (rows,)
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    if not size:
        return np.empty(shape, kind)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_DONTFORK"):
        memory.madvise(mmap.MADV_DONTFORK)
    return np.frombuffer(memory, kind).reshape(shape)


def _grown(array: NDArray[Any], filled: int, room: int) -> NDArray[Any]:
    grown = _private(room, array.dtype, array.shape[1] if array.ndim == 2 else 1)
    grown[:filled] = array[:filled]
    return grown
