"""Directions, local binary patterns and co-occurrence on pictures whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.signal import patterns


def test_gradient_points_to_the_brighter_side():
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (50, 1))
    right, down = patterns.gradient(ramp)
    assert (right[:, 1:-1] == 16).all()
    assert not down.any()


@pytest.mark.parametrize(("right", "down", "place"), [(1, 0, 18), (0, 1, 27), (-1, 0, 35), (0, -1, 9), (0, 0, 18)])
def test_directions_along_the_axes_fall_where_numpys_histogram_puts_them(right, down, place):
    x, y = np.full((4, 4), right * 3, np.float32), np.full((4, 4), down * 3, np.float32)
    expected, _ = np.histogram(np.arctan2(y.astype(float), x.astype(float)), 36, (-np.pi, np.pi))
    assert expected[place] == 16
    assert np.array_equal(patterns.direction_histogram(x, y), expected)


def test_directions_equal_numpys_histogram():
    rng = np.random.default_rng(1)
    x, y = rng.integers(-1020, 1021, (2, 400, 400)).astype(np.float32)
    expected, _ = np.histogram(np.arctan2(y.astype(float), x.astype(float)), 36, (-np.pi, np.pi))
    assert np.abs(patterns.direction_histogram(x, y) - expected).sum() <= 6


def test_bits_run_clockwise_from_the_top_left():
    clockwise = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    for bit, place in enumerate(clockwise):
        patch = np.zeros((3, 3), np.uint8)
        patch[1, 1], patch[place] = 5, 9
        assert patterns.local_binary_patterns(patch)[1, 1] == 128 >> bit


def test_in_a_flat_picture_every_neighbor_is_as_bright():
    assert (patterns.local_binary_patterns(np.full((5, 7), 90, np.uint8)) == 255).all()


def test_cooccurrence_of_stripes():
    stripes = np.tile(np.array([0, 255], np.uint8), (40, 20))
    shares = patterns.cooccurrence(stripes)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0, 31] == pytest.approx(20 / 39)
    assert shares[31, 0] == pytest.approx(19 / 39)


def test_no_pairs_in_a_column():
    assert not patterns.cooccurrence(np.zeros((50, 1), np.uint8)).any()
