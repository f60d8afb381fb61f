"""What is left of a picture when its content is predicted away: the filters of noise, SRM and checkerboard readings.

Borders are mirrored without repeating the edge (OpenCV's reflect-101). Filters are correlations.
"""

from __future__ import annotations

from typing import TypeVar

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

Floats = TypeVar("Floats", NDArray[np.float32], NDArray[np.float64])

_SQUARE = np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]], np.float32)
_UPPER = np.array([[-1, 2, -1], [2, -4, 2], [0, 0, 0]], np.float32)
_LINES = np.array([[1, 1, 1], [-2, -2, -2], [1, 1, 1]], np.float32)


def gaussian_residual(plane: Floats, size: int, sigma: float) -> Floats:
    """``plane`` less its Gaussian of ``size`` × ``size`` pixels; any number of channels, dtype kept."""
    return cv2.subtract(plane, cv2.GaussianBlur(plane, (size, size), sigma))


def median_residual(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """``grey`` less its 3×3 median: whole numbers −255 … 255 as float32."""
    return cv2.subtract(grey, cv2.medianBlur(grey, 3), dtype=cv2.CV_32F)


def srm_square(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """The 3×3 "square" residual of the rich models [1]_, (h, w), whole numbers −2040 … 2040.

    References
    ----------
    .. [1] J. Fridrich, J. Kodovský, "Rich Models for Steganalysis of Digital Images", IEEE TIFS 7(3), 2012.
       :DOI:`10.1109/TIFS.2012.2190402`
    """
    return _correlate(grey, _SQUARE)


def srm_responses(grey: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """The six residuals of the ``srm`` component: first and second differences, the 3×3 square and its upper half.

    First differences are the next pixel less this one.
    """
    right, down = np.array([[-1, 1]], np.float32), np.array([[-1], [1]], np.float32)
    line = np.array([[1, -2, 1]], np.float32)
    return (
        _correlate(grey, right, anchor=(0, 0)),
        _correlate(grey, down, anchor=(0, 0)),
        _correlate(grey, line),
        _correlate(grey, line.T),
        srm_square(grey),
        _correlate(grey, _UPPER),
    )


def checkerboard_response(grey: NDArray[np.float32], square: int) -> NDArray[np.float32]:
    """How much the 2×2 squares of side ``square`` around each pixel look like a checkerboard, in 8-bit levels."""
    sign = np.repeat(np.array([1, -1], np.float32), square)
    return cv2.sepFilter2D(grey, cv2.CV_32F, sign / square, sign / square)


def line_responses(grey: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Horizontal and vertical lines one pixel thick: second differences averaged over three neighbors, / 2."""
    return _correlate(grey, _LINES) / np.float32(6), _correlate(grey, _LINES.T) / np.float32(6)


def _correlate(
    plane: NDArray[np.float32], kernel: NDArray[np.float32], anchor: tuple[int, int] = (-1, -1)
) -> NDArray[np.float32]:
    return cv2.filter2D(plane, cv2.CV_32F, kernel, anchor=anchor)
