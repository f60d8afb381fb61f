"""The two axes beside the score: how much the file still shows, and how steady the score is when the file changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.explain.headline import band_title, steadiness

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
class Stability:
    """The strip: as it came, then after each change."""

    strip: tuple[Rescored, ...]
    notes: tuple[str, ...] = ()

    @property
    def varies(self) -> bool:
        """Whether some change gives another answer: a band of another name."""
        return len({one.band for one in self.strip}) > 1

    @property
    def sentence(self) -> str:
        """What the strip shows."""
        return steadiness([one.score for one in self.strip])


def stability(found: Mapping[str, Any] | None, score: float | None) -> Stability | None:
    """The strip of a report; None where there is none.

    Changes and their scores stand in the mapping itself or under ``scores``; sentences beside them are shown.
    """
    if not found or score is None:
        return None
    given = found.get("scores")
    scores = given if isinstance(given, Mapping) else found
    strip = [Rescored(str(name), float(value)) for name, value in scores.items() if _is_score(value)]
    if not strip:
        return None
    notes = tuple(value for value in found.values() if isinstance(value, str) and " " in value)
    return Stability((Rescored("as it came", float(score)), *strip), notes)


def arrival(found: Mapping[str, Any] | None) -> str | None:
    """How the file arrived and what was lost, in a few sentences; None where that was not looked at."""
    if not found:
        return None
    arrived, lost = found.get("arrived"), found.get("lost")
    said = [f"It arrived {arrived}." if isinstance(arrived, str) else "", *(lost if isinstance(lost, list) else [])]
    return " ".join(one for one in said if isinstance(one, str) and one) or None


def quality_rows(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What was lost on the file's way, in words: sentences first, then named facts."""
    if not found:
        return []
    rows: list[tuple[str, str]] = []
    for name, value in found.items():
        label = str(name).replace("_", " ").capitalize()
        listed = value if isinstance(value, list | tuple) else [value]
        for entry in listed:
            if isinstance(entry, bool):
                rows.append((label, "yes" if entry else "no"))
            elif isinstance(entry, int | float):
                rows.append((label, f"{float(entry):.4g}"))
            elif isinstance(entry, str) and entry:
                rows.append((label, entry))
    return rows


def _is_score(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100
