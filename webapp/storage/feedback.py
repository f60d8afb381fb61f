"""What people say of a verdict they hold to be wrong: kept beside the analysis, for the operator of this server alone.

It goes with the analysis: who deletes the one has deleted the other. ``python -m webapp feedback`` prints it all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import StrEnum

import msgspec
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from analysis.report import Report, from_json

from .database import Base
from .remarks import without_controls
from .rows import Analysis, JobState
from .store import Store

LONGEST_FEEDBACK = 1000
"""Letters a note may have."""


class Says(StrEnum):
    """What a person says a file is."""

    GENUINE = "genuine"
    EDITED = "edited"
    GENERATED = "generated"
    UNSURE = "unsure"
    """They only doubt the verdict."""


class Feedback(Base):
    """What its owner says one file is."""

    __tablename__ = "feedback"

    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    says: Mapped[str]
    note: Mapped[str]
    """In their own words; empty where they gave none."""
    created_at: Mapped[float]


class FeedbackEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One report of a wrong verdict beside what the engine had found; nothing of who it was."""

    said_at: float
    says: str
    note: str
    sha256: str
    format: str
    engine: str | None
    verdict: str | None
    score: float | None
    scores: dict[str, float | None]


class FeedbackBox:
    """Takes what people say, and hands it to the operator. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, analysis_id: str, owner: str, says: Says, untrusted_note: str) -> bool:
        """Keep what this owner says of an ended analysis, in place of what they said before; False if there is none."""
        mine = (Analysis.id == analysis_id, Analysis.owner == owner, Analysis.state == JobState.DONE)
        with self._store.transaction() as session:
            if session.scalar(select(Analysis.id).where(*mine)) is None:
                return False
            note = without_controls(untrusted_note)
            session.merge(Feedback(analysis_id=analysis_id, says=says, note=note, created_at=time.time()))
        return True

    def of(self, analysis_id: str) -> Feedback | None:
        """What was said of an analysis."""
        with self._store.transaction() as session:
            return session.get(Feedback, analysis_id)

    def entries(self) -> Iterator[FeedbackEntry]:
        """Everything that was said, oldest first."""
        query = select(Feedback, Analysis).join(Analysis).order_by(Feedback.created_at)
        with self._store.transaction() as session:
            for said, row in session.execute(query.execution_options(yield_per=50)):
                found: Report | None = from_json(row.report) if row.report else None
                yield FeedbackEntry(
                    said_at=said.created_at,
                    says=said.says,
                    note=said.note,
                    sha256=row.sha256,
                    format=row.format,
                    engine=row.engine,
                    verdict=row.verdict,
                    score=row.score,
                    scores={name: one.score for name, one in found.components.items()} if found else {},
                )
