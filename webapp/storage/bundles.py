"""What an evidence bundle is made of beside the report: every derived picture, and the report's time stamp."""

from __future__ import annotations

import time

from sqlalchemy import ForeignKey, select
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
        return True
