"""Canny on the first rows equals the first rows of Canny."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from analysis.signal.edges import canny, first_edges


def soft_noise(grain: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.uniform(0, 255, (600, 220)), (0, 0), grain).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("rows", [1, 14, 60])
@pytest.mark.parametrize("grain", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_equals_canny_of_the_whole(grain, rows):
    for seed in range(4):
        plane = soft_noise(grain, seed)
        plane = cv2.normalize(plane, None, 0, 255, cv2.NORM_MINMAX)
        expected = canny(plane, 50, 150)[:rows] > 0
        assert np.array_equal(first_edges(plane, rows, 50, 150), expected)


def test_a_faint_line_decided_far_below_counts():
    plane = np.zeros((600, 200), np.uint8)
    plane[:, 100:] = np.linspace(20, 90, 600).astype(np.uint8)[:, None]  # faint at the top, strong at the bottom
    expected = canny(plane, 50, 150)[:14] > 0
    assert expected.any()
    assert not (canny(np.ascontiguousarray(plane[:60]), 50, 150) > 0).any()
    assert np.array_equal(first_edges(plane, 14, 50, 150), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (20, 30)])
def test_small_planes(shape):
    plane = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(first_edges(plane, 14, 50, 150), canny(plane, 50, 150)[:14] > 0)


def test_a_fine_grid_does_no_harm_where_opencv_has_one_thread():
    program = (
        "import cv2, numpy as np; from analysis.signal.edges import canny\n"
        "y, x = np.indices((100, 100)); grid = np.where((y % 4 == 0) | (x % 4 == 3), 0, 255).astype(np.uint8)\n"
        "expected = canny(grid, 100, 200); cv2.setNumThreads(1)\n"
        "for _ in range(300): assert np.array_equal(canny(grid, 100, 200), expected)\n"
        "assert cv2.ipp.useIPP()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
