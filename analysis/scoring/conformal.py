"""Conformal calibration: thresholds that genuine pictures of unseen sources reach as rarely as promised.

Pictures of one source resemble each other, so a source is nearer to one draw than to as many draws as it has
pictures. The share of genuine pictures at or above a raw output is therefore taken twice, with all pictures alike and
with sources weighted by the root of their size, the larger counts, and a quarter is added.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = np.concatenate([[1.0], np.linspace(0.98, 0.5, 25)[:-1], np.geomspace(0.5, 0.0002, 120)])

CAUTION = 1.25
"""What the share is multiplied by: without it up to 1.2 % of the pictures of left-out sources reached the 1 % band."""

PROMISES = ((60, 0.01), (45, 0.05), (30, 0.15), (18, 0.5))


def source_weights(sources: NDArray[np.str_], power: float = 0.5) -> Floats:
    """Weights that sum to 1: a source counts n^power in total."""
    names, place, counts = np.unique(sources, return_inverse=True, return_counts=True)
    del names
    weights = counts[place] ** (power - 1.0)
    return np.asarray(weights / weights.sum())


def survival(raw: Floats, sources: NDArray[np.str_], at: Floats) -> Floats:
    """Cautious share of genuine pictures that reach each value of ``at``; one unseen picture is added."""
    order = np.argsort(raw)
    ranked = raw[order]
    first = np.searchsorted(ranked, at, side="left")
    share = np.zeros(len(at))
    for weights in (np.full(len(raw), 1 / len(raw)), source_weights(sources)):
        tail = np.concatenate([np.cumsum(weights[order][::-1])[::-1], [0.0]])[first]
        share = np.maximum(share, (tail * len(raw) + 1) / (len(raw) + 1))
    return np.minimum(1.0, CAUTION * share)


def thresholds(raw: Floats, sources: NDArray[np.str_], levels: Floats = LEVELS) -> Floats:
    """The lowest raw output whose survival is at most each level; levels below 1/(n+1) are never reached."""
    candidates = np.unique(raw)
    candidates = np.concatenate([[-np.inf], candidates, [np.nextafter(candidates[-1], np.inf)]])
    share = survival(raw, sources, candidates)
    share = np.minimum.accumulate(share)
    out = np.full(len(levels), np.inf)
    for number, level in enumerate(levels):
        fits = np.flatnonzero(share <= level + 1e-12)
        if len(fits):
            out[number] = candidates[fits[0]]
    return out


def p_values(raw: Floats, levels: Floats, at: Floats) -> Floats:
    """The p-value of raw outputs by thresholds, as the product computes it."""
    reached = np.searchsorted(at, raw, side="right")
    return levels[np.maximum(0, reached - 1)]


def left_out(raw: Floats, groups: NDArray[np.str_]) -> Floats:
    """p-values of genuine pictures by thresholds from those of all *other* groups; 1 where there is only one group."""
    p = np.ones(len(raw))
    for group in np.unique(groups):
        inside = groups == group
        if not inside.all():
            p[inside] = p_values(raw[inside], LEVELS, thresholds(raw[~inside], groups[~inside]))
    return p


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
        probability = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        gradient = x.T @ (w * (probability - target))
        curvature = (x.T * (w * probability * (1 - probability))) @ x + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        beta -= step * min(1.0, 2.0 / (float(np.abs(step).max()) + 1e-12))
        if float(np.abs(step).max()) < 1e-9:
            break
    slope = max(0.0, float(beta[0]) / spread)
    return slope, float(beta[1]) - slope * middle
