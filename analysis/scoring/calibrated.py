"""Calibrated scoring: from the detector's raw output to a p-value, a score that means something, and a confidence.

The score is a monotone map of the conformal p-value: the share of genuine calibration pictures, of sources the model
had not seen, that look at least as AI-like. The map is fixed so that the bands keep their promise: p = 1 %, 5 %, 15 %
and 50 % are the scores 60, 45, 30 and 18.

All of it holds *per condition*: how a picture arrives (as is, a web copy, a hard copy, a screenshot) changes what can
be seen in it. Learned numbers come from ``analysis/models/detector.json``; this module only does the mathematics.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

cv2 = lazy.load("cv2")  # the web process reads bands and never needs OpenCV

Floats = NDArray[np.float64]

CONDITIONS = ("clean", "web", "hard", "screenshot")

SCORE_OF_P = ((1.0, 0.0), (0.5, 18.0), (0.15, 30.0), (0.05, 45.0), (0.01, 60.0), (0.001, 85.0), (0.0001, 100.0))
"""Knots of the map from p-value to score; linear in log p between them (linear in p above one half)."""

LOWEST_CONFIDENCE, HIGHEST_CONFIDENCE = 15.0, 90.0


def score_of(p: float) -> float:
    """The score, 0 to 100, of a p-value in (0, 1]: lower p, higher score.

    >>> [round(score_of(p)) for p in (1.0, 0.5, 0.15, 0.05, 0.01)]
    [0, 18, 30, 45, 60]
    """
    if p >= 0.5:
        return 18.0 * (1.0 - min(p, 1.0)) / 0.5
    for (upper, low), (lower, high) in itertools.pairwise(SCORE_OF_P[1:]):
        if p >= lower:
            share = (math.log(upper) - math.log(p)) / (math.log(upper) - math.log(lower))
            return low + share * (high - low)
    return 100.0


@dataclass(frozen=True)
class Condition:
    """What was measured for one way of arriving.

    Attributes
    ----------
    levels, thresholds
        ``thresholds[i]`` is the raw output that at most ``levels[i]`` of genuine pictures reach; levels fall,
        thresholds rise.
    slope, offset
        P(generated) = sigmoid(slope · raw + offset), classes weighted alike.
    genuine, sources
        Genuine pictures, and the sources they are from.
    """

    levels: Floats
    thresholds: Floats
    slope: float
    offset: float
    genuine: int
    sources: int

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Condition:
        """From its JSON object."""
        return cls(
            levels=np.asarray(data["levels"], dtype=np.float64),
            thresholds=np.asarray(data["thresholds"], dtype=np.float64),
            slope=float(data["slope"]),
            offset=float(data["offset"]),
            genuine=int(data["genuine"]),
            sources=int(data["sources"]),
        )

    def p_value(self, raw: float) -> float:
        """Share of genuine pictures that look at least this AI-like: never 0, and rounded towards caution."""
        reached = int(np.searchsorted(self.thresholds, raw, side="right"))
        return float(self.levels[max(0, reached - 1)])

    def probability(self, raw: float) -> float:
        """P(generated), were both classes equally frequent."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.slope * raw + self.offset))))


@dataclass(frozen=True)
class Calibrated:
    """What calibrated scoring says of one picture."""

    condition: str
    raw: float
    p: float
    score: float
    probability: float
    confidence: float
    per_thousand: int
    """Of 1,000 genuine pictures that arrived like this one, how many look at least this AI-like."""

    @property
    def sentence(self) -> str:
        """The false-alarm rate in words."""
        if self.p >= 0.0015:
            return f"Of 1,000 genuine pictures like this one, {self.per_thousand} look at least this AI-like."
        return "Of 1,000 genuine pictures like this one, hardly any looks this AI-like."


def confidence_of(probability: float, score: float) -> float:
    """The measured chance, in percent, that the side taken is right: AI from a score of 30 on, else genuine."""
    right = probability if score >= 30.0 else 1.0 - probability
    return max(LOWEST_CONFIDENCE, min(HIGHEST_CONFIDENCE, 100.0 * right))


def calibrate(raws: Mapping[str, float], conditions: Mapping[str, Condition]) -> Calibrated:
    """Score a picture whose condition may be one of several: the most cautious of them counts.

    Parameters
    ----------
    raws
        Raw output by plausible condition, see :func:`plausible`.
    conditions
        What was measured, by condition.
    """
    name = max(raws, key=lambda c: conditions[c].p_value(raws[c]))
    condition = conditions[name]
    p = condition.p_value(raws[name])
    score = score_of(p)
    probability = condition.probability(raws[name])
    return Calibrated(
        condition=name,
        raw=raws[name],
        p=p,
        score=round(score, 1),
        probability=probability,
        confidence=round(confidence_of(probability, score), 1),
        per_thousand=round(1000 * p),
    )


def plausible(longest: int, *, lossless: bool, jpeg_quality: int | None, has_camera: bool = False) -> tuple[str, ...]:
    """The conditions a picture may have arrived in, judged by its own facts.

    Parameters
    ----------
    longest
        Longest side of the file's picture, in pixels.
    lossless
        PNG, BMP, TIFF and the like.
    jpeg_quality
        IJG quality read from the quantisation tables, None where there are none.
    has_camera
        The file carries a camera's EXIF: it was hardly re-encoded on its way.
    """
    if has_camera:
        return ("clean",)
    if lossless:
        return ("clean", "screenshot")
    quality = 75 if jpeg_quality is None else jpeg_quality
    if longest <= 560 and quality < 52:
        return ("hard",)
    if longest <= 560 or quality < 52:
        return ("web", "hard") if quality < 75 else ("clean", "web")
    if longest <= 1100 and quality < 82:
        return ("web",)
    if longest <= 1100:
        return ("clean", "web")
    return ("clean",) if quality >= 70 else ("clean", "web")


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
    if min(height, width) < 64:
        return "The picture is too small to judge: its shorter side is under 64 pixels."
    if float(cv2.meanStdDev(pixels)[1].max()) < 4.0:
        return "The picture is almost one flat color: there is nothing in it to judge."
    if plainness(pixels) > PLAIN:
        return "Most of the picture is one color, as in a text page or a diagram: the detector was not made for these."
    if neighbourhood(pixels) < UNRELATED:
        return "Neighbouring pixels have nothing to do with each other: this is noise, not a picture."
    if distance > 1.0:
        return "The picture is unlike any the detector was calibrated on."
    return None
