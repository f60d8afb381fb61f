"""Residual filters on pictures whose answer is known, and JPEG errors as Pillow makes them."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from analysis.signal import residuals
from analysis.signal.recompression import jpeg_error, recompress


def test_nothing_is_left_of_a_flat_picture():
    flat = np.full((40, 50), 77, np.uint8)
    assert residuals.gaussian_residual(flat.astype(np.float64), 5, 1.0) == pytest.approx(0, abs=1e-12)
    assert not residuals.median_residual(flat).any()
    for response in residuals.srm_responses(flat.astype(np.float32)):
        assert not response.any()


def test_differences_of_a_ramp():
    ramp = np.tile(np.arange(0, 90, 3, dtype=np.float32), (20, 1))
    right, down, line, *_ = residuals.srm_responses(ramp)
    assert (right[:, :-1] == 3).all()  # the next pixel less this one
    assert not down.any()
    assert not line[:, 1:-1].any()


def test_median_takes_single_pixels_away():
    spot = np.zeros((9, 9), np.uint8)
    spot[4, 4] = 200
    assert residuals.median_residual(spot)[4, 4] == 200
    assert np.count_nonzero(residuals.median_residual(spot)) == 1


@pytest.mark.parametrize("square", [1, 2, 4, 8])
def test_a_checkerboard_answers_to_squares_up_to_its_own(square):
    board = np.kron(np.indices((64 // square, 64 // square)).sum(axis=0) % 2, np.ones((square, square))) * 100
    strength = {s: np.abs(residuals.checkerboard_response(board.astype(np.float32), s)).max() for s in (1, 2, 4, 8)}
    assert strength[square] == pytest.approx(200)
    assert all(strength[larger] < 100 for larger in strength if larger > square)


def test_lines_answer_in_their_direction_only():
    rows = np.tile(np.array([[0], [0], [60]], np.float32), (10, 30))
    horizontal, vertical = residuals.line_responses(rows)
    assert np.abs(horizontal).max() == 60
    assert not vertical.any()


@pytest.mark.parametrize("quality", [75, 85, 95])
def test_jpeg_error_is_that_of_pillows_encoder(quality):
    rng = np.random.default_rng(quality)
    picture = cv2.resize(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8), (333, 251), interpolation=cv2.INTER_CUBIC)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    expected = np.abs(np.asarray(Image.open(file)).astype(float) - picture).mean(axis=2)
    assert jpeg_error(picture, recompress(picture, quality)) == pytest.approx(expected, abs=1e-4)
