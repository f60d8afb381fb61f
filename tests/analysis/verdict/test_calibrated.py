"""The mathematics of calibrated scoring: bands, caution, monotony."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from analysis.verdict import abstain, bands, conditions, conformal, probability


def a_condition(count: int = 99) -> conformal.Condition:
    levels = np.array([1.0, *((count - k) / (count + 1) for k in range(count))])
    return conformal.Condition(
        levels=levels,
        thresholds=np.array([-1e9, *np.linspace(-3, 3, count)]),
        slope=1.5,
        offset=0.1,
        genuine=count,
        sources=7,
    )


@pytest.mark.parametrize(("p", "score"), [(1.0, 0), (0.5, 18), (0.15, 30), (0.05, 45), (0.01, 60), (1e-9, 100)])
def test_the_bands_are_where_the_promises_say(p: float, score: float) -> None:
    assert bands.score_of(p) == pytest.approx(score)


def test_the_score_falls_strictly_as_p_grows() -> None:
    scores = [bands.score_of(p) for p in np.geomspace(1e-4, 1.0, 200)]
    assert all(a > b for a, b in itertools.pairwise(scores))


def test_a_p_value_is_never_zero_and_falls_as_the_output_grows() -> None:
    condition = a_condition()
    values = [condition.p_value(raw) for raw in np.linspace(-10, 10, 50)]
    assert values[0] == pytest.approx(1.0, abs=0.05)
    assert values[-1] == pytest.approx(0.01)
    assert all(a >= b for a, b in itertools.pairwise(values))


def test_the_most_cautious_of_the_plausible_conditions_counts() -> None:
    measured = {"clean": a_condition(), "screenshot": a_condition()}
    found = conformal.calibrate({"clean": 2.9, "screenshot": 0.0}, measured)
    assert found.condition == "screenshot"
    assert found.p == measured["screenshot"].p_value(0.0)


@pytest.mark.parametrize("score", [0.0, 29.9, 30.0, 100.0])
@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_confidence_stays_in_its_range(chance: float, score: float) -> None:
    assert 15 <= probability.confidence_of(chance, score) <= 90


def test_confidence_is_of_the_side_taken() -> None:
    assert probability.confidence_of(0.8, 50) == pytest.approx(80)
    assert probability.confidence_of(0.2, 10) == pytest.approx(80)


def test_conditions_by_facts() -> None:
    assert conditions.plausible(4000, lossless=False, jpeg_quality=95) == ("clean",)
    assert conditions.plausible(768, lossless=False, jpeg_quality=60) == ("web",)
    assert conditions.plausible(512, lossless=False, jpeg_quality=40) == ("hard",)
    assert "screenshot" in conditions.plausible(1920, lossless=True, jpeg_quality=None)


def test_distance_grows_away_from_the_familiar() -> None:
    familiar = abstain.Familiar(mean=np.zeros(4), scales=np.ones(4), limit=2.0)
    near, far = (familiar.distance(np.full(4, v, dtype=np.float32)) for v in (1.0, 6.0))
    assert near == pytest.approx(0.5)
    assert far == pytest.approx(3.0)
    assert math.isfinite(far)


def test_what_is_not_a_picture_is_not_judged() -> None:
    flat = np.full((300, 300, 3), 77, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    page = np.full((300, 300, 3), 255, np.uint8)
    page[::20, 20:280] = 0
    ramp = np.linspace(0, 255, 300).astype(np.uint8)
    scene = np.stack([np.tile(ramp, (300, 1)), np.tile(ramp[:, None], (1, 300)), np.tile(ramp[::-1], (300, 1))], axis=2)
    assert "flat" in (abstain.abstention(flat, 0.5) or "")
    assert "small" in (abstain.abstention(scene[:40], 0.5) or "")
    assert "noise" in (abstain.abstention(noise, 0.5) or "")
    assert "page" in (abstain.abstention(page, 0.5) or "")
    assert "unlike" in (abstain.abstention(scene, 1.2) or "")
    assert abstain.abstention(scene, 0.5) is None


@pytest.mark.parametrize("size", [(100, 100), (95, 167)])
def test_icons_and_stamps_are_not_scored(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    grown = np.kron(rng.integers(0, 256, (size[0] // 5 + 1, size[1] // 5 + 1, 3)), np.ones((5, 5, 1)))
    pixels = grown[: size[0], : size[1]].astype(np.uint8)
    assert "small" in (abstain.abstention(pixels, 0.5) or "")
