"""Edges, gradients and local patterns.

References
----------
J. Canny, "A Computational Approach to Edge Detection", IEEE TPAMI 8(6), 1986. :DOI:`10.1109/TPAMI.1986.4767851`

T. Ojala, M. Pietikäinen, T. Mäenpää, "Multiresolution gray-scale and rotation invariant texture classification with
local binary patterns", IEEE TPAMI 24(7), 2002. :DOI:`10.1109/TPAMI.2002.1017623`

R. M. Haralick, K. Shanmugam, I. Dinstein, "Textural Features for Image Classification", IEEE Trans. SMC 3(6), 1973.
:DOI:`10.1109/TSMC.1973.4309314`
"""

from __future__ import annotations

import lazy_loader as lazy
import numpy as np

from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal.patterns import PAIRS, cooccurrence, direction_histogram, gradient, local_binary_patterns
from ..signal.statistics import GUARD, USUAL_PREVIEWS, draw, entropy, histogram, moments, variation

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

_MOST_BITS_OF_DIRECTION = 5.17  # log2(36), rounded up as the metric is defined


def _prepare() -> None:
    for height, width in USUAL_PREVIEWS:
        draw(height * (width - 1), PAIRS)


@analyzer(
    prepare=_prepare,
    component="texture",
    title="Texture",
    kinds={Kind.IMAGE, Kind.VIDEO},
    heavy=True,
    explains=(
        "Real surfaces have endless small irregularities; "
        "generated ones can be too smooth, too repetitive or sharp in the same way everywhere."
    ),
    fails_when=(
        "Smooth subjects, shallow focus and beauty filters look like generated skin; "
        "drawings and text have their own textures. Says little about small pictures."
    ),
    metrics=(
        Metric(
            name="edge_density",
            describes="Share of pixels on a strong edge (Canny 100/200).",
            low=0,
            high=1,
            high_means="many strong edges",
        ),
        Metric(
            name="edge_ratio",
            describes="Strong edges (Canny 100/200) over all edges (Canny 30/60).",
            low=0,
            high=1,
            high_means="edges are either strong or absent",
        ),
        Metric(
            name="gradient_kurtosis",
            describes="Kurtosis of the gradient's magnitude (Sobel 3×3).",
            low=-2,
            high_means="smooth surfaces between few sharp edges",
        ),
        Metric(
            name="direction_uniformity",
            describes="Entropy of the gradient's direction, over the largest possible.",
            low=0,
            high=1,
            high_means="no direction prevails",
        ),
        Metric(
            name="lbp_entropy",
            describes="Entropy of the local binary patterns.",
            low=0,
            high=8,
            unit="bits",
            high_means="varied, grainy surfaces",
        ),
        Metric(
            name="edge_sharpness_cv",
            describes="Std over mean of the gradient on strong edges (0 for 50 edge pixels or fewer).",
            low=0,
            high_means="some edges far sharper than others, as with depth of field",
        ),
        Metric(
            name="glcm_energy",
            describes="How much few pairs of neighboring grey levels prevail.",
            low=0,
            high=1,
            high_means="plain, repetitive surfaces",
        ),
        Metric(
            name="glcm_contrast",
            describes="Mean squared step between neighboring grey levels, of 32.",
            low=0,
            high=961,
            unit="steps²",
            high_means="rough surfaces",
        ),
        Metric(
            name="glcm_homogeneity",
            describes="How often neighboring grey levels are alike.",
            low=0,
            high=1,
            high_means="smooth surfaces",
        ),
    ),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *texture*."""
    grey = frame.planes.grey
    strong, all_edges = frame.planes.strong_edges, frame.planes.all_edges
    strong_count = cv2.countNonZero(strong)
    right, down = gradient(grey)
    magnitude = np.sqrt(right * right + down * down)  # not cv2.magnitude: its last digit depends on where arrays lie
    pairs = cooccurrence(grey)
    step = np.abs(np.subtract.outer(np.arange(len(pairs)), np.arange(len(pairs))))
    return {
        "edge_density": strong_count / grey.size,
        "edge_ratio": strong_count / (cv2.countNonZero(all_edges) + GUARD),
        "gradient_kurtosis": moments(magnitude).kurtosis,
        "direction_uniformity": entropy(direction_histogram(right, down)) / _MOST_BITS_OF_DIRECTION,
        "lbp_entropy": entropy(histogram(local_binary_patterns(grey))),
        "edge_sharpness_cv": variation(magnitude[strong > 0]) if strong_count > 50 else 0.0,
        "glcm_energy": float((pairs**2).sum()),
        "glcm_contrast": float((pairs * step**2).sum()),
        "glcm_homogeneity": float((pairs / (1 + step)).sum()),
    }
