"""What stands around the detector's verdict: a reviewer's, the owner's note, whether another detector runs by now."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from analysis.explain.words import VERDICTS, Word

from ..services import services
from ..storage.accounts import REVIEWERS
from ..storage.remarks import OwnersNote, Review, ReviewerSays, standing
from ..storage.rows import Analysis
from ..storage.second_verdicts import LaterVerdict

SAYS = {
    ReviewerSays.AI: Word("Confirmed: made by AI", "spark", "ai"),
    ReviewerSays.GENUINE: Word("Confirmed: genuine", "lens", "unknown"),
    ReviewerSays.WITHDRAWN: Word("Verdict withdrawn", "cross", "unknown"),
}


@dataclass(frozen=True)
class PeopleSay:
    """What people say of a report, newest review first."""

    note: OwnersNote | None
    reviews: list[Review]
    may_review: bool
    """Whether who looks is a reviewer."""

    @property
    def review(self) -> Review | None:
        """The review that counts."""
        return standing(self.reviews)


@dataclass(frozen=True)
class EarlierDetector:
    """That a report was made by another detector than runs now, and what later ones made of what was kept of it."""

    engine: str
    now: str
    later: list[LaterVerdict]


def remarks_context(row: Analysis, engine_now: str) -> dict[str, object]:
    """What templates show around a report, given the engine that would judge now."""
    remarks = services().remarks
    people = PeopleSay(remarks.note(row.id), remarks.reviews(row.id), may_review=is_reviewer())
    earlier = None
    if row.finished_at is not None and row.engine is not None and row.engine != engine_now:
        earlier = EarlierDetector(row.engine, engine_now, services().second_thoughts.of(row.id))
    return {"people": people, "reviewer_says": SAYS, "earlier": earlier, "verdict_words": VERDICTS}


def is_reviewer() -> bool:
    """Whether the account that is signed in here has a reviewer's role; without accounts nobody has."""
    return "account" in g and g.account.role in REVIEWERS
