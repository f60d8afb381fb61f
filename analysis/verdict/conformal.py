"""Conformal calibration: thresholds that genuine pictures of unseen sources reach as rarely as promised.

Pictures of one source resemble each other, so a source is nearer to one draw than to as many draws as it has
pictures. The share of genuine pictures at or above a raw output is therefore taken twice, with all pictures alike and
with sources weighted by the root of their size, the larger counts, and a quarter is added.

All of it holds *per condition*: how a picture arrives (as is, a web copy, a hard copy, a screenshot) changes what can
be seen in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from .bands import PROMISES, score_of
from .probability import confidence_of, platt

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = np.unique(
    np.concatenate(
        [[1.0], np.linspace(0.98, 0.5, 25), np.geomspace(0.5, 0.0002, 120), [level for _, level in PROMISES]]
    )
)[::-1]
"""Shares at which thresholds are kept, falling; those that are promised are among them."""

CAUTION = 1.25
"""What the share is multiplied by: without it up to 1.2 % of the pictures of left-out sources reached the 1 % band."""


def source_weights(sources: NDArray[np.str_], power: float = 0.5) -> Floats:
    """Weights that sum to 1: a source counts n^power in total."""
    _, place, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = counts[place] ** (power - 1.0)
    return np.asarray(weights / weights.sum())


def balanced_weights(labels: Ints, sources: NDArray[np.str_]) -> Floats:
    """Weights with mean 1 where both classes are there: classes count alike, within a class sources by n^0.5."""
    weights = np.zeros(len(labels))
    for label in (0, 1):
        if (labels == label).any():
            weights[labels == label] = source_weights(sources[labels == label]) * len(labels) / 2
    return weights


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
    """The p-value of raw outputs by thresholds: exactly the level at a threshold, log-linear between two of them.

    Every raw output has its own p-value but above the last threshold, where nothing smaller can be promised. Below the
    first one p comes near to 1 slowly, so that the least AI-like pictures keep their order.

    Parameters
    ----------
    raw
        (n,) raw outputs.
    levels, at
        Falling shares of genuine pictures, and the rising raw outputs that at most those shares reach. The first level
        is 1, and its threshold is as good as minus infinity.
    """
    known = np.isfinite(at)
    levels, at = levels[known & (levels < 1)], at[known & (levels < 1)]
    if not len(at):
        return np.ones(len(raw))
    p = np.exp(np.interp(raw, at, np.log(levels)))
    below = raw < at[0]
    scale = max(float(at[len(at) // 2] - at[0]) / 4, 1e-9)
    p[below] = 1.0 - (1.0 - levels[0]) / (1.0 + (at[0] - raw[below]) / scale)
    return np.asarray(p)


def left_out(raw: Floats, groups: NDArray[np.str_]) -> Floats:
    """p-values of genuine pictures by thresholds from those of all *other* groups; 1 where there is only one group."""
    p = np.ones(len(raw))
    for group in np.unique(groups):
        inside = groups == group
        if not inside.all():
            p[inside] = p_values(raw[inside], LEVELS, thresholds(raw[~inside], groups[~inside]))
    return p


def out_of_source(raw: Floats, labels: Ints, sources: NDArray[np.str_], groups: NDArray[np.str_]) -> Floats:
    """p-values of measured pictures: a genuine one's by thresholds that saw nothing of its group.

    Parameters
    ----------
    raw, labels, sources
        (n,) raw outputs, 1 where a picture was generated, and where it is from.
    groups
        (n,) what is left out together: the sources, or parts of the pictures where there are few sources.
    """
    genuine = labels == 0
    p = np.ones(len(raw))
    p[genuine] = left_out(raw[genuine], groups[genuine])
    p[~genuine] = p_values(raw[~genuine], LEVELS, thresholds(raw[genuine], sources[genuine]))
    return p


def measured(raw: Floats, labels: Ints, sources: NDArray[np.str_]) -> dict[str, Any]:
    """What :meth:`Condition.of` reads, from pictures with labels; slope and offset 0 where none was generated."""
    genuine = labels == 0
    at = thresholds(raw[genuine], sources[genuine])
    slope, offset = (0.0, 0.0) if genuine.all() else platt(raw, labels, balanced_weights(labels, sources))
    return {
        **listed(at),
        "slope": round(slope, 5),
        "offset": round(offset, 5),
        "genuine": int(genuine.sum()),
        "sources": len(set(sources[genuine])),
    }


def listed(at: Floats) -> dict[str, list[float]]:
    """Levels and the thresholds that are reached at all, for JSON (which knows no infinity)."""
    reached = at < np.inf
    return {
        "levels": np.round(LEVELS[reached], 6).tolist(),
        "thresholds": [-1e9 if t == -np.inf else float(t) for t in at[reached]],
    }


@dataclass(frozen=True)
class Condition:
    """What was measured for one way of arriving.

    Attributes
    ----------
    levels, thresholds
        ``thresholds[i]`` is the raw output that at most ``levels[i]`` of genuine pictures reach; levels fall,
        thresholds rise.
    slope, offset
        P(generated) = sigmoid(slope · raw + offset), classes weighted alike.
    genuine, sources
        Genuine pictures, and the sources they are from.
    """

    levels: Floats
    thresholds: Floats
    slope: float
    offset: float
    genuine: int
    sources: int

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Condition:
        """From its JSON object."""
        return cls(
            levels=np.asarray(data["levels"], dtype=np.float64),
            thresholds=np.asarray(data["thresholds"], dtype=np.float64),
            slope=float(data["slope"]),
            offset=float(data["offset"]),
            genuine=int(data["genuine"]),
            sources=int(data["sources"]),
        )

    def p_value(self, raw: float) -> float:
        """Share of genuine pictures that look at least this AI-like: never 0, see :func:`p_values`."""
        return float(p_values(np.array([raw]), self.levels, self.thresholds)[0])

    def probability(self, raw: float) -> float:
        """P(generated), were both classes equally frequent."""
        return float(expit(self.slope * raw + self.offset))


@dataclass(frozen=True)
class Calibrated:
    """What calibrated scoring says of one picture."""

    condition: str
    raw: float
    p: float
    score: float
    probability: float
    confidence: float

    @classmethod
    def of(cls, condition: str, raw: float, p: float, probability: float) -> Calibrated:
        """Score and confidence follow from the p-value and the chance of being generated."""
        score = score_of(p)
        return cls(
            condition=condition,
            raw=raw,
            p=p,
            score=round(score, 2),
            probability=probability,
            confidence=round(confidence_of(probability, score), 1),
        )


def calibrate(raws: Mapping[str, float], conditions: Mapping[str, Condition]) -> Calibrated:
    """Score a picture whose condition may be one of several: the most cautious of them counts.

    Parameters
    ----------
    raws
        Raw output by plausible condition, see :func:`plausible`.
    conditions
        What was measured, by condition.
    """
    name = max(raws, key=lambda c: conditions[c].p_value(raws[c]))
    condition, raw = conditions[name], raws[name]
    return Calibrated.of(name, raw, condition.p_value(raw), condition.probability(raw))
