"""How red, green and blue go together, and how colors are spread.

References
----------
S. McCloskey, M. Albright, "Detecting GAN-Generated Imagery Using Saturation Cues", ICIP 2019.
:DOI:`10.1109/ICIP.2019.8803661`

H. Li, B. Li, S. Tan, J. Huang, "Identification of deep network generated images using disparities in color
components", Signal Processing 174, 2020. :DOI:`10.1016/j.sigpro.2020.107616`
"""

from __future__ import annotations

from itertools import combinations

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal.edges import first_edges
from ..signal.statistics import USUAL_PREVIEWS, draw, entropy, first, histogram, mean_and_std, pearson, roughness

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

_SAMPLE = 10_000


def _correlation_of(name: str, one: str, other: str) -> Metric:
    return Metric(
        name=name,
        describes=f"Correlation of {one} with {other} over the first 10,000 pixels.",
        low=-1,
        high=1,
        high_means="muted colors there",
    )


def _prepare() -> None:
    for height, width in USUAL_PREVIEWS:
        draw(height * width, _SAMPLE)


@analyzer(
    prepare=_prepare,
    component="color",
    title="Color",
    kinds={Kind.IMAGE, Kind.VIDEO},
    explains=(
        "A camera makes red, green and blue from one lens and one mosaic of filters, so their edges and brightness go "
        "together in a certain way; generators paint the three without these limits."
    ),
    fails_when=(
        "Filters, white balance, black-and-white and graphics change all of these. "
        "Correlations are read from the first rows only, so a plain sky or a dark border decides them."
    ),
    metrics=(
        _correlation_of("rg_correlation", "red", "green"),
        _correlation_of("rb_correlation", "red", "blue"),
        _correlation_of("gb_correlation", "green", "blue"),
        Metric(
            name="color_entropy",
            describes="Mean entropy of the channels' 256-bin histograms.",
            low=0,
            high=8,
            unit="bits",
            high_means="all levels are used alike",
        ),
        Metric(
            name="edge_alignment",
            describes="Mean correlation of the channels' edges (Canny 50/150) over the first 10,000 pixels.",
            low=-1,
            high=1,
            high_means="edges at the same pixels in all colors",
        ),
        Metric(
            name="color_hist_roughness",
            describes="Mean jaggedness of the channels' histograms.",
            low=0,
            high_means="combed or spiked histograms, as after editing",
        ),
        Metric(
            name="color_uniqueness",
            describes="Share of distinct colors among 10,000 pixels drawn at random.",
            low=0,
            high=1,
            high_means="hardly any color occurs twice",
        ),
        Metric(
            name="saturation_mean",
            describes="Mean saturation (HSV).",
            low=0,
            high=255,
            unit="levels",
            high_means="vivid colors",
        ),
        Metric(
            name="saturation_std",
            describes="Standard deviation of the saturation (HSV).",
            low=0,
            high=127.5,
            unit="levels",
            high_means="vivid and pale parts side by side",
        ),
    ),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *color*."""
    planes = frame.planes
    red, green, blue = (first(channel, _SAMPLE) for channel in planes.channels)
    counts = [histogram(channel) for channel in planes.channels]
    rows = -(-_SAMPLE // planes.grey.shape[1])
    edges = [first(first_edges(channel, rows, 50, 150), _SAMPLE) for channel in planes.channels]
    saturation = cv2.extractChannel(cv2.cvtColor(planes.rgb, cv2.COLOR_RGB2HSV), 1)
    saturation_mean, saturation_std = mean_and_std(saturation.astype(np.float32))
    return {
        "rg_correlation": pearson(red, green),
        "rb_correlation": pearson(red, blue),
        "gb_correlation": pearson(green, blue),
        "color_entropy": float(np.mean([entropy(c) for c in counts])),
        "edge_alignment": float(np.mean([pearson(a, b) for a, b in combinations(edges, 2)])),
        "color_hist_roughness": float(np.mean([roughness(c) for c in counts])),
        "color_uniqueness": _uniqueness(planes.rgb),
        "saturation_mean": saturation_mean,
        "saturation_std": saturation_std,
    }


def _uniqueness(rgb: NDArray[np.uint8]) -> float:
    pixels = rgb.reshape(-1, 3)
    if len(pixels) > _SAMPLE:
        pixels = pixels[draw(len(pixels), _SAMPLE)]
    red, green, blue = pixels.astype(np.int32).T
    return len(np.unique(red << 16 | green << 8 | blue)) / len(pixels)
