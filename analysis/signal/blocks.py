"""Statistics of blocks: many at once from summed-area tables, and the 8×8 grid of JPEG."""

from __future__ import annotations

import lazy_loader as lazy
import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from .statistics import GUARD, variation

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV


DCT: NDArray[np.float64] = scipy.fft.dct(np.eye(8), axis=0, norm="ortho")
"""(8, 8) orthonormal DCT-II, as in JPEG: rows are frequencies."""


def corners(length: int, size: int, stride: int) -> NDArray[np.intp]:
    """Where blocks of ``size`` start along a side: ``range(0, length − size, stride)``."""
    return np.arange(0, length - size, stride)


class BlockSums:
    """Mean and standard deviation of any rectangle of a plane in constant time (summed-area tables, float64).

    Parameters
    ----------
    plane
        (h, w), float32 or float64.
    """

    def __init__(self, plane: NDArray[np.floating]) -> None:
        self._sums, self._squares = cv2.integral2(plane, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)

    def moments(
        self, tops: ArrayLike, lefts: ArrayLike, height: int, width: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and population std, each (len(tops), len(lefts)), of the blocks of ``height`` × ``width`` there."""
        y, x = np.asarray(tops, np.intp), np.asarray(lefts, np.intp)

        def averaged(table: NDArray[np.float64]) -> NDArray[np.float64]:
            top, bottom = table[y], table[y + height]
            return (bottom[:, x + width] - bottom[:, x] - top[:, x + width] + top[:, x]) / (height * width)

        mean = averaged(self._sums)
        return mean, np.sqrt(np.maximum(averaged(self._squares) - mean**2, 0.0))


def boundary_ratio(grey: NDArray[np.uint8], side: int = 512) -> float:
    """Mean step across the lines of the 8×8 grid over the mean step elsewhere, on the top-left square.

    The square's side is min(``side``, h, w). 0 where there is no such line or nothing varies.
    """
    side = min(side, *grey.shape)
    if side <= 8:
        return 0.0
    square = grey[:side, :side]
    across = cv2.reduce(cv2.absdiff(square[:, 1:], square[:, :-1]), 0, cv2.REDUCE_SUM, dtype=cv2.CV_64F).ravel()
    down = cv2.reduce(cv2.absdiff(square[1:], square[:-1]), 1, cv2.REDUCE_SUM, dtype=cv2.CV_64F).ravel()
    steps = (across + down) / (2 * side)
    on_grid = np.arange(1, side) % 8 == 0
    return float(steps[on_grid].mean() / (steps[~on_grid].mean() + GUARD))


def dct_variation(grey: NDArray[np.uint8], reach: int = 256, enough: int = 64) -> float:
    """How much 8×8 blocks differ: the coefficient of variation of the std of their 64 DCT coefficients.

    That std is mostly the block's brightness (an eighth of the first coefficient), and its texture beside it.

    Blocks are taken in row order from the top-left ``reach`` × ``reach`` until there are ``enough``; after that only
    the first of each further row.
    """
    rows, columns = (range(0, min(length - 8, reach), 8) for length in grey.shape)
    taken = [
        (y, x)
        for row, y in enumerate(rows)
        for column, x in enumerate(columns)
        if column == 0 or row * len(columns) + column < enough
    ]
    if not taken:
        return 0.0
    y, x = np.array(taken).T
    inside = np.arange(8)
    blocks = grey[y[:, None, None] + inside[:, None], x[:, None, None] + inside].astype(np.float64)
    coefficients = DCT @ blocks @ DCT.T
    return variation(coefficients.std(axis=(1, 2)))
