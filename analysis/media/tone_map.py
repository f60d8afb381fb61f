"""High dynamic range (PQ and HLG) to the range of an ordinary screen, for pictures that are already small.

FFmpeg can do this too, but its converter takes seconds to set up for every clip (5.6 s of one core, measured with
FFmpeg 8.1), which is more than the rest of the analysis; phones film in HLG by default.

The curve is the one by which Chromium shows such pictures on an ordinary screen, found from what it draws: half the
light up to diffuse white, then a quadratic Bézier curve that leaves with the same slope and reaches white at
1,000 cd/m². Gray and colored stills come out within one step of 255 of what it draws. Other browsers, and other
versions of it, differ.

References
----------
.. [1] Recommendation ITU-R BT.2100-3, "Image parameter values for high dynamic range television", 2025.
.. [2] Report ITU-R BT.2408-8, "Guidance for operational practices in HDR television production", 2024.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

TRANSFERS = {16: "PQ", 18: "HLG"}
"""ITU-T H.273, table 3."""

_STEPS = 4096
_WHITE = 203.0  # cd/m²: diffuse white [2]
_PEAK = 1000.0  # cd/m²: what becomes full white
_AT_WHITE = 0.5  # what diffuse white becomes
_SHOULDER = 0.65  # how far along the tangent at diffuse white the curve's control point lies, on its way to the peak
_LUMINANCE = (0.2627, 0.6780, 0.0593)  # of linear RGB, BT.2020
_PRIMARIES = {
    # linear RGB of BT.2020 and of Display P3 to BT.709, both with the white point D65
    9: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    12: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}


def to_sdr(signal: NDArray[np.uint16], transfer: int, primaries: int) -> NDArray[np.uint8]:
    """Tone map a picture.

    Parameters
    ----------
    signal
        (h, w, 3) uint16 RGB, the non-linear signal at full range.
    transfer, primaries
        As H.273 numbers them; primaries that are not known are taken for BT.2020.

    Returns
    -------
    NDArray
        (h, w, 3) uint8 sRGB. Diffuse white comes out light grey, 1,000 cd/m² and more white; hues are kept.
    """
    linear = _light(transfer)[signal >> 4]
    if TRANSFERS[transfer] == "HLG":  # the system gamma is one of luminance: table 5 of [1]
        luminance = cv2.transform(linear, np.array([_LUMINANCE], np.float32))
        linear *= (_PEAK / _WHITE) * np.maximum(luminance, 1e-6)[..., None] ** np.float32(0.2)
    brightest = np.clip(linear.max(axis=2), 1e-6, _PEAK / _WHITE)
    linear *= (_curve()[(np.sqrt(brightest * (_WHITE / _PEAK)) * (_STEPS - 1) + 0.5).astype(np.uint16)] / brightest)[
        ..., None
    ]
    if primaries != 1:
        linear = cv2.transform(linear, np.array(_PRIMARIES.get(primaries, _PRIMARIES[9]), np.float32))
    return _screen()[(np.sqrt(np.clip(linear, 0, 1)) * (_STEPS - 1) + 0.5).astype(np.uint16)]


@cache
def _light(transfer: int) -> NDArray[np.float32]:
    """Light for each of 4,096 signal levels: PQ on the screen, in units of diffuse white; HLG of the scene, 0 to 1."""
    signal = np.linspace(0, 1, _STEPS)
    if TRANSFERS[transfer] == "PQ":  # table 4 of [1]
        power = signal ** (1 / 78.84375)
        nits = 10000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
        light = nits / _WHITE
    else:  # table 5 of [1]
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return light.astype(np.float32)


@cache
def _curve() -> NDArray[np.float32]:
    """Linear light to show, 0 to 1, for the square root of light up to the peak in 4,096 steps."""
    peak = _PEAK / _WHITE
    light = np.linspace(0, 1, _STEPS) ** 2 * peak
    # the control point (middle, bend) lies on the tangent from (1, _AT_WHITE), which reaches white at 1 / _AT_WHITE
    middle = 1 + _SHOULDER * (1 / _AT_WHITE - 1)
    bend = _AT_WHITE + _SHOULDER * (1 - _AT_WHITE)
    a, b = 1 - 2 * middle + peak, 2 * (middle - 1)
    t = (-b + np.sqrt(b * b - 4 * a * np.minimum(1 - light, 0))) / (2 * a)
    above = (1 - t) ** 2 * _AT_WHITE + 2 * t * (1 - t) * bend + t * t
    return np.where(light <= 1, _AT_WHITE * light, above).astype(np.float32)


@cache
def _screen() -> NDArray[np.uint8]:
    """8-bit sRGB for the square root of linear light in 4,096 steps."""
    light = np.linspace(0, 1, _STEPS) ** 2
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255).astype(np.uint8)
