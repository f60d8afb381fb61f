"""Joined detectors keep the promise to genuine pictures however their answers hang together."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.verdict.conformal import Condition, calibrate
from analysis.verdict.fusion import SHIPPED_WEIGHT, NetworkAnswer, combine, fuse

LEVELS = np.array([1.0, 0.5, 0.15, 0.05, 0.01, 0.001])


def condition(*thresholds: float) -> Condition:
    return Condition(LEVELS, np.array([-1e9, *thresholds]), slope=1.0, offset=0.0, genuine=1000, sources=9)


@pytest.mark.parametrize("bond", ["independent", "same", "opposite", "worst"])
def test_the_promise_holds_whatever_the_dependence(bond):
    rng = np.random.default_rng(3)
    first = rng.random(200_000)
    second = {
        "independent": rng.random(len(first)),
        "same": first,
        "opposite": 1 - first,
        # small exactly where the first has just missed: the union bound is then met with equality
        "worst": (first * (1 - SHIPPED_WEIGHT) / SHIPPED_WEIGHT - 0.008) % 1.0,
    }[bond]
    joined = np.minimum(1, np.minimum(first / SHIPPED_WEIGHT, second / (1 - SHIPPED_WEIGHT)))
    assert combine(first[0], [second[0]]) == pytest.approx(joined[0])
    for level in (0.01, 0.05, 0.15, 0.5):
        noise = 4 * np.sqrt(level / len(first))
        assert (joined <= level).mean() <= level + noise


def test_without_networks_nothing_changes():
    conditions = {"web": condition(0, 1, 2, 3, 4)}
    assert fuse({"web": 2.5}, conditions, ()) == calibrate({"web": 2.5}, conditions)
    assert combine(0.03, []) == 0.03


def test_a_network_that_is_certain_reaches_the_top_band_and_one_that_is_not_reaches_nothing():
    conditions = {"web": condition(0, 1, 2, 3, 4)}
    sure = NetworkAnswer(9.0, conditions)
    unsure = NetworkAnswer(-9.0, conditions)
    assert fuse({"web": -5.0}, conditions, [sure]).score >= 60
    assert fuse({"web": -5.0}, conditions, [unsure]).score == 0
    lone = fuse({"web": 3.0}, conditions, [unsure])
    assert lone.p == pytest.approx(0.01 / SHIPPED_WEIGHT)
    assert lone.score < calibrate({"web": 3.0}, conditions).score


def test_of_plausible_conditions_the_most_cautious_counts():
    easy, hard = condition(0, 1, 2, 3, 4), condition(5, 6, 7, 8, 9)
    raws, conditions = {"clean": 4.5, "web": 4.5}, {"clean": easy, "web": hard}
    joined = fuse(raws, conditions, [NetworkAnswer(4.5, conditions)])
    assert joined.condition == "web"
    assert joined.p > 0.5


def test_a_condition_the_network_was_not_calibrated_for_lends_it_no_weight():
    conditions = {"web": condition(0, 1, 2, 3, 4)}
    joined = fuse({"web": 3.0}, conditions, [NetworkAnswer(99.0, {"clean": condition(0, 1, 2, 3, 4)})])
    assert joined.p == pytest.approx(0.01 / SHIPPED_WEIGHT)


def test_the_confidence_is_the_measured_one_of_this_pair_or_the_detectors_own():
    conditions = {"web": condition(0, 1, 2, 3, 4)}
    measured = NetworkAnswer(9.0, conditions, {"web": (2.0, -2.0)})
    assert fuse({"web": -1.0}, conditions, [measured]).probability == pytest.approx(
        1 / (1 + np.exp(-(2 * -np.log10(0.001 / (1 - SHIPPED_WEIGHT)) - 2)))
    )
    own = conditions["web"].probability(-1.0)
    assert fuse({"web": -1.0}, conditions, [NetworkAnswer(9.0, conditions)]).probability == own
    assert fuse({"web": -1.0}, conditions, [measured, measured]).probability == own
