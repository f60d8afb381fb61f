"""Thresholds keep their promise on pictures they never saw, and the probability has the right slope."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.verdict import conformal, evaluation
from analysis.verdict.bands import PROMISES
from analysis.verdict.probability import platt


def p_of(raw, at):
    return conformal.p_values(np.atleast_1d(raw), conformal.LEVELS, at)


def test_genuine_pictures_reach_each_level_no_more_often_than_promised():
    rng = np.random.default_rng(2)
    kept = []
    for _ in range(40):  # the promise is an average over calibrations, so it is measured over many
        calibration, fresh = rng.normal(size=(2, 400))
        kept.append(p_of(fresh, conformal.thresholds(calibration, np.array(["a"] * 400))))
    p = np.concatenate(kept)
    for _, level in PROMISES:
        assert (p <= level).mean() <= level


def test_few_pictures_never_give_a_small_p_value():
    at = conformal.thresholds(np.arange(50.0), np.array(["a"] * 50))
    assert p_of(1e9, at)[0] >= 1 / 51
    assert p_of(-1e9, at)[0] == pytest.approx(1.0)


def test_a_small_source_of_its_own_counts_for_more_than_its_pictures():
    raw = np.r_[np.zeros(990), np.full(10, 5.0)]
    alone = conformal.survival(raw, np.array(["big"] * 1000), np.array([5.0]))
    apart = conformal.survival(raw, np.array(["big"] * 990 + ["small"] * 10), np.array([5.0]))
    assert apart[0] > 3 * alone[0]


def test_a_group_is_judged_by_the_others():
    raw = np.r_[np.zeros(200), np.full(200, 9.0)]
    groups = np.array(["low"] * 200 + ["high"] * 200)
    p = conformal.left_out(raw, groups)
    assert (p[groups == "high"] < 0.01).all()
    assert (p[groups == "low"] > 0.9).all()
    assert (conformal.left_out(raw, np.array(["one"] * 400)) == 1).all()


def test_the_probability_follows_what_was_true():
    rng = np.random.default_rng(1)
    raw = rng.normal(0, 2, 20_000)
    labels = (rng.random(20_000) < 1 / (1 + np.exp(-(1.5 * raw - 0.5)))).astype(np.int64)
    slope, offset = platt(raw, labels, np.ones(len(raw)))
    assert slope == pytest.approx(1.5, abs=0.08)
    assert offset == pytest.approx(-0.5, abs=0.08)


def test_a_score_that_points_the_wrong_way_says_nothing_rather_than_the_opposite():
    labels = np.repeat([0, 1], 100)
    slope, _ = platt(-labels.astype(float), labels, np.ones(200))
    assert slope == 0


def test_classes_that_do_not_overlap_give_finite_numbers():
    labels = np.repeat([0, 1], 5)
    assert np.isfinite(platt(labels * 9.0, labels, np.ones(10))).all()


def test_figures_of_a_perfect_and_of_an_idle_detector():
    labels = np.repeat([0, 1], 200)
    assert evaluation.auc(labels.astype(float), labels) == 1
    assert evaluation.auc(np.zeros(400), labels) == 0.5
    assert evaluation.tpr_at_fpr(labels.astype(float), labels) == 1
    low, high = evaluation.wilson(0, 100)
    assert low == 0
    assert 0.03 < high < 0.04


def test_every_raw_output_has_a_p_value_of_its_own_that_falls_as_it_rises():
    rng = np.random.default_rng(8)
    at = conformal.thresholds(rng.normal(0, 1, 800), np.array([f"s{k % 40}" for k in range(800)]))
    finite = at < np.inf
    raw = np.linspace(-3.5, 9, 400)
    p = conformal.p_values(raw, conformal.LEVELS[finite], at[finite])
    inside = raw < at[finite][-1]
    assert (np.diff(p) <= 0).all()
    assert len(np.unique(p[inside])) == inside.sum()
    assert (p > 0).all()
    assert (p <= 1).all()


def test_a_promised_share_begins_exactly_at_its_threshold():
    rng = np.random.default_rng(9)
    at = conformal.thresholds(rng.normal(0, 1, 3000), np.array([f"s{k % 60}" for k in range(3000)]))
    for _, level in PROMISES:
        place = int(np.flatnonzero(np.isclose(conformal.LEVELS, level))[0])
        assert conformal.p_values(at[place : place + 1], conformal.LEVELS, at)[0] == pytest.approx(level)
        assert conformal.p_values(at[place : place + 1] - 1e-6, conformal.LEVELS, at)[0] > level
