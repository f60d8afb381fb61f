"""Linear models over pooled features: standardise, principal components, logistic regression with source weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.utils.extmath import randomized_svd

Floats = NDArray[np.float64]


@dataclass
class Linear:
    """``bias + features · weights``; the components are kept for distances."""

    weights: Floats
    bias: float

    def __call__(self, features: NDArray[np.float32]) -> Floats:
        return features.astype(np.float64) @ self.weights + self.bias


def principal(
    features: NDArray[np.float32], components: int, sample: int = 4000, seed: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Mean, deviation and leading directions (columns) of standardised features."""
    rng = np.random.default_rng(seed)
    if len(features) > sample:
        features = features[np.sort(rng.choice(len(features), sample, replace=False))]
    values = features.astype(np.float64)
    mean, deviation = values.mean(0), values.std(0) + 1e-3
    values = (values - mean) / deviation
    if components >= features.shape[1] // 2:
        _, _, rows = np.linalg.svd(values, full_matrices=False)
    else:
        _, _, rows = randomized_svd(values, components, n_iter=4, random_state=seed)
    return mean, deviation, rows[:components].T


def fit(
    features: NDArray[np.float32], labels: NDArray[np.int64], weights: Floats, components: int = 128, c: float = 0.001
) -> Linear:
    """Logistic regression on principal components (0: on all, standardised), as one vector over the features."""
    mean, deviation, directions = principal(features, components or features.shape[1])
    reduced = ((features - mean) / deviation) @ directions
    model = LogisticRegression(C=c, max_iter=300)
    model.fit(reduced, labels, sample_weight=weights)
    folded = (directions @ model.coef_[0]) / deviation
    return Linear(folded, float(model.intercept_[0] - mean @ folded))
