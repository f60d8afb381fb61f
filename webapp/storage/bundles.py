"""What an evidence bundle is made of beside the report: every derived picture, and the report's time stamp."""

from __future__ import annotations

import time

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base
from .rows import Analysis, Lens
from .store import Store


class TimeStamp(Base):
    """What a time-stamp authority answered about one whole report."""

    __tablename__ = "time_stamps"

    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    answer: Mapped[bytes]
    created_at: Mapped[float]


class MissedTimeStamp(Base):
    """When an authority was last asked for the time stamp of a report and gave none."""

    __tablename__ = "missed_time_stamps"

    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    asked_at: Mapped[float]


class BundleParts:
    """Reads what a bundle is made of, and takes time stamps. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pictures(self, analysis_id: str) -> dict[str, bytes]:
        """Every derived picture, by name."""
        with self._store.transaction() as session:
            found = session.execute(select(Lens.name, Lens.data).where(Lens.analysis_id == analysis_id))
            return {name: picture for name, picture in found}  # noqa: C416 -- rows are no pairs to dict()

    def stamp(self, analysis_id: str) -> bytes | None:
        """The time stamp of the report, if there is one."""
        with self._store.transaction() as session:
            return session.scalar(select(TimeStamp.answer).where(TimeStamp.analysis_id == analysis_id))

    def whole_report(self, analysis_id: str) -> bytes | None:
        """The report as it is kept, when nothing of it will follow."""
        query = select(Analysis.report).where(Analysis.id == analysis_id, Analysis.finished_at.is_not(None))
        with self._store.transaction() as session:
            return session.scalar(query)

    def keep_stamp(self, analysis_id: str, of: bytes, answer: bytes) -> bool:
        """Keep a time stamp of just that report; False when it is deleted, or another by now."""
        mine = (Analysis.id == analysis_id, Analysis.report == of)
        with self._store.transaction() as session:
            if session.scalar(select(Analysis.id).where(*mine)) is None:
                return False
            session.merge(TimeStamp(analysis_id=analysis_id, answer=answer, created_at=time.time()))
            session.execute(delete(MissedTimeStamp).where(MissedTimeStamp.analysis_id == analysis_id))
        return True

    def note_missed_stamp(self, analysis_id: str) -> None:
        """Note that a time stamp was asked for, and could not be had."""
        with self._store.transaction() as session:
            if session.scalar(select(Analysis.id).where(Analysis.id == analysis_id)) is not None:
                session.merge(MissedTimeStamp(analysis_id=analysis_id, asked_at=time.time()))

    def missed_stamp(self, analysis_id: str) -> float | None:
        """When a time stamp was last asked for in vain, where there is none."""
        with self._store.transaction() as session:
            return session.scalar(select(MissedTimeStamp.asked_at).where(MissedTimeStamp.analysis_id == analysis_id))
