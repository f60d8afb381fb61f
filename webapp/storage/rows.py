"""What the database holds of an analysis: its row, its derived pictures, and what an upload brings into it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from analysis.report import Report, to_json

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
    """Version of the engine whose report it is (:func:`webapp.intake.submission.engine_version`)."""
    as_clip: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it is an animation (GIF, WebP, PNG) to be looked at frame by frame."""
    numbers_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether no picture of it is to be kept."""
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


@dataclass(frozen=True)
class Upload:
    """What is known of a file when it has arrived."""

    format: str
    size: int
    sha256: str
    media: str
    as_clip: bool = False
    """An animation, or the video beside a picture, is to be looked at frame by frame."""
    numbers_only: bool = False
    """No picture of it shall be kept."""
    may_be_clip: bool = False
    """Of what an address has led to: whether it can be looked at so."""


@dataclass(frozen=True)
class EncodedReport:
    """A report and its JSON, which is stored as it is."""

    report: Report
    json: bytes

    @classmethod
    def of(cls, report: Report) -> EncodedReport:
        """Encode it now."""
        return cls(report, to_json(report))


def picture_type(data: bytes) -> str:
    """Media type of a derived picture, by its first bytes.

    Raises
    ------
    ValueError
        When it is neither WebP nor PNG: nothing else is served to browsers as a picture.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    raise ValueError("a lens is a WebP or PNG picture")
