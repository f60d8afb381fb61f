"""Seen before: perceptual hashes of checks and of the operator's lists, and which check came near which of them.

All of it hangs on the rows it is of: who deletes a check has deleted its hash, and later reports no longer speak of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ForeignKey, Index, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ..settings import SeenScope
from .database import Base
from .rows import Analysis, JobState
from .store import Store

_AT_ONCE = 5000  # rows written in one transaction: others who write wait no longer than that takes


class CheckHash(Base):
    """The hash of a checked picture, or of one frame of a clip."""

    __tablename__ = "check_hashes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    """Never given twice, so that who has read the table up to a number knows what is new."""
    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    hash: Mapped[bytes]

    __table_args__ = (Index("ix_check_hashes_analysis", "analysis_id"), {"sqlite_autoincrement": True})


class HashList(Base):
    """A list of the operator's."""

    __tablename__ = "hash_lists"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str]
    added_at: Mapped[float]
    size: Mapped[int | None]
    """How many hashes it has; None while it is being read, and when that broke off: then it counts for nothing."""

    __table_args__ = ({"sqlite_autoincrement": True},)


class ListedHash(Base):
    """One picture of a list, in the list's own words."""

    __tablename__ = "listed_hashes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("hash_lists.id", ondelete="CASCADE"))
    hash: Mapped[bytes]
    label: Mapped[str]
    source: Mapped[str]
    note: Mapped[str]

    __table_args__ = (Index("ix_listed_hashes_list", "list_id"), {"sqlite_autoincrement": True})


class Sighting(Base):
    """A check that came near an earlier one, or near a picture of a list."""

    __tablename__ = "sightings"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    earlier_id: Mapped[int | None] = mapped_column(ForeignKey("check_hashes.id", ondelete="CASCADE"))
    listed_id: Mapped[int | None] = mapped_column(ForeignKey("listed_hashes.id", ondelete="CASCADE"))
    distance: Mapped[int]
    """Bits of 256 that differ."""
    variant: Mapped[int]
    """Which form of the new picture it was (:data:`analysis.signal.pdq.picture_hash`): 0 as it is."""
    frames: Mapped[int]
    """How many frames of the new file came near it."""

    __table_args__ = (
        Index("ix_sightings_analysis", "analysis_id"),
        Index("ix_sightings_earlier", "earlier_id"),
        Index("ix_sightings_listed", "listed_id"),
    )


@dataclass(frozen=True)
class Listed:
    """One line of a list to be imported."""

    hash: bytes
    label: str
    source: str
    note: str


@dataclass(frozen=True)
class SeenListed:
    """A picture of a list that a check came near."""

    list_name: str
    entry: ListedHash
    sighting: Sighting


@dataclass(frozen=True)
class SeenCheck:
    """An earlier check that another came near; ``own``: of the same owner."""

    earlier: Analysis
    own: bool
    sighting: Sighting


class SeenBefore:
    """Reads what was noted, and keeps the operator's lists. Every method is one transaction, but for imports."""

    def __init__(self, store: Store, scope: SeenScope) -> None:
        self._store, self._scope = store, scope

    def listed(self, row: Analysis) -> list[SeenListed]:
        """Pictures of lists that a check came near, the nearest first."""
        if self._scope is SeenScope.OFF:
            return []
        query = (
            select(HashList.name, ListedHash, Sighting)
            .select_from(Sighting)
            .join(ListedHash, Sighting.listed_id == ListedHash.id)
            .join(HashList, ListedHash.list_id == HashList.id)
            .where(Sighting.analysis_id == row.id, HashList.size.is_not(None))
            .order_by(Sighting.distance, Sighting.id)
        )
        with self._store.transaction() as session:
            return [SeenListed(*found) for found in session.execute(query)]

    def checks(self, row: Analysis) -> list[SeenCheck]:
        """Earlier checks that one came near, as far as they may be told, the nearest first."""
        if self._scope not in {SeenScope.OWN, SeenScope.ALL}:
            return []
        query = (
            select(Analysis, Sighting)
            .select_from(Sighting)
            .join(CheckHash, Sighting.earlier_id == CheckHash.id)
            .join(Analysis, CheckHash.analysis_id == Analysis.id)
            .where(Sighting.analysis_id == row.id, Analysis.state == JobState.DONE, Analysis.report.is_not(None))
            .order_by(Sighting.distance, Sighting.id)
        )
        if self._scope is SeenScope.OWN:
            query = query.where(Analysis.owner == row.owner)
        with self._store.transaction() as session:
            return [SeenCheck(one, one.owner == row.owner, near) for one, near in session.execute(query)]

    def forget_unwanted(self) -> None:
        """Remove the hashes of checks where the setting keeps none (any more)."""
        if self._scope in {SeenScope.OWN, SeenScope.ALL}:
            return
        some = select(CheckHash.id).limit(_AT_ONCE)
        with self._store.transaction() as session:
            session.execute(delete(CheckHash).where(CheckHash.id.in_(some)))

    def lists(self) -> list[HashList]:
        """The operator's lists, by name."""
        query = select(HashList).where(HashList.size.is_not(None)).order_by(HashList.name)
        with self._store.transaction() as session:
            return list(session.scalars(query))

    def add_list(self, name: str, entries: Iterable[Listed]) -> int:
        """Import a list, in the place of an earlier one of that name; return its size.

        It counts from the moment when all of it is there. An import that breaks off leaves the earlier list.
        """
        with self._store.transaction() as session:
            made = HashList(name=name, added_at=time.time(), size=None)
            session.add(made)
            session.flush()
            list_id = made.id
        size, lines = 0, iter(entries)
        while some := list(islice(lines, _AT_ONCE)):
            rows = [
                {"list_id": list_id, "hash": one.hash, "label": one.label, "source": one.source, "note": one.note}
                for one in some
            ]
            with self._store.transaction() as session:
                session.execute(insert(ListedHash), rows)
            size += len(some)
        with self._store.transaction() as session:
            old = list(session.scalars(select(HashList.id).where(HashList.name == name, HashList.id != list_id)))
            session.execute(update(HashList).where(HashList.id.in_(old)).values(size=None))
            session.execute(update(HashList).where(HashList.id == list_id).values(size=size))
        self._drop(old)
        return size

    def remove_list(self, name: str) -> bool:
        """Remove a list with all its hashes; False where there is none of that name."""
        with self._store.transaction() as session:
            gone = list(session.scalars(select(HashList.id).where(HashList.name == name)))
            session.execute(update(HashList).where(HashList.id.in_(gone)).values(size=None))
        self._drop(gone)
        return bool(gone)

    def _drop(self, list_ids: Sequence[int]) -> None:
        for list_id in list_ids:
            some = select(ListedHash.id).where(ListedHash.list_id == list_id).limit(_AT_ONCE)
            gone = True
            while gone:
                with self._store.transaction() as session:
                    removed = delete(ListedHash).where(ListedHash.id.in_(some)).returning(ListedHash.id)
                    gone = bool(session.scalars(removed).all())
        with self._store.transaction() as session:
            session.execute(delete(HashList).where(HashList.id.in_(list_ids)))
        if list_ids:
            self._store.scrub()
