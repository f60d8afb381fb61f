"""Each component's own calibrated score: what its metrics say alone, on the scale of the headline.

A small logistic model over a component's metrics and their squares (a value may be odd on either side), held against
genuine pictures of unseen sources as the headline is: at a score of 60 at most 1 genuine picture in 100, by this
component alone. Alone, none of them tells much: the figures are beside the parameters, and the page shows them. The
parameters are made by ``training.components``; component ``deep`` has none, its weights are not on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..report import ComponentResult, Status
from . import ranges
from .bands import score_of

Floats = NDArray[np.float64]

FURTHEST = 4.0
"""Deviations from the mean beyond which a metric counts as this far: one odd number does not decide."""


@dataclass(frozen=True)
class ComponentModel:
    """One component's parameters.

    Attributes
    ----------
    metrics
        Their names, in the order of ``mean``, ``scale`` and the first half of ``weights``; the second half is for
        their squares.
    levels
        Shares of genuine pictures, falling.
    thresholds
        By condition, the raw output that at most that share reaches.
    auc
        By condition, measured on sources left out; 0.5 is chance.
    """

    metrics: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    bias: float
    levels: Floats
    thresholds: Mapping[str, Floats]
    auc: Mapping[str, float]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ComponentModel:
        """From its JSON object."""
        mean, scale, weights, levels = (
            np.asarray(data[name], dtype=np.float64) for name in ("mean", "scale", "weights", "levels")
        )
        return cls(
            metrics=tuple(data["metrics"]),
            mean=mean,
            scale=scale,
            weights=weights,
            bias=float(data["bias"]),
            levels=levels,
            thresholds={c: np.asarray(t, dtype=np.float64) for c, t in data["thresholds"].items()},
            auc=dict(data["auc"]),
        )

    def raw(self, metrics: Mapping[str, float]) -> float:
        """The model's output; a metric that is missing counts as ordinary."""
        values = np.array([metrics.get(name, np.nan) for name in self.metrics])
        return float(inputs(values[None], self.mean, self.scale)[0] @ self.weights + self.bias)

    def score(self, metrics: Mapping[str, float], ways: Sequence[str]) -> float:
        """0 to 100 by the most cautious of the conditions in which the picture may have arrived."""
        raw = self.raw(metrics)
        reached = [int(np.searchsorted(self.thresholds[way], raw, side="right")) for way in ways]
        return score_of(max(float(self.levels[max(0, r - 1)]) for r in reached))


def inputs(values: Floats, mean: Floats, scale: Floats) -> Floats:
    """Standardised metrics and their squares, (n, 2·k); what was not measured is 0, as the mean is."""
    z = np.clip((values - mean) / scale, -FURTHEST, FURTHEST)
    z = np.where(np.isfinite(z), z, 0.0)
    return np.concatenate([z, z * z], axis=1)


@cache
def models() -> dict[str, ComponentModel]:
    """The parameters that ship, by component."""
    file = resources.files("analysis") / "models" / "components.json"
    return {
        name: ComponentModel.of(data)
        for name, data in json.loads(file.read_text(encoding="utf-8"))["components"].items()
    }


def score_components(components: Mapping[str, ComponentResult], ways: Sequence[str]) -> dict[str, ComponentResult]:
    """The measured components with calibrated scores and measured ranges; without a model of its own one has no score.

    The rules' evidence is not among it: it compares with ranges that were set by hand and that few genuine pictures
    keep to, so beside a calibrated score it would accuse nearly every photograph.
    """
    known = models()
    return {
        name: msgspec.structs.replace(
            result,
            score=round(known[name].score(result.metrics, ways), 1)
            if name in known and result.status is Status.OK
            else None,
            ranges=ranges.ranges_of(name, result.metrics, ways),
        )
        for name, result in components.items()
    }
