"""What the raw outputs are worth, by condition: conformal thresholds, the chance of being generated, the familiar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.utils.extmath import randomized_svd

from analysis.verdict import conformal
from analysis.verdict.abstain import abstention
from analysis.verdict.bands import FLIP, score_of
from analysis.verdict.conditions import CONDITIONS
from analysis.verdict.conformal import balanced_weights
from analysis.verdict.probability import platt

from . import copies, fit
from .corpus import UNTOUCHED, Item

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CalibratedCorpus:
    """What is known of every picture, in the order of the items.

    Attributes
    ----------
    shipped
        Condition to what the product reads.
    p, chance
        Condition to (n,): the p-value and the chance of being generated. Each picture by thresholds and slopes from
        other sources; the untouched by what ships.
    declined
        Condition to (n,) bool: what the picture is like keeps it from being scored.
    """

    shipped: dict[str, dict[str, Any]]
    p: dict[str, Floats]
    chance: dict[str, Floats]
    declined: dict[str, NDArray[np.bool_]]


def calibrate(
    items: Sequence[Item], scores: Mapping[str, Floats], declined: Mapping[str, NDArray[np.bool_]]
) -> CalibratedCorpus:
    """Hold raw outputs against genuine pictures of other sources, condition by condition.

    Pictures that would be declined are calibrated as they are scored: not at all. They count as reaching no band.
    """
    labels = np.array([i.label for i in items])
    folds = np.array([i.fold for i in items])
    groups = np.array([i.group for i in items])
    out = CalibratedCorpus({}, {}, {}, dict(declined))
    for condition in scores:
        raw, usable = scores[condition], ~declined[condition] & (folds != UNTOUCHED)
        genuine = usable & (labels == 0)
        shipped = conformal.measured(raw[usable], labels[usable], groups[usable])
        p = conformal.p_values(raw, conformal.LEVELS, conformal.thresholds(raw[genuine], groups[genuine]))
        chance = expit(shipped["slope"] * raw + shipped["offset"])
        for group in sorted(set(groups[folds != UNTOUCHED])):
            inside = groups == group
            if (genuine & inside).any():
                others = genuine & ~inside
                own = conformal.thresholds(raw[others], groups[others])
                p[inside] = conformal.p_values(raw[inside], conformal.LEVELS, own)
        for fold in sorted(set(folds) - {UNTOUCHED}):
            inside = folds == fold
            others = usable & ~inside
            slope, offset = platt(raw[others], labels[others], balanced_weights(labels[others], groups[others]))
            chance[inside] = expit(slope * raw[inside] + offset)
        out.shipped[condition], out.p[condition], out.chance[condition] = shipped, p, chance
    return out


@dataclass(frozen=True)
class FamiliarityFit:
    """Where calibration pictures lie: the map to coordinates, their spread, and how far is too far."""

    model: fit.LinearMap
    shipped: dict[str, Any]
    far: dict[str, NDArray[np.bool_]]


def familiar(features: fit.Features, items: Sequence[Item], settings: Mapping[str, Any]) -> FamiliarityFit:
    """Principal coordinates of one feature over all conditions, in units of their deviation.

    The rows are *not* standardized by label or source; what most pictures have in common is familiar.
    """
    rows = np.flatnonzero(np.array([i.fold for i in items]) != UNTOUCHED)
    x = fit.stacked(features, settings["feature"], rows)
    flat = x.reshape(len(x), -1)
    mean, deviation = flat.mean(0), flat.std(0) + np.float32(1e-6)
    _, _, turned = randomized_svd((flat - mean) / deviation, settings["directions"], random_state=0)
    weights = (turned / deviation).T.astype(np.float64)
    model = fit.LinearMap(weights, -(mean.astype(np.float64) @ weights))
    placed = model(x)
    middle, scales = placed.mean(0), placed.std(0)

    def distance(points: Floats) -> Floats:
        return np.asarray(np.sqrt((((points - middle) / scales) ** 2).mean(1)))

    limit = float(np.quantile(distance(placed), settings["kept"]))
    far = {c: distance(model(features[c][settings["feature"]])) > limit for c in features}
    shipped = {
        "mean": np.round(middle, 5).tolist(),
        "scales": np.round(scales, 5).tolist(),
        "limit": round(limit, 5),
    }
    return FamiliarityFit(model, shipped, far)


def declined(items: Sequence[Item], copied: Path, far: Mapping[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    """Which copies the product would not score, by what they are like and where they lie."""
    return {
        condition: np.array([
            abstention(copies.read(copied, item.blob, condition), 2.0 if away else 0.0) is not None
            for item, away in zip(items, far[condition], strict=True)
        ])
        for condition in CONDITIONS
    }  # fmt: skip


def right_where_it_flips(items: Sequence[Item], p: Mapping[str, Floats]) -> float:
    """How often the side taken is right among pictures whose copies fall on different sides of "probable".

    Classes are weighted alike: the chance that a reader who knows nothing else would be told right.
    """
    labels = np.array([i.label for i in items])
    above = np.stack([np.array([score_of(float(v)) >= FLIP for v in p[c]]) for c in CONDITIONS])
    turned = above.any(0) & ~above.all(0)
    sides = above[0][turned].astype(int)
    truth = labels[turned]
    if len(set(truth.tolist())) < 2:
        return 0.5  # too few turned to know better than a coin
    return float(np.mean([(sides[truth == c] == c).mean() for c in (0, 1)]))
