"""Patterns in the pixel grid and in the values pixels take.

References
----------
A. Odena, V. Dumoulin, C. Olah, "Deconvolution and Checkerboard Artifacts", Distill, 2016. :DOI:`10.23915/distill.00003`
"""

from __future__ import annotations

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal.residuals import checkerboard_response, line_responses
from ..signal.statistics import entropy, histogram, roughness

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

_SQUARES = (1, 2, 4, 8)


@analyzer(
    component="pixels",
    title="Pixel patterns",
    kinds={Kind.IMAGE, Kind.VIDEO},
    explains=(
        "Generators build a picture by enlarging a small one, which can leave checkerboards and fine lines; "
        "editing leaves gaps in the brightness values that occur."
    ),
    fails_when=(
        "Woven fabric, screens, tiles and JPEG blocks are checkerboards too, and strong noise answers to every filter."
    ),
    metrics=(
        Metric(
            name="checker_max",
            describes="Strongest mean response to checkerboards of squares of 1, 2, 4 and 8 pixels.",
            low=0,
            high=510,
            unit="levels",
            high_means="checkerboard patterns, edges or noise",
        ),
        Metric(
            name="checker_mean",
            describes="Mean over the four sizes of the mean response to checkerboards.",
            low=0,
            high=510,
            unit="levels",
            high_means="checkerboard patterns, edges or noise",
        ),
        Metric(
            name="grid_score",
            describes="Mean response to horizontal and vertical lines one pixel thick.",
            low=0,
            high=255,
            unit="levels",
            high_means="fine lines along the pixel grid",
        ),
        Metric(
            name="histogram_gaps",
            describes="Share of grey levels that never occur between the darkest and the brightest.",
            low=0,
            high=1,
            high_means="stretched contrast or few tones",
        ),
        Metric(
            name="pixel_entropy",
            describes="Entropy of the grey levels.",
            low=0,
            high=8,
            unit="bits",
            high_means="all levels are used alike",
        ),
        Metric(
            name="hist_roughness",
            describes="Jaggedness of the histogram of grey levels.",
            low=0,
            high_means="a combed or spiked histogram, as after editing",
        ),
    ),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *pixels*."""
    grey, counts = frame.planes.grey32, histogram(frame.planes.grey)
    checker = [_mean_magnitude(checkerboard_response(grey, square)) for square in _SQUARES]
    used = np.flatnonzero(counts)
    return {
        "checker_max": max(checker),
        "checker_mean": float(np.mean(checker)),
        "grid_score": float(np.mean([_mean_magnitude(lines) for lines in line_responses(grey)])),
        "histogram_gaps": float((counts[used[0] : used[-1] + 1] == 0).mean()),
        "pixel_entropy": entropy(counts),
        "hist_roughness": roughness(counts),
    }


def _mean_magnitude(response: NDArray[np.float32]) -> float:
    return float(cv2.norm(response, cv2.NORM_L1) / response.size)
