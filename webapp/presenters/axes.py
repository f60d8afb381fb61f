"""The two axes beside the score: how much the file still shows, and how steady the score is when the file changes."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.explain.headline import band_title, steadiness
from analysis.report import Quality, Stability

from .words import tone


@dataclass(frozen=True)
class Rescored:
    """The score after one change of the file."""

    change: str
    score: float

    @property
    def tone(self) -> str:
        """The tone of its band."""
        return tone(self.score)

    @property
    def band(self) -> str:
        """The title of its band."""
        return band_title(self.score)


@dataclass(frozen=True)
class StabilityStrip:
    """The strip: as it came, then after each change."""

    strip: tuple[Rescored, ...]

    @property
    def varies(self) -> bool:
        """Whether some change gives another answer: a band of another name."""
        return len({one.band for one in self.strip}) > 1

    @property
    def sentence(self) -> str:
        """What the strip shows."""
        return steadiness([one.score for one in self.strip])


def stability(found: Stability | None, score: float | None) -> StabilityStrip | None:
    """The strip of a report; None where there is none."""
    if found is None or score is None or not found.scores:
        return None
    return StabilityStrip((Rescored("as it came", score), *(Rescored(*again) for again in found.scores.items())))


def arrival(found: Quality | None) -> str | None:
    """How the file arrived and what was lost, in a few sentences; None where that was not looked at."""
    return None if found is None else " ".join([f"It arrived {found.arrived}.", *found.lost])


def quality_rows(found: Quality | None) -> list[tuple[str, str]]:
    """How the file arrived, and what was lost on its way, in words."""
    if found is None:
        return []
    return [("Arrived", found.arrived), *(("Lost", sentence) for sentence in found.lost)]
