"""Enlarged pictures show it, others do not; what is too small to tell is not told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.signal import enlarging


def scene(side: int, seed: int = 0) -> np.ndarray:
    """Detail at every scale, falling as it does in pictures: nobody's photograph."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.normal(size=(side, side)))
    distance = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]) + 2 / side
    made = np.fft.irfft2(spectrum / distance, s=(side, side))
    return np.clip(128 + 40 * made / made.std() + rng.normal(0, 1.5, made.shape), 0, 255).astype(np.uint8)


def grown(factor: float, kernel: int = cv2.INTER_LINEAR) -> np.ndarray:
    return np.asarray(cv2.resize(scene(520), None, fx=factor, fy=factor, interpolation=kernel))


def test_a_picture_that_was_not_enlarged_shows_neither_trace():
    found = enlarging.measure_enlarging(scene(900))
    assert found.step < 1.0
    assert found.repetition < 6


@pytest.mark.parametrize("kernel", [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_detail_ends_where_the_kernel_cut_it_off(factor, kernel):
    assert enlarging.measure_enlarging(grown(factor, kernel)).step > 1.45


@pytest.mark.parametrize("factor", [1.25, 1.5, 1.7])
def test_interpolated_pixels_repeat(factor):
    assert enlarging.measure_enlarging(grown(factor)).repetition > 8


def test_the_grid_of_jpeg_is_no_repetition():
    data = cv2.imencode(".jpg", scene(900), [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    assert enlarging.measure_enlarging(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)).repetition < 8


@pytest.mark.parametrize("size", [(1, 1), (127, 500), (500, 20)])
def test_too_small_to_tell(size):
    assert enlarging.measure_enlarging(np.zeros(size, np.uint8)) is None


@pytest.mark.parametrize("size", [(128, 128), (131, 2000), (3000, 1100)])
def test_flat_pictures_and_odd_sizes_give_finite_numbers(size):
    found = enlarging.measure_enlarging(np.full(size, 7, np.uint8))
    assert np.isfinite([found.step, found.repetition]).all()
    assert found.repetition < 8
