"""From measurements to a score, a confidence and words."""

from __future__ import annotations

from typing import Any

import msgspec

from ..report import ComponentResult, Evidence, EvidenceMap, Likeness, Measured, Quality, Report, Scoring, Stability


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What a scoring gives: ``score`` 0 to 100 (None: not scored), ``confidence`` 15 to 90, and what both rest on.

    ``components`` are the measured ones with score and evidence filled in; ``abstained`` says why there is no score.
    """

    score: float | None
    confidence: float | None
    components: dict[str, ComponentResult]
    evidence: tuple[Evidence, ...] = ()
    scoring: Scoring = Scoring.RULES
    abstained: str | None = None
    false_alarm_rate: float | None = None
    """Share of genuine pictures that look at least this AI-like; calibrated scoring only, as is what follows."""
    told: tuple[str, ...] = ()
    """What the score means and what it is worth, in sentences."""
    quality: Quality | None = None
    stability: Stability | None = None
    likeness: Likeness | None = None
    evidence_map: EvidenceMap | None = None
    measured: Measured | None = None

    def in_report(self) -> dict[str, Any]:
        """What the report holds of it, under the same names: all but the evidence and sentences of the summary."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if name in Report.__struct_fields__}
