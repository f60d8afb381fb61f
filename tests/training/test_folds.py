"""Folds: sources stay whole, both classes are spread alike, and nobody's score has seen its own source."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np
import pytest

from analysis.verdict.conditions import CONDITIONS
from training import corpus, fit
from training.corpus import UNTOUCHED, Item

SETTINGS = {"features": ["colors"], "strength": 1.0}


def items(sources: Sequence[tuple[str, int, int]], each: int = 8) -> list[Item]:
    """``each`` pictures of every (source, label, fold)."""
    return [
        Item(f"{group}-{k}", group, label, "photo", "", group, fold)
        for group, label, fold in sources
        for k in range(each)
    ]


def test_every_fold_gets_its_share_of_both_classes():
    sizes = {f"real{k}": (40 + k, 0) for k in range(9)} | {f"ai{k}": (0, 10 + k) for k in range(9)}
    folds = corpus.assign_folds(sizes, 3)
    assert set(folds) == set(sizes)
    for label in (0, 1):
        filled = [sum(sizes[g][label] for g, f in folds.items() if f == fold) for fold in range(3)]
        assert max(filled) - min(filled) <= 0.1 * sum(filled)


def test_one_large_source_does_not_draw_the_small_ones_to_it():
    folds = corpus.assign_folds({"large": (900, 0), "a": (50, 0), "b": (50, 0)}, 2)
    assert folds["a"] == folds["b"] != folds["large"]


def test_galleries_of_the_same_pictures_are_one_source():
    first, second = next(iter(corpus.SAME_SOURCE.items()))
    row = {"label": "ai", "kind": "art", "generator_or_camera": "", "repo": "", "commit": "", "path_in_repo": ""}
    rows = [{**row, "source_group": group, "blob_sha": f"{k}"} for k, group in enumerate((first, second))]
    assert {item.group for item in corpus.choose(rows, cap=5, folds=3, untouched=10**9)} == {second}


def test_what_was_labelled_wrongly_is_left_out(tmp_path):
    excluded = next(csv.DictReader(corpus.EXCLUDED.open(encoding="utf-8")))["blob_sha"]
    manifest, reserved = tmp_path / "manifest.csv", tmp_path / "reserved.txt"
    manifest.write_text(f"blob_sha,repo,kind\n{excluded},a/b,mixed\n0123,a/b,mixed\n")
    reserved.write_text("")
    blobs = {row["blob_sha"] for row in corpus.read(manifest, reserved)}
    assert "0123" in blobs
    assert excluded not in blobs


def test_classes_weigh_alike_and_sources_by_the_root_of_their_size():
    chosen = items([("a", 0, 0)], 16) + items([("b", 0, 0)], 4) + items([("c", 1, 0)], 5)
    weights = corpus.weights_of(chosen)
    labels, groups = np.array([i.label for i in chosen]), np.array([i.group for i in chosen])
    assert weights.mean() == pytest.approx(1)
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum())
    assert weights[groups == "a"].sum() == pytest.approx(2 * weights[groups == "b"].sum())


@pytest.fixture
def confounded():
    """Features that name the source and say nothing of the class: a head that has seen a source knows its pictures."""
    sources = [(f"real{k}", 0, k % 3) for k in range(6)] + [(f"ai{k}", 1, k % 3) for k in range(6)]
    chosen = items(sources) + items([("apart", 0, UNTOUCHED)])
    names = sorted({i.group for i in chosen})
    rng = np.random.default_rng(1)
    one_hot = np.eye(len(names), dtype=np.float32)[[names.index(i.group) for i in chosen]]
    return chosen, {c: {"colors": one_hot + rng.normal(0, 0.01, one_hot.shape).astype(np.float32)} for c in CONDITIONS}


def auc(scores, chosen) -> float:
    labels = np.array([i.label for i in chosen])
    return float(np.mean([a > b for a in scores[labels == 1] for b in scores[labels == 0]]))


def test_no_score_comes_from_a_head_that_has_seen_the_source(confounded):
    chosen, features = confounded
    fitted = fit.cross_fit(features, chosen, SETTINGS)
    seen = fit.raw(fitted.final, features["clean"])
    known = [k for k, i in enumerate(chosen) if i.fold != UNTOUCHED]
    inside = [chosen[k] for k in known]
    assert auc(seen[known], inside) > 0.99, "the shipped head has learned the sources by heart"
    assert auc(fitted.scores["clean"][known], inside) < 0.7, "a score has seen the source it is for"


def test_the_untouched_are_scored_by_what_ships_and_taught_it_nothing(confounded):
    chosen, features = confounded
    apart = np.array([i.fold == UNTOUCHED for i in chosen])
    fitted = fit.cross_fit(features, chosen, SETTINGS)
    assert np.array_equal(fitted.scores["web"][apart], fit.raw(fitted.final, features["web"])[apart])
    kept = {c: {"colors": features[c]["colors"][~apart]} for c in CONDITIONS}
    without = fit.cross_fit(kept, [i for i in chosen if i.fold != UNTOUCHED], SETTINGS)
    assert np.allclose(without.final["colors"].weights, fitted.final["colors"].weights)


def test_the_parts_of_the_head_add_up_to_one_regression():
    chosen = items([("a", 0, 0), ("b", 1, 1)])
    rng = np.random.default_rng(4)
    features = {
        c: {n: rng.normal([[i.label] * 3 for i in chosen], 1).astype(np.float32) for n in ("one", "two")}
        for c in CONDITIONS
    }
    parts = fit.head(features, chosen, np.arange(len(chosen)), {"features": ["one", "two"], "strength": 1.0})
    together = np.concatenate([features["hard"]["one"], features["hard"]["two"]], axis=1)
    whole = together @ np.concatenate([parts["one"].weights, parts["two"].weights]) + parts["one"].bias
    assert fit.raw(parts, features["hard"]) == pytest.approx(whole)
    assert parts["two"].bias == 0
