"""Blocks: summed-area tables against plain slices, and JPEG's grid where it is and where it is not."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from analysis.signal import blocks


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments_of_blocks_equal_those_of_slices(dtype):
    plane = np.random.default_rng(1).normal(100, 20, (90, 131)).astype(dtype)
    tops, lefts = [0, 7, 50], [3, 99]
    mean, std = blocks.BlockSums(plane).moments(tops, lefts, 40, 32)
    for i, y in enumerate(tops):
        for j, x in enumerate(lefts):
            block = plane[y : y + 40, x : x + 32].astype(float)
            assert mean[i, j] == pytest.approx(block.mean(), rel=1e-6)
            assert std[i, j] == pytest.approx(block.std(), rel=1e-5)


def test_a_flat_block_has_no_deviation():
    _, std = blocks.BlockSums(np.full((40, 40), 3.7)).moments([0], [0], 32, 32)
    assert std[0, 0] == pytest.approx(0.0, abs=1e-6)


def test_corners_leave_a_block_to_the_border():
    assert list(blocks.corners(100, 32, 16)) == list(range(0, 68, 16))
    assert list(blocks.corners(32, 32, 16)) == []


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.fixture
def grain():
    soft = cv2.GaussianBlur(np.random.default_rng(2).uniform(0, 255, (320, 400)), (0, 0), 3)
    noisy = soft + np.random.default_rng(3).normal(0, 6, (320, 400))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def test_the_harder_the_jpeg_the_clearer_the_grid(grain):
    never, mild, hard = grain, jpeg(grain, 80), jpeg(grain, 30)
    assert blocks.boundary_ratio(never) == pytest.approx(1.0, abs=0.05)
    assert blocks.boundary_ratio(never) < blocks.boundary_ratio(mild) < blocks.boundary_ratio(hard)


def test_a_shifted_grid_is_not_seen(grain):
    hard = jpeg(grain, 30)
    assert blocks.boundary_ratio(np.ascontiguousarray(hard[4:, 4:])) < 1.05 < blocks.boundary_ratio(hard)


def test_blocks_as_bright_as_each_other_vary_less(grain):
    half_dark = grain.copy()
    half_dark[:, :100] //= 2
    assert 0 < blocks.dct_variation(grain) < blocks.dct_variation(half_dark)
    assert blocks.dct_variation(np.full((64, 64), 90, np.uint8)) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (8, 100), (100, 8)])
def test_no_grid_in_what_is_smaller_than_a_block(shape):
    grey = np.random.default_rng(4).integers(0, 256, shape, dtype=np.uint8)
    assert blocks.boundary_ratio(grey) == 0.0
    assert blocks.dct_variation(grey) == 0.0
