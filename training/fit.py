"""Learn the head: one strongly regularized linear model over all features; every score from sources left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.verdict.conditions import CONDITIONS

from .corpus import UNTOUCHED, Item, weights_of

Floats = NDArray[np.float32]
Features = Mapping[str, Mapping[str, Floats]]
"""Condition to feature to (n, …)."""


@dataclass(frozen=True)
class LinearMap:
    """Standardizing and a regression, folded into one linear map."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def __call__(self, x: Floats) -> NDArray[np.float64]:
        return np.asarray(x.reshape(len(x), -1).astype(np.float64) @ self.weights + self.bias)

    def scaled(self, by: float) -> LinearMap:
        """The model whose outputs are this one's times a number."""
        return LinearMap(self.weights * by, self.bias * by)


def learn(x: Floats, labels: NDArray[Any], weights: NDArray[np.float64], strength: float) -> LinearMap:
    """One model; for more than two labels one output for each, in their sorted order.

    Parameters
    ----------
    x
        (n, …) features.
    labels, weights
        (n,) what each picture is, and how much it counts.
    strength
        C of the regression over standardized numbers: small is strongly regularized.
    """
    flat = x.reshape(len(x), -1)
    mean, deviation = flat.mean(0), flat.std(0) + np.float32(1e-6)
    found = LogisticRegression(C=strength, max_iter=500, tol=1e-3).fit(
        (flat - mean) / deviation, labels, sample_weight=weights
    )
    coefficients = (found.coef_ / deviation).T.astype(np.float64)
    bias = np.asarray(found.intercept_ - mean.astype(np.float64) @ coefficients)
    if coefficients.shape[1] == 1:
        return LinearMap(coefficients[:, 0], bias[0])
    return LinearMap(coefficients, bias)


def stacked(features: Features, name: str, rows: NDArray[np.intp]) -> Floats:
    """One feature of chosen pictures in all conditions, condition after condition."""
    return np.concatenate([by_name[name][rows] for by_name in features.values()])


def head(
    features: Features, items: Sequence[Item], rows: NDArray[np.intp], settings: Mapping[str, Any]
) -> dict[str, LinearMap]:
    """One regression over all features together, on the chosen pictures in all conditions; a part for each feature.

    The parts add up to the raw output; the bias is with the first.
    """
    chosen = [items[k] for k in rows]
    labels = np.tile(np.array([i.label for i in chosen]), len(CONDITIONS))
    weights = np.tile(weights_of(chosen), len(CONDITIONS))
    parts = {name: stacked(features, name, rows).reshape(len(labels), -1) for name in settings["features"]}
    model = learn(np.concatenate(list(parts.values()), axis=1), labels, weights, settings["strength"])
    ends = np.cumsum([part.shape[1] for part in parts.values()])[:-1]
    split = zip(parts, np.split(model.weights, ends), strict=True)
    return {name: LinearMap(own, model.bias * (k == 0)) for k, (name, own) in enumerate(split)}


def raw(models: Mapping[str, LinearMap], features: Mapping[str, Floats]) -> NDArray[np.float64]:
    """(n,) raw outputs."""
    return np.asarray(sum(model(features[name]) for name, model in models.items()))


@dataclass(frozen=True)
class Fitted:
    """Heads and what they say.

    Attributes
    ----------
    final
        Trained on every source but the untouched: what ships.
    scores
        Condition to (n,): each picture by a head that saw no picture of its source; the untouched by ``final``.
    """

    final: dict[str, LinearMap]
    scores: dict[str, NDArray[np.float64]]


def cross_fit(features: Features, items: Sequence[Item], settings: Mapping[str, Any]) -> Fitted:
    """Train on all folds but one, in turn, and on all."""
    folds = np.array([i.fold for i in items])
    final = head(features, items, np.flatnonzero(folds != UNTOUCHED), settings)
    scores = {c: raw(final, features[c]) for c in CONDITIONS}
    for fold in sorted(set(folds) - {UNTOUCHED}):
        inside = folds == fold
        models = head(features, items, np.flatnonzero(~inside & (folds != UNTOUCHED)), settings)
        for condition in CONDITIONS:
            held = {name: features[condition][name][inside] for name in models}
            scores[condition][inside] = raw(models, held)
    return Fitted(final, scores)
