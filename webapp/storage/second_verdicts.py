"""What verdicts were computed from, where the operator keeps it, and what later detectors make of it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
from sqlalchemy import ForeignKey, Index, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base
from .rows import Analysis, JobState
from .store import Store

_AT_ONCE = 200
_NEVER = 1e12  # a moment after all others


class KeptFeatures(Base):
    """The numbers that one verdict was computed from, as the engine packs them."""

    __tablename__ = "kept_features"

    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes]
    created_at: Mapped[float]

    __table_args__ = (Index("ix_kept_features_created", "created_at"),)


class LaterVerdict(Base):
    """What another detector made of them, beside what had been concluded before."""

    __tablename__ = "second_verdicts"

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    created_at: Mapped[float]
    old_engine: Mapped[str | None]
    old_verdict: Mapped[str | None]
    old_score: Mapped[float | None]
    new_engine: Mapped[str]
    new_verdict: Mapped[str]
    new_score: Mapped[float | None]

    __table_args__ = (Index("ix_second_verdicts_analysis", "analysis_id"),)


class Recomputable(msgspec.Struct, frozen=True):
    """A verdict that another detector can be asked about."""

    id: str
    report: bytes
    features: bytes
    engine: str | None
    verdict: str | None
    score: float | None


class SecondThoughts:
    """Keeps features and later verdicts. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, analysis_id: str, features: bytes) -> None:
        """Keep what an analysis' verdict was computed from; not where only numbers of a picture shall be kept."""
        may = (Analysis.id == analysis_id, Analysis.state == JobState.DONE, Analysis.numbers_only.is_(False))
        with self._store.transaction() as session:
            if session.scalar(select(Analysis.id).where(*may)) is not None:
                session.merge(KeptFeatures(analysis_id=analysis_id, data=features, created_at=time.time()))

    def forget_old(self, days: float) -> None:
        """Remove what was kept for longer; with 0 everything, because it is not wanted any more."""
        before = time.time() - days * 86_400 if days else _NEVER
        old = KeptFeatures.created_at < before
        with self._store.transaction() as session:
            if session.scalar(select(KeptFeatures.analysis_id).where(old).limit(1)) is not None:  # most often not
                session.execute(delete(KeptFeatures).where(old))

    def of_other_engines(self, engine: str) -> Iterator[Recomputable]:
        """Everything kept whose newest verdict is of another engine."""
        latest = select(func.max(LaterVerdict.id)).group_by(LaterVerdict.analysis_id).scalar_subquery()
        query = (
            select(KeptFeatures, Analysis, LaterVerdict)
            .join(Analysis, Analysis.id == KeptFeatures.analysis_id)
            .outerjoin(LaterVerdict, (LaterVerdict.analysis_id == Analysis.id) & LaterVerdict.id.in_(latest))
            .where(Analysis.report.is_not(None), Analysis.finished_at.is_not(None))
            .where(func.coalesce(LaterVerdict.new_engine, Analysis.engine, "") != engine)
            .order_by(KeptFeatures.analysis_id)
        )
        after = ""
        while True:
            with self._store.transaction() as session:
                rows = session.execute(query.where(KeptFeatures.analysis_id > after).limit(_AT_ONCE)).all()
            if not rows:
                return
            for kept, row, later in rows:
                last = (later.new_engine, later.new_verdict, later.new_score) if later else None
                engine_before, verdict, score = last or (row.engine, row.verdict, row.score)
                yield Recomputable(row.id, row.report or b"", kept.data, engine_before, verdict, score)
            after = rows[-1][0].analysis_id

    def add(self, before: Recomputable, engine: str, verdict: str, score: float | None) -> bool:
        """Note what another detector makes of it; False where the analysis is deleted."""
        with self._store.transaction() as session:
            if session.scalar(select(Analysis.id).where(Analysis.id == before.id)) is None:
                return False
            session.add(
                LaterVerdict(
                    analysis_id=before.id,
                    created_at=time.time(),
                    old_engine=before.engine,
                    old_verdict=before.verdict,
                    old_score=before.score,
                    new_engine=engine,
                    new_verdict=verdict,
                    new_score=score,
                )
            )
        return True

    def of(self, analysis_id: str) -> list[LaterVerdict]:
        """What later detectors made of one analysis, newest first."""
        query = select(LaterVerdict).where(LaterVerdict.analysis_id == analysis_id).order_by(LaterVerdict.id.desc())
        with self._store.transaction() as session:
            return list(session.scalars(query))
