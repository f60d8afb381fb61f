"""The bands of the score: the only place that knows 18, 30, 45 and 60, and what each of them promises.

The score is a monotone map of the conformal p-value: the share of genuine calibration pictures, of sources the model
had not seen, that look at least as AI-like. The map is fixed so that the bands keep their promise: p = 1 %, 5 %, 15 %
and 50 % are the scores 60, 45, 30 and 18.
"""

from __future__ import annotations

import itertools
import math

PROMISES = ((60, 0.01), (45, 0.05), (30, 0.15), (18, 0.5))
"""From which score on at most which share of genuine pictures lands."""

FLIP = 45.0
"""From here on a score says at least "probable"; a change that crosses it turns what the score says."""

LEAST_SUSPICIOUS = 30.0
"""From here on a score speaks of AI at all; below it no sign was found."""

SCORE_OF_P = ((1.0, 0.0), (0.5, 18.0), (0.15, 30.0), (0.05, 45.0), (0.01, 60.0), (0.001, 85.0), (0.0001, 100.0))
"""Knots of the map from p-value to score; linear in log p between them (linear in p above one half)."""


def score_of(p: float) -> float:
    """The score, 0 to 100, of a p-value in (0, 1]: lower p, higher score.

    >>> [round(score_of(p)) for p in (1.0, 0.5, 0.15, 0.05, 0.01)]
    [0, 18, 30, 45, 60]
    """
    if p >= 0.5:
        return 18.0 * (1.0 - min(p, 1.0)) / 0.5
    for (upper, low), (lower, high) in itertools.pairwise(SCORE_OF_P[1:]):
        if p >= lower:
            share = (math.log(upper) - math.log(p)) / (math.log(upper) - math.log(lower))
            return low + share * (high - low)
    return 100.0
