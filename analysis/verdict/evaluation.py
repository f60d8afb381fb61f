"""Measured figures with their uncertainty: AUC, balanced accuracy, rates with Wilson intervals, ECE, Brier."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata

from .bands import PROMISES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TOUCH = 1e-9  # p-values at a threshold are equal to its level but for rounding


def auc(scores: Floats, labels: Ints) -> float:
    """Area under the ROC curve; ties count half. NaN when a class is missing."""
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative:
        return math.nan
    ranks = rankdata(scores)
    return float((ranks[labels == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def tpr_at_fpr(scores: Floats, labels: Ints, fpr: float = 0.01) -> float:
    """Share of generated pictures above the score that at most ``fpr`` of genuine ones exceed."""
    genuine = np.sort(scores[labels == 0])
    if not len(genuine) or not (labels == 1).any():
        return math.nan
    threshold = genuine[min(len(genuine) - 1, math.ceil(len(genuine) * (1 - fpr)) - 1)]
    return float((scores[labels == 1] > threshold).mean())


def at_or_above(p: Floats) -> dict[str, float]:
    """Share of pictures with these p-values that reach each band, by the score where the band begins."""
    return {str(score): round(float((p <= level + _TOUCH).mean()), 4) for score, level in PROMISES}


def balanced_accuracy(flagged: NDArray[np.bool_], labels: Ints) -> float:
    """Mean of the shares of both classes that are on their side."""
    return float((flagged[labels == 1].mean() + (~flagged[labels == 0]).mean()) / 2)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % Wilson interval of a share; NaN where nothing was counted."""
    if not count:
        return math.nan, math.nan
    interval = binomtest(hits, count).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def bootstrap_by_source(
    statistic: Callable[[Floats, Ints], float],
    scores: Floats,
    labels: Ints,
    sources: NDArray[np.str_],
    *,
    rounds: int = 300,
    seed: int = 1,
) -> tuple[float, float]:
    """95 % interval of a statistic when whole sources are drawn anew: what another corpus might have given."""
    rng = np.random.default_rng(seed)
    names = np.unique(sources)
    places = {name: np.flatnonzero(sources == name) for name in names}
    values = []
    for _ in range(rounds):
        drawn = np.concatenate([places[name] for name in rng.choice(names, len(names))])
        value = statistic(scores[drawn], labels[drawn])
        if not math.isnan(value):
            values.append(value)
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def brier(probability: Floats, labels: Ints, weights: Floats) -> float:
    """Weighted mean squared distance of a probability from what was true."""
    return float(np.average((probability - labels) ** 2, weights=weights))


def calibration_error(probability: Floats, labels: Ints, weights: Floats, bins: int = 10) -> float:
    """Expected calibration error over equally wide bins."""
    place = np.clip((probability * bins).astype(int), 0, bins - 1)
    total = 0.0
    for b in range(bins):
        chosen = place == b
        if chosen.any():
            w = weights[chosen]
            total += w.sum() * abs(np.average(probability[chosen], weights=w) - np.average(labels[chosen], weights=w))
    return float(total / weights.sum())
