"""The tables of analyses and of their derived pictures, and the states of a row: what :mod:`webapp.store` reads."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base


class JobState(StrEnum):
    """Where an analysis is; says nothing of what it found."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Ended by the person who asked for it: neither a failure nor a finding."""


class Analysis(Base):
    """One check of one file by one person."""

    __tablename__ = "analyses"

    id: Mapped[str] = mapped_column(primary_key=True)
    """128 random bits, URL-safe."""
    owner: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]
    """When all of it had ended. A row that is done without it has its answer, and more is still being computed."""
    format: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    media: Mapped[str | None]
    """The file's name in the media store, while it waits there."""
    report: Mapped[bytes | None]
    verdict: Mapped[str | None]
    score: Mapped[float | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    name: Mapped[str | None]
    """What its owner calls it; never the file's own name."""
    generator: Mapped[str | None]
    """The program the file itself names, to be found by."""
    upload_key: Mapped[str | None]
    """What the browser calls this upload: sending it again under the same key makes no second analysis."""
    engine: Mapped[str | None]
    """Version of the engine whose report it is (:func:`webapp.intake.engine_version`)."""
    as_clip: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it is an animation (GIF, WebP, PNG) to be looked at frame by frame."""
    runs: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it was begun: a second time when a worker that had to leave handed it back, never a third time."""

    __table_args__ = (
        Index("ix_analyses_owner", "owner", "created_at"),
        Index("ix_analyses_sha256", "owner", "sha256"),
        Index("ix_analyses_state", "state"),
        Index("ix_analyses_upload_key", "owner", "upload_key", unique=True),
        Index("ix_analyses_finished", "finished_at"),
    )


ANSWERED = (Analysis.state == JobState.DONE) & Analysis.finished_at.is_(None) & Analysis.started_at.is_not(None)
"""The answer stands, and more is still being computed."""


class Lens(Base):
    """One derived picture of an analysis."""

    __tablename__ = "lenses"

    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    mime: Mapped[str]
    data: Mapped[bytes]
