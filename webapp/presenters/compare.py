"""Two reports side by side: what differs, component by component, the largest difference first."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.explain.rows import component_title, tone
from analysis.report import Report


@dataclass(frozen=True)
class Difference:
    """One component's score in both reports."""

    title: str
    scores: tuple[float | None, float | None]

    @property
    def by(self) -> float | None:
        """How much higher the second is."""
        first, second = self.scores
        return None if first is None or second is None else second - first

    @property
    def tones(self) -> tuple[str, str]:
        """Tones of both bands."""
        return tone(self.scores[0]), tone(self.scores[1])


def component_differences(first: Report, second: Report) -> list[Difference]:
    """All components that at least one of them has a score for."""
    found = []
    for name in dict.fromkeys([*first.components, *second.components]):
        results = first.components.get(name), second.components.get(name)
        scores = tuple(result.score if result else None for result in results)
        if any(score is not None for score in scores):
            title = component_title(first if results[0] else second, name)
            found.append(Difference(title, (scores[0], scores[1])))
    return sorted(found, key=lambda one: (one.by is None, -abs(one.by or 0.0), one.title))
