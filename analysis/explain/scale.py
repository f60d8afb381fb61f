"""The scale of the score: its bands, and from which score on it speaks of AI. These numbers stand here alone."""

from __future__ import annotations

from ..report import Verdict

MILD_FROM, AI_FROM, PROBABLE_FROM, STRONG_FROM = 18.0, 30.0, 45.0, 60.0
AI_BAND, STRONG_BAND = f"{AI_FROM:g}", f"{STRONG_FROM:g}"
"""Keys of measured shares, which are stored by the score at which a band begins."""
BANDS = (
    (STRONG_FROM, Verdict.STRONG_AI),
    (PROBABLE_FROM, Verdict.PROBABLE_AI),
    (AI_FROM, Verdict.SUSPICIOUS),
    (MILD_FROM, Verdict.MOSTLY_REAL),
    (0.0, Verdict.CONSISTENT_WITH_REAL),
)
"""The least score of each band, highest first."""


def band(score: float) -> Verdict:
    """The band of a score, by the verdict that it gives."""
    return next(verdict for least, verdict in BANDS if score >= least)
