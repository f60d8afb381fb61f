"""The grain of the picture: how strong it is, how even, and whether it behaves like a sensor's.

References
----------
J. Lukáš, J. Fridrich, M. Goljan, "Digital Camera Identification from Sensor Pattern Noise", IEEE TIFS 1(2), 2006.
:DOI:`10.1109/TIFS.2006.873602`

A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, "Practical Poissonian-Gaussian Noise Modeling and Fitting for
Single-Image Raw-Data", IEEE TIP 17(10), 2008. :DOI:`10.1109/TIP.2008.2001399` (noise rises with brightness)
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ..errors import NotApplicable
from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal.blocks import BlockSums, corners
from ..signal.planes import Planes
from ..signal.residuals import gaussian_residual, median_residual
from ..signal.statistics import GUARD, first, mean_and_std, moments, pearson, variation

_BLOCK, _STRIDE = 32, 16
_SAMPLE = 10_000
_LAGS = (1, 2, 4, 8)


@analyzer(
    component="noise",
    title="Noise",
    kinds={Kind.IMAGE, Kind.VIDEO},
    explains=(
        "A sensor leaves grain that grows with brightness and differs from place to place; "
        "generated pictures often carry too little of it, or the same everywhere."
    ),
    fails_when=(
        "Denoising in phones, resizing and JPEG remove or correlate the grain of real photographs; "
        "film grain can be added to any picture."
    ),
    metrics=(
        Metric(
            name="noise_std",
            describes="Standard deviation of the picture less its Gaussian (5×5, σ = 1).",
            low=0,
            high=255,
            unit="levels",
            high_means="strong grain or much fine detail",
        ),
        Metric(
            name="noise_uniformity",
            describes="Std over mean of the noise strength of 32×32 blocks.",
            low=0,
            high_means="noise that differs from place to place",
        ),
        Metric(
            name="noise_brightness_corr",
            describes="Correlation of a block's brightness with its noise (0 for 20 blocks or fewer).",
            low=-1,
            high=1,
            high_means="brighter parts are noisier, as on a sensor",
        ),
        Metric(
            name="noise_spatial_cv",
            describes="Std over mean of the noise strength of a 4×4 grid of regions.",
            low=0,
            high_means="regions of different noise",
        ),
        Metric(
            name="noise_autocorr",
            describes="Mean correlation of the noise with itself 1, 2, 4 and 8 pixels further.",
            low=-1,
            high=1,
            high_means="smeared noise: denoising, resizing or synthesis",
        ),
        Metric(
            name="cross_channel_corr",
            describes="Mean magnitude of the correlations between the noise of red, green and blue.",
            low=0,
            high=1,
            high_means="the same noise in all colors",
        ),
        Metric(
            name="noise_scale_ratio",
            describes="What a 3×3 median removes over what a wide Gaussian (9×9, σ = 2) removes.",
            low=0,
            high_means="mostly pixel-sized grain",
        ),
        Metric(
            name="noise_kurtosis",
            describes="Kurtosis of the noise (0 for a normal distribution).",
            low=-2,
            high_means="mostly smooth, with few strong edges",
        ),
    ),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *noise*."""
    planes = frame.planes
    height, width = planes.grey.shape
    if min(height, width) <= _BLOCK:
        raise NotApplicable(f"too small: noise is compared between blocks of {_BLOCK}×{_BLOCK} pixels")
    residual = planes.residual
    whole = moments(residual)
    sums = BlockSums(residual)
    blocks = corners(height, _BLOCK, _STRIDE), corners(width, _BLOCK, _STRIDE), _BLOCK, _BLOCK
    _, strength = sums.moments(*blocks)
    brightness, _ = BlockSums(planes.grey32).moments(*blocks)
    region = height // 4, width // 4
    _, regional = sums.moments(np.arange(4) * region[0], np.arange(4) * region[1], *region)
    start = first(residual, _SAMPLE)
    fine, coarse = median_residual(planes.grey), gaussian_residual(planes.grey32, 9, 2.0)
    return {
        "noise_std": whole.std,
        "noise_uniformity": variation(strength),
        "noise_brightness_corr": pearson(brightness, strength) if strength.size > 20 else 0.0,
        "noise_spatial_cv": variation(regional),
        "noise_autocorr": float(np.mean([pearson(start[:-lag], start[lag:]) for lag in _LAGS])),
        "cross_channel_corr": _cross_channel_correlation(planes),
        "noise_scale_ratio": mean_and_std(fine)[1] / (mean_and_std(coarse)[1] + GUARD),
        "noise_kurtosis": whole.kurtosis,
    }


def _cross_channel_correlation(planes: Planes) -> float:
    """Only the rows that hold the first pixels are filtered, and two more that the filter reaches."""
    height, width = planes.grey.shape
    rows = min(height, -(-_SAMPLE // width) + 2)
    residual = gaussian_residual(planes.rgb[:rows].astype(np.float64), 5, 1.0)
    channels = residual.reshape(-1, 3)[:_SAMPLE].T
    return float(np.mean([abs(pearson(a, b)) for a, b in combinations(channels, 2)]))
