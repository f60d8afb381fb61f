"""Traces that enlarging leaves: a step in the spectrum where detail ends, and a regular pattern of interpolated pixels.

References
----------
A. C. Gallagher, "Detection of linear and cubic interpolation in JPEG compressed images", CRV 2005.
:DOI:`10.1109/CRV.2005.33` (the variance of the second derivative repeats with the interpolation's period)
A. C. Popescu, H. Farid, "Exposing digital forgeries by detecting traces of resampling", IEEE Transactions on Signal
Processing 53, 2005. :DOI:`10.1109/TSP.2004.839932`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.floating]

_SIDE = 1024  # looked at: the middle
_LEAST = 128
_STRONG = 40.0  # second derivatives above this are edges of things, and say nothing of pixels
_POINTS = 2048
_LOWEST = 0.06  # cycles a pixel: slower repetition is what the picture shows
_RINGS = 100  # to a cycle a pixel


@dataclass(frozen=True)
class Enlarging:
    """What was measured.

    Attributes
    ----------
    step
        How many powers of ten the energy falls, at the steepest, from one twentieth of a cycle a pixel to the next but
        one; 0.5 to 1 where detail fades as it does in pictures, more where a kernel has cut it off.
    repetition
        Strength of the strongest regular pattern in both directions over its surroundings, those of JPEG's blocks left
        out; 1 to 5 usually.
    """

    step: float
    repetition: float


def measure_enlarging(grey: Grey) -> Enlarging | None:
    """Look at the middle of a picture at its own resolution.

    Parameters
    ----------
    grey
        (H, W) uint8.

    Returns
    -------
    Enlarging or None
        None where a side is under 128 pixels. Fails on pictures that are soft by themselves (out of focus, strong noise
        reduction: a step without enlarging), on enlarging by just two (no repetition), and after strong compression.
    """
    side = min(_SIDE, *grey.shape) // 8 * 8
    if side < _LEAST:
        return None
    top, left = ((length - side) // 16 * 8 for length in grey.shape)
    middle = grey[top : top + side, left : left + side].astype(np.float32)
    strength = np.minimum(_repetition(middle), _repetition(middle.T))
    frequency = np.arange(len(strength)) / _POINTS
    to_block = np.abs(frequency[:, None] - np.arange(5) / 8).min(axis=1)
    allowed = (frequency > _LOWEST) & (to_block > 0.004)
    return Enlarging(step=_step(middle), repetition=float(strength[allowed].max()))


def _repetition(grey: Floats) -> Floats:
    """Spectrum of the columns' mean second derivative, over the median of its surroundings: (1025,)."""
    bend = np.abs(grey[:, 2:] - 2 * grey[:, 1:-1] + grey[:, :-2])
    columns = np.minimum(bend, _STRONG).mean(axis=0)
    spectrum = np.abs(scipy.fft.rfft((columns - columns.mean()) * np.hanning(len(columns)), n=_POINTS))
    places = np.arange(0, len(spectrum), 8)
    around = [np.median(spectrum[max(0, place - 48) : place + 49]) for place in places]
    return spectrum / (np.interp(np.arange(len(spectrum)), places, around) + 1e-9)


def _step(grey: Floats) -> float:
    """The steepest fall of the radial spectrum, in powers of ten, between 0.16 and 0.42 cycles a pixel."""
    side = len(grey)
    window = np.hanning(side).astype(np.float32)
    energy = np.abs(scipy.fft.rfft2(grey * np.outer(window, window))) ** 2
    down, across = np.abs(np.fft.fftfreq(side)), np.fft.rfftfreq(side)
    ring = np.minimum((np.hypot(down[:, None], across[None, :]) * _RINGS).astype(np.int64), 71)
    profile = np.bincount(ring.ravel(), energy.ravel(), 72) / np.maximum(1, np.bincount(ring.ravel(), minlength=72))
    level = np.log10(profile + 1e-3)
    falls = [level[c - 8 : c - 2].mean() - level[c + 2 : c + 8].mean() for c in range(16, 43)]
    return float(max(falls))
