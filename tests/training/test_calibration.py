"""Calibration: what ships is what was measured, every figure comes from other sources, clips follow the same rules."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.verdict import conformal
from analysis.verdict.conditions import CONDITIONS
from training import calibrate, clips, measured
from training.corpus import UNTOUCHED, Item


@pytest.fixture
def scored():
    """Twelve sources with raw outputs of two overlapping bells, and one source that was left alone."""
    rng = np.random.default_rng(7)
    sources = [(f"s{k}", k % 2, k % 3) for k in range(12)] + [("apart", 0, UNTOUCHED), ("apart too", 1, UNTOUCHED)]
    items = [Item(f"{g}{n}", g, label, "photo", "", g, fold) for g, label, fold in sources for n in range(50)]
    labels = np.array([i.label for i in items])
    scores = {c: rng.normal(2.0 * labels, 1.0) for c in CONDITIONS}
    return items, scores, {c: np.zeros(len(items), dtype=bool) for c in CONDITIONS}


def test_what_ships_is_read_by_the_product_as_it_was_measured(scored):
    items, scores, declined = scored
    found = calibrate.calibrate(items, scores, declined)
    for condition in CONDITIONS:
        shipped = conformal.Condition.of(found.shipped[condition])
        assert (shipped.genuine, shipped.sources) == (300, 6)
        untouched = [k for k, i in enumerate(items) if i.fold == UNTOUCHED]
        for k in untouched[::17]:
            raw = float(scores[condition][k])
            assert shipped.p_value(raw) == pytest.approx(found.p[condition][k], abs=1e-4)
            assert shipped.probability(raw) == pytest.approx(found.chance[condition][k])


def test_a_source_is_never_held_against_itself(scored):
    items, scores, declined = scored
    groups = np.array([i.group for i in items])
    for condition in CONDITIONS:
        scores[condition][groups == "s0"] += 50  # genuine pictures far above all others
    found = calibrate.calibrate(items, scores, declined)
    shipped = conformal.Condition.of(found.shipped["clean"])
    inside = groups == "s0"
    alone = found.p["clean"][inside].max()
    assert alone < max(shipped.p_value(float(raw)) for raw in scores["clean"][inside]) / 3


def test_declined_pictures_teach_nothing_and_reach_no_band(scored):
    items, scores, declined = scored
    groups = np.array([i.group for i in items])
    for condition in CONDITIONS:
        declined[condition] |= groups == "s0"
    found = calibrate.calibrate(items, scores, declined)
    assert (found.shipped["web"]["genuine"], found.shipped["web"]["sources"]) == (250, 5)
    assert not measured.reaches(found, "web", 18)[groups == "s0"].any()


def test_the_side_taken_where_copies_disagree_is_measured_with_classes_alike():
    items = [Item(f"{k}", "g", label, "photo", "", "g", 0) for k, label in enumerate([0, 0, 0, 0, 1, 1])]
    high, low = 0.001, 0.9
    p = {c: np.full(6, low) for c in CONDITIONS}
    p["web"] = np.array([high, high, high, high, high, low])
    p[CONDITIONS[0]] = np.array([low, low, low, high, high, low])
    # turned: 0 to 2 (genuine, called genuine), 3 and 4; the last one agrees with itself
    assert calibrate.right_where_it_flips(items, p) == pytest.approx((3 / 4 + 1) / 2)


def seen(group: str, label: int, inputs: list[float]) -> clips.LabelledClip:
    return clips.LabelledClip(group, label, group, np.array(inputs), np.array(inputs[:1]))


def test_a_clips_join_has_seen_no_clip_of_its_source():
    rng = np.random.default_rng(3)
    many = [seen(f"s{k}", k % 2, [2.0 * (k % 2) + rng.normal(0, 0.3), 0.0, 0.0]) for k in range(12) for _ in range(4)]
    middle = np.zeros(3)
    before = clips.left_out_scores(many, [0], middle)
    turned = [seen(one.group, 1 - one.label, list(one.inputs)) if one.group == "s0" else one for one in many]
    after = clips.left_out_scores(turned, [0], middle)
    own = np.array([one.group == "s0" for one in many])
    assert np.array_equal(before[own], after[own]), "its own labels have changed its own score"
    assert not np.array_equal(before[~own], after[~own])


def test_what_could_not_be_measured_of_a_clip_counts_as_the_middle():
    one = seen("s", 0, [1.0, np.nan, 3.0])
    assert clips.filled([one], np.array([9.0, 8.0, 7.0])).tolist() == [[1.0, 8.0, 3.0]]
