"""Conformal calibration: thresholds that genuine pictures of unseen sources reach as rarely as promised.

Pictures of one source resemble each other, so a source is nearer to one draw than to as many draws as it has
pictures. The share of genuine pictures at or above a raw output is therefore taken twice, with all pictures alike and
with sources weighted by the root of their size, the larger counts, and a quarter is added.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]

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


def platt(raw: Floats, labels: NDArray[np.int64], weights: Floats) -> tuple[float, float]:
    """Slope and offset of P(generated) over the raw output."""
    model = LogisticRegression(C=1e4, max_iter=500).fit(raw[:, None], labels, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def p_values(raw: Floats, levels: Floats, at: Floats) -> Floats:
    """The p-value of raw outputs by thresholds, as the product computes it."""
    reached = np.searchsorted(at, raw, side="right")
    return levels[np.maximum(0, reached - 1)]


def left_out(raw: Floats, sources: NDArray[np.str_], groups: Sequence[str], apart: NDArray[np.str_]) -> Floats:
    """p-values of genuine pictures by thresholds from the genuine pictures of all *other* groups."""
    p = np.ones(len(raw))
    for group in groups:
        inside = apart == group
        at = thresholds(raw[~inside], sources[~inside])
        p[inside] = p_values(raw[inside], LEVELS, at)
    return p
