"""The worker's side of "seen before": hashes in memory, kept true to the database, and what a new check comes near."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ..settings import SeenScope
from .hash_index import HashIndex, rows_of
from .rows import Analysis, JobState
from .seen import CheckHash, HashList, ListedHash, Sighting
from .store import Store

RADIUS = 31
"""Bits of 256 within which two hashes are taken for copies of one picture: docs/seen.md has what that was chosen by."""
MOST = 5
"""Earlier checks of one's own, and pictures of lists, that are noted."""
_CANDIDATES = 1000  # of the nearest hashes that are looked up to find so many
_CHUNK = 20_000
_HEX = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class HashedFrame(msgspec.Struct, frozen=True):
    """What the child says of one picture: its hash, then those of its mirrored and turned forms."""

    variants: Annotated[list[_HEX], msgspec.Meta(min_length=1, max_length=8)]


HashedFrames = Annotated[list[HashedFrame], msgspec.Meta(max_length=256)]


@dataclass(frozen=True)
class _Near:
    """A hash that was found: its number, the fewest bits that differ, in which form, and which frames are near it."""

    id: int
    distance: int
    variant: int
    frames: frozenset[int]


class SeenSearch:
    """Compares new checks with what is known, and notes both. One for each worker; not for several threads."""

    def __init__(self, store: Store, scope: SeenScope) -> None:
        self._store, self._scope = store, scope
        self._checks = HashIndex(RADIUS)
        self._lists = HashIndex(RADIUS)
        self._known_lists: list[tuple[int, int]] = []

    @property
    def keeps_hashes(self) -> bool:
        """Whether hashes of checks are kept at all."""
        return self._scope in {SeenScope.OWN, SeenScope.ALL}

    def refresh(self) -> None:
        """Forget what is gone, for good; called every now and then. :meth:`note` sees what is new itself."""
        if self._scope is SeenScope.OFF:
            return
        with self._store.transaction() as session:
            self._read_new(session)
            if self.keeps_hashes and session.scalar(select(func.count()).select_from(CheckHash)) != len(self._checks):
                self._checks = HashIndex(RADIUS)
                self._read_new(session)

    def note(self, analysis_id: str, frames: Sequence[HashedFrame]) -> None:
        """Compare a running check with what is known, note what it came near, and its own hashes."""
        if self._scope is SeenScope.OFF or not frames:
            return
        with self._store.transaction() as session:
            row = session.scalar(select(Analysis).where(Analysis.id == analysis_id, Analysis.state == JobState.RUNNING))
            if row is None:
                return  # deleted or cancelled meanwhile
            self._read_new(session)
            for near in _nearest(self._lists, frames)[:MOST]:
                session.add(_sighting(row, near, listed_id=near.id))
            if not self.keeps_hashes:
                return
            for near in self._earlier(session, row, frames):
                session.add(_sighting(row, near, earlier_id=near.id))
            if not row.numbers_only:  # who asks that no picture be kept is not to be recognized by one either
                own = [bytes.fromhex(one.variants[0]) for one in frames]
                session.add_all(CheckHash(analysis_id=row.id, hash=one) for one in own)

    def _earlier(self, session: Session, row: Analysis, frames: Sequence[HashedFrame]) -> list[_Near]:
        """One's own nearest checks, and of all others the earliest of the nearest: the database has the last word."""
        own = self._checks.tags[: len(self._checks)] == _tag(row.owner)
        chosen = self._confirmed(session, _nearest(self._checks, frames, own))
        mine = [near for near, owner, _ in chosen if owner == row.owner][:MOST]
        if self._scope is SeenScope.OWN:
            return mine
        others = self._confirmed(session, _nearest(self._checks, frames, ~own))
        theirs = sorted((made, near.id, near) for near, owner, made in others if owner != row.owner)
        return mine + [near for _, _, near in theirs[:1]]

    def _confirmed(self, session: Session, found: list[_Near]) -> list[tuple[_Near, str, float]]:
        """What is still there and means the same, one for each check, the nearest first: with its owner and time."""
        by_id = {near.id: near for near in found[:_CANDIDATES]}
        query = (
            select(CheckHash.id, CheckHash.analysis_id, Analysis.owner, Analysis.created_at)
            .join(Analysis, CheckHash.analysis_id == Analysis.id)
            .where(CheckHash.id.in_(by_id), Analysis.state == JobState.DONE)
        )
        best: dict[str, tuple[_Near, str, float]] = {}
        for hash_id, analysis_id, owner, made in session.execute(query):
            near = by_id[hash_id]
            known = best.get(analysis_id)
            if known is not None:
                nearer = min(near, known[0], key=lambda one: one.distance)
                near = replace(nearer, frames=near.frames | known[0].frames)
            best[analysis_id] = (near, owner, made)
        return sorted(best.values(), key=lambda one: (one[0].distance, -one[2]))

    def _read_new(self, session: Session) -> None:
        """Take in what came since."""
        if self.keeps_hashes:
            since = select(CheckHash.id, CheckHash.hash, Analysis.owner).join(Analysis)
            _read(session, self._checks, since.where(CheckHash.id > self._checks.last).order_by(CheckHash.id))
        ready = select(HashList.id, HashList.size).where(HashList.size.is_not(None)).order_by(HashList.id)
        known = [(list_id, size or 0) for list_id, size in session.execute(ready)]
        if known != self._known_lists:
            self._lists = HashIndex(RADIUS)
            ids = [list_id for list_id, _ in known]
            _read(session, self._lists, select(ListedHash.id, ListedHash.hash).where(ListedHash.list_id.in_(ids)))
            self._known_lists = known


def _read(session: Session, index: HashIndex, query: Select[*tuple[Any, ...]]) -> None:
    for some in session.execute(query.execution_options(yield_per=_CHUNK)).partitions():
        ids = np.fromiter((row[0] for row in some), np.int64, len(some))
        tags = np.fromiter((_tag(row[2]) if len(row) > 2 else 0 for row in some), np.int64, len(some))
        index.add(ids, rows_of(b"".join(row[1] for row in some)), tags)


def _nearest(index: HashIndex, frames: Sequence[HashedFrame], counts: NDArray[np.bool_] | None = None) -> list[_Near]:
    """Hashes near one of the frames in one of its forms, the nearest first; only those that count, if that is said."""
    forms = [(number, variant) for number, one in enumerate(frames) for variant in range(len(one.variants))]
    places, asked, far = index.search(rows_of(bytes.fromhex("".join(form for one in frames for form in one.variants))))
    order = np.lexsort((asked, far))
    best: dict[int, _Near] = {}
    for at in order if counts is None else order[counts[places[order]]]:
        hash_id, (frame, variant) = int(index.ids[places[at]]), forms[int(asked[at])]
        known = best.setdefault(hash_id, _Near(hash_id, int(far[at]), variant, frozenset()))
        best[hash_id] = replace(known, frames=known.frames | {frame})
    return list(best.values())


def _sighting(row: Analysis, near: _Near, *, earlier_id: int | None = None, listed_id: int | None = None) -> Sighting:
    return Sighting(
        analysis_id=row.id,
        earlier_id=earlier_id,
        listed_id=listed_id,
        distance=near.distance,
        variant=near.variant,
        frames=len(near.frames),
    )


def _tag(owner: str) -> int:
    """An owner in 64 bits."""
    return int.from_bytes(hashlib.blake2b(owner.encode(), digest_size=8).digest(), signed=True)
