"""Each component's calibrated score: the shipped parameters, and the mathematics on made ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.facts import Kind
from analysis.registry import all_analyzers
from analysis.report import ComponentResult, Status
from analysis.verdict import components
from analysis.verdict.conditions import CONDITIONS


def made() -> components.ComponentModel:
    """One metric; the raw output is twice its standardised value; raw 1 is reached by 5 % (web) or 1 % (clean)."""
    return components.ComponentModel.of({
        "metrics": ["m"], "mean": [10.0], "scale": [2.0], "weights": [2.0, 0.0], "bias": 0.0,
        "levels": [1.0, 0.05, 0.01],
        "thresholds": {"clean": [-1e9, 0.5, 1.0], "web": [-1e9, 1.0, 3.0]},
        "auc": {"clean": 0.6, "web": 0.6},
    })  # fmt: skip


def test_the_most_cautious_condition_counts() -> None:
    model = made()
    assert model.score({"m": 11.2}, ["clean"]) == pytest.approx(60)  # raw 1.2
    assert model.score({"m": 11.2}, ["web"]) == pytest.approx(45)
    assert model.score({"m": 11.2}, ["clean", "web"]) == pytest.approx(45)
    assert model.score({"m": 9.0}, ["clean"]) == 0


def test_what_is_missing_or_absurd_counts_as_ordinary_or_as_far_as_anything_does() -> None:
    model = made()
    assert model.raw({}) == 0
    assert model.raw({"m": 1e300}) == 2 * components.FURTHEST
    assert math.isfinite(model.raw({"m": math.inf}))


def test_shipped_models_cover_every_component_of_a_still_but_the_one_with_foreign_weights() -> None:
    known = components.models()
    of_stills = {a.component: a for a in all_analyzers() if Kind.IMAGE in a.kinds}
    assert set(known) == set(of_stills) - {"deep"}
    for name, model in known.items():
        assert set(model.metrics) <= {m.name for m in of_stills[name].metrics}
        assert set(model.thresholds) == set(CONDITIONS) == set(model.auc)
        assert np.all(np.diff(model.levels) < 0)
        assert all(np.all(np.diff(t) >= 0) and len(t) == len(model.levels) for t in model.thresholds.values())
        assert all(0.3 < auc < 0.9 for auc in model.auc.values())


def test_a_component_on_another_scale_loses_its_score_and_keeps_its_evidence() -> None:
    ordinary = dict(zip(components.models()["noise"].metrics, components.models()["noise"].mean, strict=True))
    given = {
        "noise": ComponentResult(status=Status.OK, score=99.0, metrics=ordinary),
        "deep": ComponentResult(status=Status.OK, score=99.0, metrics={"layer3_std": 1.0}),
        "color": ComponentResult(status=Status.NOT_APPLICABLE, note="needs color"),
    }
    scores = {name: result.score for name, result in components.score_components(given, ["web"]).items()}
    assert scores["deep"] is None
    assert scores["color"] is None
    assert scores["noise"] is not None
    assert scores["noise"] < 45
