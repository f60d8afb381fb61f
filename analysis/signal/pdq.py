"""PDQ, the perceptual hash that platforms exchange: 256 bits that stay near each other for copies of one picture.

The published algorithm on our own arithmetic: luma, twice a box filter in each direction, 64 × 64 samples, the 16 × 16
lowest frequencies of their cosine transform without the constant one, and of each whether it lies above the median.
Mirroring and turning a picture negates and swaps frequencies, so the hashes of all eight forms need one transform.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

cv2 = lazy.load("cv2")  # on first use: the web process never needs OpenCV

BYTES = 32
LEAST_QUALITY = 50
"""Of 100. Below it a picture is so flat that its bits are noise: such hashes are neither kept nor compared."""

_SIDE = 64
_KEPT = 16
_PER_QUALITY = 90
"""What the gradients of the samples, in hundredths of white, sum up to for each point of quality."""


@dataclass(frozen=True)
class PictureHash:
    """The hash of a picture (``variants[0]``), then those of its mirrored and turned forms, 32 bytes each."""

    variants: tuple[bytes, ...]
    quality: int
    """0 to 100: how much there is to see."""


def picture_hash(grey: NDArray[np.float32]) -> PictureHash:
    """The PDQ hashes of a picture's luma, (h, w) with 0 to 255."""
    samples = _samples(grey)
    low = _cosines() @ samples @ _cosines().T
    odd = np.where(np.arange(1, _KEPT + 1) % 2, -1, 1).astype(np.float32)  # mirroring negates these frequencies
    mirrored, flipped = odd[np.newaxis, :], odd[:, np.newaxis]
    upright = (low, low * mirrored, low * flipped, low * mirrored * flipped)
    forms = (*upright, *(plane.T for plane in upright))
    return PictureHash(tuple(_bits(plane) for plane in forms), _quality(samples))


def _samples(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """64 × 64 samples of the smoothed picture."""
    height, width = grey.shape
    window = (-(-width // (2 * _SIDE)), -(-height // (2 * _SIDE)))
    anchor = ((window[0] - 1) // 2, (window[1] - 1) // 2)  # an even window reaches further right and down
    total = _box(np.ones_like(grey), window, anchor)
    for _ in range(2):  # at the borders only what is there counts
        grey = _box(grey, window, anchor) / total
    rows = ((np.arange(_SIDE) + 0.5) * height / _SIDE).astype(int)
    columns = ((np.arange(_SIDE) + 0.5) * width / _SIDE).astype(int)
    return grey[np.ix_(rows, columns)]


def _box(plane: NDArray[np.float32], window: tuple[int, int], anchor: tuple[int, int]) -> NDArray[np.float32]:
    """Sums over a window around each place."""
    return cv2.boxFilter(plane, -1, window, anchor=anchor, normalize=False, borderType=cv2.BORDER_CONSTANT)


@cache
def _cosines() -> NDArray[np.float32]:
    """The cosine transform's rows 1 to 16."""
    frequency, place = np.arange(1, _KEPT + 1)[:, np.newaxis], np.arange(_SIDE)[np.newaxis, :]
    return (np.sqrt(2 / _SIDE) * np.cos(np.pi / (2 * _SIDE) * frequency * (2 * place + 1))).astype(np.float32)


def _bits(low: NDArray[Any]) -> bytes:
    """The hash as others write it: the first frequency is its last bit."""
    values = low.ravel()
    return np.packbits((values > np.median(values))[::-1]).tobytes()


def _quality(samples: NDArray[np.float32]) -> int:
    """How much changes from each sample to the next, down and across."""
    steps = (np.abs(np.trunc(np.diff(samples, axis=axis) * (100 / 255))).sum() for axis in (0, 1))
    return min(int(sum(steps)) // _PER_QUALITY, 100)
