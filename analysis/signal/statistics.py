"""Small statistics that every family of metrics uses. ``GUARD`` keeps divisions finite where nothing varies."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import lazy_loader as lazy
import numpy as np
from numpy.typing import ArrayLike, NDArray

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

GUARD = 1e-10

USUAL_PREVIEWS = ((576, 768), (768, 576), (512, 768), (768, 512), (432, 768), (768, 432), (768, 768))
"""(height, width) of the previews of 4:3, 3:2, 16:9 and square pictures, for what a worker makes ready beforehand."""


class Moments(NamedTuple):
    """Mean, population standard deviation, and Fisher's kurtosis (0 for a normal distribution)."""

    mean: float
    std: float
    kurtosis: float


def moments(values: NDArray[np.floating]) -> Moments:
    """Moments of float32 or float64 values of any shape; sums are kept in float64.

    The kurtosis is 0 for fewer than four values and where nothing varies, else at least −2.
    """
    count = values.size
    if count == 0:
        return Moments(0.0, 0.0, 0.0)
    mean = values.mean(dtype=np.float64)
    centered = values.reshape(-1) - values.dtype.type(mean)
    squared = centered * centered
    variance = cv2.norm(centered, cv2.NORM_L2SQR) / count  # OpenCV sums float32 in float64, and fast
    std = float(np.sqrt(variance))
    kurtosis = cv2.norm(squared, cv2.NORM_L2SQR) / count / variance**2 - 3.0 if count >= 4 and std > GUARD else 0.0
    return Moments(float(mean), std, max(-2.0, kurtosis))


def mean_and_std(values: NDArray[np.floating]) -> tuple[float, float]:
    """Mean and population standard deviation of float32 or float64 values, summed in float64."""
    if values.size == 0:
        return 0.0, 0.0
    mean = values.mean(dtype=np.float64)
    centered = values.reshape(-1) - values.dtype.type(mean)
    return float(mean), float(np.sqrt(cv2.norm(centered, cv2.NORM_L2SQR) / values.size))


def variation(values: ArrayLike) -> float:
    """Coefficient of variation, std over mean, of a few non-negative values; 0 when there are none."""
    sample = np.asarray(values, np.float64)
    return float(sample.std() / (sample.mean() + GUARD)) if sample.size else 0.0


def pearson(first: ArrayLike, second: ArrayLike) -> float:
    """Pearson's correlation of two equally long samples, in [−1, 1]; 0 where one of them does not vary."""
    a, b = np.ravel(first).astype(np.float64), np.ravel(second).astype(np.float64)
    if a.size < 2:
        return 0.0
    a -= a.mean()
    b -= b.mean()
    spread_a, spread_b = np.sqrt(np.vdot(a, a) / a.size), np.sqrt(np.vdot(b, b) / b.size)
    if min(spread_a, spread_b) < GUARD:
        return 0.0
    return float(np.clip(np.vdot(a, b) / a.size / (spread_a * spread_b + GUARD), -1.0, 1.0))


def histogram(plane: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How often each of the 256 values occurs in ``plane`` (uint8, any shape): (256,) float64."""
    return cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel().astype(np.float64)


def entropy(counts: NDArray[np.float64]) -> float:
    """Shannon entropy in bits of a histogram: 0 (one bin only) to log2 of the number of bins."""
    share = counts / (counts.sum() + GUARD)
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def roughness(counts: NDArray[np.float64]) -> float:
    """How jagged a histogram is: std over mean magnitude of the differences between neighboring bins."""
    steps = np.diff(counts)
    return float(steps.std() / (np.abs(steps).mean() + GUARD))


def first(plane: NDArray[np.generic], count: int = 10_000) -> NDArray[np.generic]:
    """The first ``count`` values in row order: the sample on which correlations are defined."""
    return plane.reshape(-1)[:count]


@lru_cache(maxsize=32)
def draw(population: int, count: int) -> NDArray[np.int32]:
    """``count`` distinct indices below ``population``, always the same ones: (count,) int32, read-only.

    Defined as NumPy's legacy ``RandomState(42).choice`` without replacement. That shuffles the whole population
    (5 ms for half a million), so the draws of recent sizes are kept: at most 0.4 MB each, 32 of them.
    """
    chosen = np.random.RandomState(42).choice(population, count, replace=False).astype(np.int32)
    chosen.flags.writeable = False
    return chosen
