"""Small statistics, against scipy and against what they must be where nothing varies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.signal import statistics


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments_equal_scipys(dtype):
    values = np.random.default_rng(1).gamma(2.0, 3.0, (300, 217)).astype(dtype) + 100
    found = statistics.moments(values)
    assert found.mean == pytest.approx(values.mean(dtype=float), rel=1e-6)
    assert found.std == pytest.approx(values.std(dtype=float), rel=1e-5)
    assert found.kurtosis == pytest.approx(stats.kurtosis(values.ravel().astype(float)), rel=1e-4)
    assert statistics.mean_and_std(values) == (found.mean, found.std)


def test_moments_where_nothing_varies():
    assert statistics.moments(np.full((9, 9), 7.0)) == (7.0, 0.0, 0.0)
    assert statistics.moments(np.array([1.0, 2.0, 9.0])).kurtosis == 0.0  # fewer than four values
    assert statistics.moments(np.array([])) == (0.0, 0.0, 0.0)
    assert statistics.moments(np.array([-1.0, 1.0] * 50)).kurtosis == -2.0  # the least there is


def test_pearson():
    a = np.arange(100.0)
    assert statistics.pearson(a, 3 * a + 5) == pytest.approx(1.0)
    assert statistics.pearson(a, -a) == pytest.approx(-1.0)
    assert statistics.pearson(a, np.full(100, 3.0)) == 0.0
    assert statistics.pearson([], []) == 0.0
    rng = np.random.default_rng(2)
    b = a + rng.normal(0, 30, 100)
    assert statistics.pearson(a, b) == pytest.approx(stats.pearsonr(a, b).statistic)


def test_pearson_does_not_wrap_around_in_bytes():
    a = np.array([0, 255, 0, 255], np.uint8)
    assert statistics.pearson(a, a) == pytest.approx(1.0)


def test_variation():
    assert statistics.variation([2.0, 4.0]) == pytest.approx(1 / 3)
    assert statistics.variation([0.0, 0.0]) == 0.0
    assert statistics.variation([]) == 0.0


def test_entropy_lies_between_nothing_and_all_bits():
    assert statistics.entropy(np.ones(256)) == pytest.approx(8.0)
    assert statistics.entropy(np.eye(256)[3] * 1000) == pytest.approx(0.0, abs=1e-9)


def test_histogram_counts_every_level():
    plane = np.arange(256, dtype=np.uint8).repeat(3).reshape(48, 16)
    assert np.array_equal(statistics.histogram(plane), np.full(256, 3.0))


def test_a_combed_histogram_is_rougher_than_a_smooth_one():
    smooth = np.hanning(256) * 100
    combed = smooth * (np.arange(256) % 2)
    assert statistics.roughness(combed) > statistics.roughness(smooth)


def test_draw_is_numpys_legacy_choice_and_kept():
    drawn = statistics.draw(5000, 100)
    assert np.array_equal(drawn, np.random.RandomState(42).choice(5000, 100, replace=False))
    assert statistics.draw(5000, 100) is drawn
    assert not drawn.flags.writeable
