"""Canny's edges, safely; and on the first rows of a plane without the price of the whole plane."""

from __future__ import annotations

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

_ENOUGH_ROWS = 32


def canny(plane: NDArray[np.uint8], low: int, high: int) -> NDArray[np.uint8]:
    """``cv2.Canny`` by OpenCV's own code: (h, w), 255 on an edge.

    Where OpenCV has one thread (a container with one core) it hands Canny to Intel's IPP, which writes beyond its
    buffer on pictures of fine grids and takes the process down (OpenCV 4.13 to 5.0). The switch is this thread's own.
    """
    before = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    try:
        edges: NDArray[np.uint8] = cv2.Canny(plane, low, high)
    finally:
        cv2.ipp.setUseIPP(before)
    return edges


def first_edges(plane: NDArray[np.uint8], rows: int, low: int, high: int) -> NDArray[np.bool_]:
    """The first ``rows`` rows of ``canny(plane, low, high) > 0``: (min(rows, h), w).

    An edge is a connected set of candidates (above ``low``) with a seed among them (above ``high``) [1]_, so pixels
    far below can decide about the first rows; mostly they do not. A strip is looked at, and enlarged as long as a
    set without a seed leaves it at the bottom.

    References
    ----------
    .. [1] J. Canny, "A Computational Approach to Edge Detection", IEEE TPAMI 8(6), 1986.
       :DOI:`10.1109/TPAMI.1986.4767851`
    """
    strip = max(_ENOUGH_ROWS, 2 * rows)
    while strip + 2 < len(plane) / 2:
        known = plane[: strip + 2]  # gradients and their neighbors reach two rows further
        candidates = canny(known, low, low)[:strip]
        count, component = cv2.connectedComponents(candidates, connectivity=8)
        has_seed, leaves = np.zeros(count, bool), np.zeros(count, bool)
        has_seed[component[canny(known, high, high)[:strip] > 0]] = True
        leaves[component[-1]] = True
        leaves[0] = has_seed[0] = False  # 0 is what is no candidate
        top = component[:rows]
        if not (leaves & ~has_seed)[top].any():
            return has_seed[top]
        strip *= 4
    return canny(plane, low, high)[:rows] > 0
