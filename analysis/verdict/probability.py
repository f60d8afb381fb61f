"""The measured chance that a picture was generated, and the confidence that is stated of a verdict."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ..explain.scale import AI_FROM

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOWEST_CONFIDENCE, HIGHEST_CONFIDENCE = 15.0, 90.0


def confidence_of(probability: float, score: float) -> float:
    """The measured chance, in percent, that the side taken is right: AI where the score speaks of it, else genuine."""
    right = probability if score >= AI_FROM else 1.0 - probability
    return max(LOWEST_CONFIDENCE, min(HIGHEST_CONFIDENCE, 100.0 * right))


def platt(raw: Floats, labels: Ints, weights: Floats, *, rounds: int = 100) -> tuple[float, float]:
    """Slope and offset of P(generated) = sigmoid(slope · raw + offset), by damped Newton steps.

    The slope never falls below 0, and targets are drawn in as Platt proposes, so that classes which do not overlap
    still give finite numbers.

    References
    ----------
    J. Platt, "Probabilistic Outputs for Support Vector Machines", Advances in Large Margin Classifiers, 1999.
    H.-T. Lin, C.-J. Lin, R. Weng, "A note on Platt's probabilistic outputs", 2007. :DOI:`10.1007/s10994-007-5018-6`
    """
    counts = [int((labels == c).sum()) for c in (0, 1)]
    target = np.where(labels == 1, (counts[1] + 1) / (counts[1] + 2), 1 / (counts[0] + 2))
    middle, spread = float(np.average(raw, weights=weights)), float(raw.std()) or 1.0
    x = np.stack([(raw - middle) / spread, np.ones(len(raw))], axis=1)
    w = weights / weights.sum()
    beta = np.zeros(2)
    for _ in range(rounds):
        probability = expit(x @ beta)
        gradient = x.T @ (w * (probability - target))
        curvature = (x.T * (w * probability * (1 - probability))) @ x + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        beta -= step * min(1.0, 2.0 / (float(np.abs(step).max()) + 1e-12))
        if float(np.abs(step).max()) < 1e-9:
            break
    slope = max(0.0, float(beta[0]) / spread)
    return slope, float(beta[1]) - slope * middle
