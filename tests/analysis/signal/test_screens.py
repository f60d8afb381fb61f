"""Whole screens are known by their size, and bars by rows of one exact color."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.signal import screens


def photo(height: int = 800, width: int = 600) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_sizes_of_screens_count_upright_and_lying():
    assert screens.is_screen(1920, 1080)
    assert screens.is_screen(1080, 1920)
    assert not screens.is_screen(1024, 1024)  # what generators give out
    assert not screens.is_screen(4032, 3024)  # what phones' cameras give out
    assert all(short <= long for short, long in screens.SIZES)


def test_bars_reach_as_far_as_they_are_plain_and_may_hold_writing():
    pixels = photo()
    pixels[:80] = (240, 240, 242)
    pixels[30:50, ::2] = 0  # a line of writing
    pixels[-40:] = (20, 20, 24)
    upper, lower = screens.bars(pixels)
    assert upper == pytest.approx(0.1)
    assert lower == pytest.approx(0.05)


def test_pictures_without_bars_and_noise_in_bars():
    assert screens.bars(photo()) == (0, 0)
    noisy = photo()
    noisy[:80] = 240 + np.random.default_rng(1).integers(0, 2, (80, 600, 3))
    assert screens.bars(noisy)[0] == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (40, 3000)])
def test_odd_sizes(size):
    found = screens.bars(np.zeros((*size, 3), np.uint8))
    assert all(0 <= share <= 1 for share in found)
