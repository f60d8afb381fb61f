"""What changes from one frame to the next.

References
----------
G. Farnebäck, "Two-Frame Motion Estimation Based on Polynomial Expansion", SCIA 2003.
:DOI:`10.1007/3-540-45103-X_50`
"""

from __future__ import annotations

from typing import NamedTuple

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from .residuals import gaussian_residual
from .statistics import first, pearson

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

_SAMPLE = 10_000
_BINS = 8
_OUTLINE = 32


class FrameStep(NamedTuple):
    """From one frame to the next; both have the same size."""

    difference: float
    """Mean absolute difference of the RGB values, 0 to 255."""
    noise_correlation: float
    """Pearson's correlation of the noise residuals' first 10,000 values, −1 to 1."""
    color_shift: float
    """Euclidean distance between the mean colors, in levels."""
    flow: float
    """Mean length of the optical flow, in pixels of the preview."""


class SceneChange(NamedTuple):
    """How unlike two frames are as scenes, cheap to tell."""

    palette_distance: float
    """Hellinger distance of the color histograms (8×8×8 bins): 0 the same colors, 1 none in common."""
    likeness: float
    """Correlation of the two frames as 32×32 outlines, −1 to 1: high while the same scene is seen."""


def step(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> FrameStep:
    """Compare two frames.

    Parameters
    ----------
    before, after
        (h, w, 3) uint8 RGB, of the same size.
    """
    greys = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in (before, after)]
    means = [np.array(cv2.mean(rgb)[:3]) for rgb in (before, after)]
    return FrameStep(
        difference=cv2.norm(before, after, cv2.NORM_L1) / before.size,
        noise_correlation=pearson(_noise(greys[0]), _noise(greys[1])),
        color_shift=float(np.linalg.norm(means[1] - means[0])),
        flow=flow(*greys),
    )


def scene_change(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> SceneChange:
    """Compare two frames as scenes; parameters are those of :func:`step`."""
    greys = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in (before, after)]
    outlines = [cv2.resize(grey, (_OUTLINE, _OUTLINE), interpolation=cv2.INTER_AREA) for grey in greys]
    return SceneChange(
        palette_distance=cv2.compareHist(_palette(before), _palette(after), cv2.HISTCMP_BHATTACHARYYA),
        likeness=pearson(*outlines) if outlines[0].std() > 0 and outlines[1].std() > 0 else 1.0,
    )


def flow(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Mean length of Farnebäck's dense flow between two grey pictures (h, w) uint8, in pixels."""
    field = cv2.calcOpticalFlowFarneback(before, after, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    return float(cv2.magnitude(field[..., 0], field[..., 1]).mean(dtype=np.float64))


def _noise(grey: NDArray[np.uint8]) -> NDArray[np.generic]:
    """Only the rows that hold the sample are filtered, and two more that the filter reaches."""
    rows = min(grey.shape[0], -(-_SAMPLE // grey.shape[1]) + 2)
    return first(gaussian_residual(grey[:rows].astype(np.float64), 5, 1.0), _SAMPLE)


def _palette(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.calcHist([rgb], [0, 1, 2], None, [_BINS] * 3, [0, 256] * 3)
