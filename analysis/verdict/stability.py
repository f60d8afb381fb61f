"""The same picture scored again after what commonly happens to pictures: how much of the answer would survive it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..signal.planes import Planes
from ..signal.recompression import recompress
from .answer import ask_detector
from .bands import FLIP
from .conditions import plausible
from .detector import Detector
from .network import Network

cv2 = lazy.load("cv2")

Pixels = NDArray[np.uint8]
Change = Callable[[Planes], Pixels]


def strip(
    detector: Detector,
    planes: Planes,
    *,
    networks: Sequence[Network] = (),
    threads: int | None = None,
) -> dict[str, float]:
    """Scores of the picture's preview after JPEG 90, 75 and 60, at half size and cropped.

    Parameters are those of :func:`begin`; the changed copies are scored side by side over ``threads`` (default: the
    cores).

    Returns
    -------
    dict
        What was done, in words, to the score it then gets.
    """
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        return {name: scored.result() for name, scored in begin(pool, detector, planes, networks).items()}


def begin(
    pool: Executor, detector: Detector, planes: Planes, networks: Sequence[Network] = ()
) -> dict[str, Future[float]]:
    """Let a pool score the changed copies: what was done, in words, to the score to come.

    The preview stands for the picture, so that the strip costs as much for a large one as for a small one. Each copy is
    a view of its own: a batch of five takes the network as long as five views one after the other.
    """

    def score(change: Change, jpeg_quality: int) -> float:
        pixels = change(planes)
        ways = plausible(max(pixels.shape[:2]), lossless=False, jpeg_quality=jpeg_quality)
        return ask_detector(detector, pixels, pixels, ways, networks=networks).calibrated.score

    return {name: pool.submit(score, *change) for name, change in CHANGES.items()}


def _halved(planes: Planes) -> Pixels:
    height, width = planes.rgb.shape[:2]
    half = (max(1, width // 2), max(1, height // 2))
    return np.asarray(cv2.resize(planes.rgb, half, interpolation=cv2.INTER_AREA))


def _cropped(planes: Planes) -> Pixels:
    height, width = planes.rgb.shape[:2]
    return np.ascontiguousarray(planes.rgb[height // 8 : height - height // 8, width // 8 : width - width // 8])


CHANGES: dict[str, tuple[Change, int]] = {
    "JPEG 90": (lambda planes: recompress(planes.rgb, 90), 90),
    "JPEG 75": (lambda planes: planes.jpeg_75, 75),
    "JPEG 60": (lambda planes: recompress(planes.rgb, 60), 60),
    "half size": (_halved, 75),
    "cropped": (_cropped, 75),
}
"""What commonly happens to pictures, in words: how, and the JPEG quality to which the copy counts as compressed."""


def flips(score: float, again: Mapping[str, float]) -> bool:
    """Whether a change brings the score to the other side of "probable"."""
    return any((other >= FLIP) is not (score >= FLIP) for other in again.values())
