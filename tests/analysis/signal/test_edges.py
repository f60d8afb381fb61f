"""Canny on the first rows equals the first rows of Canny."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.signal.edges import first_edges


def soft_noise(grain: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.uniform(0, 255, (600, 220)), (0, 0), grain).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("rows", [1, 14, 60])
@pytest.mark.parametrize("grain", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_equals_canny_of_the_whole(grain, rows):
    for seed in range(4):
        plane = soft_noise(grain, seed)
        plane = cv2.normalize(plane, None, 0, 255, cv2.NORM_MINMAX)
        expected = cv2.Canny(plane, 50, 150)[:rows] > 0
        assert np.array_equal(first_edges(plane, rows, 50, 150), expected)


def test_a_faint_line_decided_far_below_counts():
    plane = np.zeros((600, 200), np.uint8)
    plane[:, 100:] = np.linspace(20, 90, 600).astype(np.uint8)[:, None]  # faint at the top, strong at the bottom
    expected = cv2.Canny(plane, 50, 150)[:14] > 0
    assert expected.any()
    assert not (cv2.Canny(np.ascontiguousarray(plane[:60]), 50, 150) > 0).any()
    assert np.array_equal(first_edges(plane, 14, 50, 150), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (20, 30)])
def test_small_planes(shape):
    plane = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(first_edges(plane, 14, 50, 150), cv2.Canny(plane, 50, 150)[:14] > 0)
