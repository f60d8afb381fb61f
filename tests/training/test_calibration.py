"""Calibration: what ships is what was measured, every figure comes from other sources, clips follow the same rules."""

from __future__ import annotations

from dataclasses import replace

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


def test_a_clips_join_has_seen_no_clip_of_its_source():
    rng = np.random.default_rng(3)
    items = [Item(f"{k}-{n}", "r", k % 2, "photo", "g", f"s{k}", k % 4) for k in range(12) for n in range(4)]
    outputs = [2.0 * item.label + rng.normal(0, 0.3, 8) for item in items]
    fitted = clips.FittedClips({}, {"original": outputs})
    turned = [replace(item, label=1 - item.label) if item.group == "s0" else item for item in items]
    before, after = (clips.joined_scores(fitted, some, ("mean", "deviation"))["original"] for some in (items, turned))
    own = np.array([item.fold == 0 for item in items])
    assert np.array_equal(before[own], after[own]), "its own labels have changed its own score"
    assert not np.array_equal(before[~own], after[~own])


def test_the_mean_alone_is_taken_as_it_is():
    items = [Item(str(k), "r", k % 2, "photo", "g", f"s{k}", k % 3) for k in range(6)]
    outputs = [np.array([k, k + 2.0]) for k in range(6)]
    scores = clips.joined_scores(clips.FittedClips({}, {"original": outputs}), items, ("mean",))
    assert scores["original"].tolist() == [k + 1.0 for k in range(6)]
