"""Conformal calibration of the shipped detector: the engine's own thresholds, checked with whole groups left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.scoring.conformal import CAUTION, LEVELS, PROMISES, p_values, source_weights, survival, thresholds

__all__ = [
    "CAUTION", "LEVELS", "PROMISES", "left_out", "p_values", "platt", "source_weights", "survival", "thresholds",
]  # fmt: skip

Floats = NDArray[np.float64]


def platt(raw: Floats, labels: NDArray[np.int64], weights: Floats) -> tuple[float, float]:
    """Slope and offset of P(generated) over the raw output."""
    model = LogisticRegression(C=1e4, max_iter=500).fit(raw[:, None], labels, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def left_out(raw: Floats, sources: NDArray[np.str_], groups: Sequence[str], apart: NDArray[np.str_]) -> Floats:
    """p-values of genuine pictures by thresholds from the genuine pictures of all *other* groups."""
    p = np.ones(len(raw))
    for group in groups:
        inside = apart == group
        at = thresholds(raw[~inside], sources[~inside])
        p[inside] = p_values(raw[inside], LEVELS, at)
    return p
