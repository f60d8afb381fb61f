"""What the bands of the score promise, and the map from p-value to score that keeps it.

The score is a monotone map of the conformal p-value: the share of genuine calibration pictures, of sources the model
had not seen, that look at least as AI-like. The map is fixed so that the bands keep their promise: p = 1 %, 5 %, 15 %
and 50 % are the scores 60, 45, 30 and 18.
"""

from __future__ import annotations

import itertools
import math

from ..explain.scale import BANDS, PROBABLE_FROM

PROMISES = tuple((int(least), share) for (least, _), share in zip(BANDS, (0.01, 0.05, 0.15, 0.5), strict=False))
"""From which score on at most which share of genuine pictures lands."""

FLIP = PROBABLE_FROM
"""From here on a score says at least "probable"; a change that crosses it turns what the score says."""

_PROMISED = tuple((share, float(least)) for least, share in reversed(PROMISES))
SCORE_OF_P = ((1.0, 0.0), *_PROMISED, (0.001, 85.0), (0.0001, 100.0))
"""Knots of the map from p-value to score; linear in log p between them (linear in p above one half)."""


def score_of(p: float) -> float:
    """The score, 0 to 100, of a p-value in (0, 1]: lower p, higher score.

    >>> [round(score_of(p)) for p in (1.0, 0.5, 0.15, 0.05, 0.01)]
    [0, 18, 30, 45, 60]
    """
    half, mild = SCORE_OF_P[1]
    if p >= half:
        return mild * (1.0 - min(p, 1.0)) / (1.0 - half)
    for (upper, low), (lower, high) in itertools.pairwise(SCORE_OF_P[1:]):
        if p >= lower:
            share = (math.log(upper) - math.log(p)) / (math.log(upper) - math.log(lower))
            return low + share * (high - low)
    return 100.0
