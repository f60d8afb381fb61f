"""What people say of a report: its owner's note, and the verdict of a reviewer, which stands above the detector's.

Both go with the analysis. A note is the owner's to change and to delete. Of reviews nothing is overwritten: the newest
counts, and who said what, and when, can be read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import StrEnum

import msgspec
from sqlalchemy import ForeignKey, Index, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base
from .rows import Analysis, JobState
from .store import Store

LONGEST_NOTE = 2000
"""Letters a note may have."""
LONGEST_SOURCE = 500
FORMER_REVIEWER = "a former reviewer"
MOST_REVIEWS = 50
"""Reviews one analysis may have."""


class ReviewerSays(StrEnum):
    """What a reviewer concludes."""

    AI = "confirmed_ai"
    GENUINE = "confirmed_genuine"
    WITHDRAWN = "withdrawn"
    """What a reviewer said before does not stand any more."""


class OwnersNote(Base):
    """What its owner says of one analysis, to everyone who may read it."""

    __tablename__ = "notes"

    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str]
    changed_at: Mapped[float]


class Review(Base):
    """One verdict of a reviewer."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    says: Mapped[str]
    source: Mapped[str]
    """How the reviewer knows."""
    reviewer: Mapped[str]
    """Name of the account, as it was then."""
    created_at: Mapped[float]

    __table_args__ = (Index("ix_reviews_analysis", "analysis_id"),)


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One reviewed content as data: what it is, how that is known, and what the detector had said."""

    sha256: str
    label: str
    source: str
    verdict: str | None
    score: float | None
    engine: str | None
    reviewed_at: float


class TooManyReviews(Exception):  # noqa: N818 -- read as "except TooManyReviews": what is the case
    """An analysis has as many as it may have."""


class Remarks:
    """Takes and gives what people say. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put_note(self, analysis_id: str, owner: str, untrusted_text: str) -> bool:
        """Keep a note in the place of the one before; an empty one deletes it. False if there is no such report."""
        text = without_controls(untrusted_text)[:LONGEST_NOTE]
        mine = (Analysis.id == analysis_id, Analysis.owner == owner, Analysis.state == JobState.DONE)
        with self._store.transaction() as session:
            if session.scalar(select(Analysis.id).where(*mine)) is None:
                return False
            if text:
                session.merge(OwnersNote(analysis_id=analysis_id, text=text, changed_at=time.time()))
            else:
                session.execute(delete(OwnersNote).where(OwnersNote.analysis_id == analysis_id))
        if not text:
            self._store.scrub()
        return True

    def note(self, analysis_id: str) -> OwnersNote | None:
        """The owner's note."""
        with self._store.transaction() as session:
            return session.get(OwnersNote, analysis_id)

    def review(self, analysis_id: str, says: ReviewerSays, untrusted_source: str, reviewer: str) -> bool:
        """Add a reviewer's verdict; False if there is no such report.

        Who may is the caller's to know, and so is whether the reviewer may see the report.

        Raises
        ------
        TooManyReviews
            There are ``MOST_REVIEWS`` already.
        """
        source = without_controls(untrusted_source)[:LONGEST_SOURCE]
        done = select(Analysis.id).where(Analysis.id == analysis_id, Analysis.state == JobState.DONE)
        with self._store.transaction() as session:
            if session.scalar(done) is None:
                return False
            said = list(session.scalars(select(Review.id).where(Review.analysis_id == analysis_id)))
            if len(said) >= MOST_REVIEWS:
                raise TooManyReviews
            now = time.time()
            session.add(Review(analysis_id=analysis_id, says=says, source=source, reviewer=reviewer, created_at=now))
        return True

    def reviews(self, analysis_id: str) -> list[Review]:
        """What reviewers have said, newest first."""
        query = select(Review).where(Review.analysis_id == analysis_id).order_by(Review.id.desc())
        with self._store.transaction() as session:
            return list(session.scalars(query))

    def labelled(self) -> Iterator[Labelled]:
        """Every content on whose newest review a label stands; of one content the newest word, once."""
        query = select(Review, Analysis).join(Analysis).order_by(Review.id.desc())
        with self._store.transaction() as session:
            looked_at: set[str] = set()
            contents: set[str] = set()
            for said, row in session.execute(query.execution_options(yield_per=100)):
                if said.analysis_id in looked_at or row.sha256 in contents:
                    continue
                looked_at.add(said.analysis_id)
                if said.says == ReviewerSays.WITHDRAWN:
                    continue
                contents.add(row.sha256)
                yield Labelled(
                    sha256=row.sha256,
                    label="ai" if said.says == ReviewerSays.AI else "real",
                    source=said.source,
                    verdict=row.verdict,
                    score=row.score,
                    engine=row.engine,
                    reviewed_at=said.created_at,
                )


def standing(reviews: list[Review]) -> Review | None:
    """The verdict that counts: the newest, unless it takes back what was said."""
    return reviews[0] if reviews and reviews[0].says != ReviewerSays.WITHDRAWN else None


def without_controls(untrusted_text: str) -> str:
    """Printable letters and line ends: what every database takes and no terminal obeys."""
    ends = untrusted_text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in ends if letter.isprintable() or letter == "\n").strip()
