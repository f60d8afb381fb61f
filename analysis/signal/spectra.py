"""The radial profile of a picture's spectrum, and what is read from it.

The functions take ``numpy.fft.rfft2``'s half of a spectrum, (h, w // 2 + 1), and count the missing half by symmetry:
the numbers are those of the whole, centered spectrum.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .statistics import GUARD

_HIGH = 0.6  # of the largest full circle: beyond it frequencies count as high


class _Rings(NamedTuple):
    """Where each coefficient of the half spectrum lies, for one size of picture."""

    largest: int
    """Radius of the largest full circle, in coefficients."""
    ring: NDArray[np.intp]
    """(h·(w//2+1),) whole part of the distance to the zero frequency."""
    twins: NDArray[np.float64]
    """(w//2+1,) 2 where the column also stands for its mirror image, else 1."""
    population: NDArray[np.float64]
    """How many coefficients of the whole spectrum lie in each ring."""
    high: NDArray[np.float64]
    """(h·(w//2+1),) ``twins`` for high frequencies, 0 for the others."""


@lru_cache(maxsize=6)
def _rings(height: int, width: int) -> _Rings:
    """At most 4 MB for a preview."""
    across = np.arange(width // 2 + 1)
    down = np.minimum(np.arange(height), height - np.arange(height))
    distance = np.sqrt(down[:, None] ** 2 + across**2)
    largest = min(height // 2, width // 2)
    twins = np.where((across == 0) | (2 * across == width), 1.0, 2.0)
    weight = np.broadcast_to(twins, distance.shape)
    ring = distance.astype(np.intp).ravel()
    high = np.where(distance > _HIGH * largest, weight, 0.0).ravel()
    return _Rings(largest, ring, twins, np.bincount(ring, weight.ravel()).astype(np.float64), high)


def radial_mean(half: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Mean over the rings r <= R < r + 1 of the whole spectrum of a picture of ``shape``: (min(h//2, w//2),)."""
    rings = _rings(*shape)
    sums = np.bincount(rings.ring, (half * rings.twins).ravel())
    return (sums / np.maximum(rings.population, 1.0))[: rings.largest]


def high_frequency_share(power: NDArray[np.float64], shape: tuple[int, int]) -> float:
    """Share of the power beyond 0.6 of the largest full circle, in [0, 1]."""
    rings = _rings(*shape)
    total = (power.sum(axis=0) * rings.twins).sum()
    high = np.einsum("i,i->", power.ravel(), rings.high)  # not np.vdot: BLAS would start threads of its own
    return float(high / (total + GUARD))


class PowerLaw(NamedTuple):
    """The straight line through a profile on double logarithmic axes, and how well it fits."""

    slope: float
    r2: float
    residual_std: float


def fit_power_law(profile: NDArray[np.float64]) -> PowerLaw | None:
    """Least squares of log10(profile) on log10(radius), without the lowest 2 % (at least 2) and the outermost ring.

    None where that leaves 20 points or fewer.
    """
    start = max(2, profile.size // 50)
    radius = np.arange(start, profile.size - 1)
    if radius.size <= 20:
        return None
    x, y = np.log10(radius), np.log10(profile[start:-1] + GUARD)
    x -= x.mean()
    y -= y.mean()
    slope = np.vdot(x, y) / np.vdot(x, x)
    rest = y - slope * x
    return PowerLaw(float(slope), float(max(0.0, 1 - np.vdot(rest, rest) / (np.vdot(y, y) + GUARD))), float(rest.std()))


def flatness(profile: NDArray[np.float64]) -> float:
    """Geometric over arithmetic mean of the profile's positive values, in [0, 1]: 1 is white, 0 a few tones."""
    positive = profile[profile > 0]
    if positive.size == 0:
        return 0.0
    return float(np.exp(np.log(positive + GUARD).mean()) / (positive.mean() + GUARD))


def anomalies(profile: NDArray[np.float64]) -> int:
    """How many radii stand out of the running median of 11 by more than three standard deviations."""
    if profile.size == 0:
        return 0
    reach = min(11, profile.size // 2 * 2 + 1) // 2
    median = np.median(sliding_window_view(np.pad(profile, reach), 2 * reach + 1), axis=1)
    difference = profile - median
    return int((np.abs(difference) > 3 * difference.std()).sum())
