"""How the detector came to be what it is: earlier ones from a file of facts, today's from its own statement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analysis.explain.scale import AI_BAND

from ..settings import ROOT
from .accuracy import preferred

_EARLIER = ROOT / "docs" / "versions.json"


@dataclass(frozen=True)
class PastDetector:
    """One detector with what was measured of it then, in hundredths; by how the picture arrives."""

    made: str
    what: str
    genuine: int
    generated: int
    sources: int
    auc: tuple[float, float]
    """As it was made, as a strongly compressed copy."""
    found: tuple[float, float]
    """Of 100 AI pictures, at a threshold that 1 in 100 genuine ones reaches."""
    wronged: tuple[float, float]
    """Of 100 genuine pictures, with a score from 30 on."""

    @classmethod
    def of(cls, stated: dict[str, Any], what: str) -> PastDetector:
        """From what the parameters state."""
        measured = [stated["figures"][name] for name in ("clean", "hard")]
        pictures = stated["pictures"]
        return cls(
            made=stated["made"],
            what=what,
            genuine=pictures["genuine"],
            generated=pictures["generated"],
            sources=pictures["sources"],
            auc=_pair(one["auc"] for one in measured),
            found=_pair(100 * one["tpr_at_1_percent_fpr"] for one in measured),
            wronged=_pair(100 * one["genuine_at_or_above"][AI_BAND] for one in measured),
        )


@cache
def detectors(model: Path | None = None, earlier: Path = _EARLIER) -> list[PastDetector]:
    """The detector that ships and those before it, newest first; of what is not measured there is no row."""
    model = model or preferred()
    rows = []
    if earlier.is_file():
        rows = [PastDetector.of(one, one["what"]) for one in json.loads(earlier.read_text())["detectors"]]
    if model is not None and model.is_file():
        stated = json.loads(model.read_text())
        now = PastDetector.of(stated, f"The detector that ships now: {stated['recipe']}.")
        rows = [one for one in rows if (one.made, one.auc) != (now.made, now.auc)] + [now]
    return rows[::-1]


def _pair(values: Any) -> tuple[float, float]:
    first, second = (round(float(value), 4) for value in values)
    return first, second
