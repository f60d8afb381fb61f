"""Local patterns: directions of gradients, local binary patterns and the co-occurrence of grey levels."""

from __future__ import annotations

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from .statistics import GUARD, draw, histogram

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

_NEIGHBORS = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))  # clockwise from the top-left


def gradient(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sobel 3×3 derivatives to the right and downwards, (h, w) float32, whole numbers −1020 … 1020."""
    return cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)


def direction_histogram(right: NDArray[np.float32], down: NDArray[np.float32], bins: int = 36) -> NDArray[np.float64]:
    """Histogram of the gradient's direction over [−π, π], (bins,).

    Directions along the axes lie exactly on the edge of a bin and belong to the upper one (π to the last). The nudge
    of 1e-5 bins makes sure of that in float32, whose rounding errors are a fifth of it.
    """
    place = np.arctan2(down, right)  # not cv2.phase, which is only good to 0.3 degrees
    place *= np.float32(bins / (2 * np.pi))
    place += np.float32(bins / 2 + 1e-5)
    return histogram(np.minimum(place.astype(np.uint8), bins - 1))[:bins]


def local_binary_patterns(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """For each pixel, which of its eight neighbors are at least as bright [1]_: (h, w) uint8.

    Bits run clockwise from the top-left neighbor, most significant first; the border is replicated.

    References
    ----------
    .. [1] T. Ojala, M. Pietikäinen, T. Mäenpää, "Multiresolution gray-scale and rotation invariant texture
       classification with local binary patterns", IEEE TPAMI 24(7), 2002. :DOI:`10.1109/TPAMI.2002.1017623`
    """
    height, width = grey.shape
    padded = cv2.copyMakeBorder(grey, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    codes, brighter = np.zeros_like(grey), np.empty_like(grey)
    for bit, (y, x) in enumerate(_NEIGHBORS):
        cv2.compare(padded[y : y + height, x : x + width], grey, cv2.CMP_GE, dst=brighter)  # 0 or 255
        brighter &= 128 >> bit
        codes |= brighter
    return codes


PAIRS = 100_000


def cooccurrence(grey: NDArray[np.uint8], levels: int = 32, pairs: int = PAIRS) -> NDArray[np.float64]:
    """How often each pair of levels stands side by side [1]_, as shares: (levels, levels), left × right.

    From up to ``pairs`` pairs drawn by :func:`~analysis.signal.statistics.draw`; zeros where the picture is one
    pixel wide.

    References
    ----------
    .. [1] R. M. Haralick, K. Shanmugam, I. Dinstein, "Textural Features for Image Classification", IEEE Trans. SMC
       3(6), 1973. :DOI:`10.1109/TSMC.1973.4309314`
    """
    level = (grey // (256 // levels)).astype(np.uint16)
    both = (level[:, :-1] * np.uint16(levels) + level[:, 1:]).ravel()
    if both.size:
        both = both[draw(both.size, min(both.size, pairs))]
    counts = np.bincount(both, minlength=levels * levels).reshape(levels, levels)
    return counts / (counts.sum() + GUARD)
