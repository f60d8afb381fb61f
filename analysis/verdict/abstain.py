"""What is not judged, and why: by what a picture is and where it lies in feature space, never by its score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

cv2 = lazy.load("cv2")  # the web process reads bands and never needs OpenCV

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Familiar:
    """Where the calibration pictures lie in feature space; what is far from them is not judged.

    The network gives principal components; distance is Mahalanobis along them, in units of the limit.
    """

    mean: Floats
    scales: Floats
    limit: float

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Familiar:
        """From its JSON object."""
        mean, scales = (np.asarray(data[name], dtype=np.float64) for name in ("mean", "scales"))
        return cls(mean=mean, scales=scales, limit=float(data["limit"]))

    def distance(self, features: NDArray[np.floating[Any]]) -> float:
        """How far a picture lies from those that were calibrated; 1 is the limit."""
        z = (features.astype(np.float64) - self.mean) / self.scales
        return float(math.sqrt(float((z * z).mean())) / self.limit)


PLAIN = 0.7
"""Share of one color (in steps of 16) from which on a picture is a page or a drawing rather than a scene."""

SMALLEST = 128
"""Shorter side, in pixels, below which nothing was calibrated: the pictures that were have 200 and more."""

UNRELATED = 0.2
"""Correlation of neighbouring pixels below which there is no picture: scenes have 0.8 and more."""


def plainness(pixels: NDArray[np.uint8]) -> float:
    """Share of the most frequent color, colors taken in steps of 16."""
    counts = cv2.calcHist([pixels], [0, 1, 2], None, [16, 16, 16], [0, 256] * 3)
    return float(counts.max() / counts.sum(dtype=np.float64))


def neighbourhood(pixels: NDArray[np.uint8]) -> float:
    """Correlation of horizontally neighbouring pixels of the green channel; 1 where there is no contrast."""
    green = pixels[..., 1].astype(np.float64)
    left, right = green[:, :-1].ravel(), green[:, 1:].ravel()
    spread = left.std() * right.std()
    return float(((left - left.mean()) * (right - right.mean())).mean() / spread) if spread > 1e-9 else 1.0


def abstention(pixels: NDArray[np.uint8], distance: float) -> str | None:
    """Why the picture is not judged, or None. What it would score plays no part.

    Parameters
    ----------
    pixels
        (h, w, 3) uint8 RGB, the preview.
    distance
        From :meth:`Familiar.distance`.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST:
        return f"The picture is too small to judge: its shorter side is under {SMALLEST} pixels."
    if float(cv2.meanStdDev(pixels)[1].max()) < 4.0:
        return "The picture is almost one flat color: there is nothing in it to judge."
    if plainness(pixels) > PLAIN:
        return "Most of the picture is one color, as in a text page or a diagram: the detector was not made for these."
    if neighbourhood(pixels) < UNRELATED:
        return "Neighbouring pixels have nothing to do with each other: this is noise, not a picture."
    if distance > 1.0:
        return "The picture is unlike any the detector was calibrated on."
    return None
