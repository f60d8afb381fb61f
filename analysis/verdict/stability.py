"""The same picture scored again after what commonly happens to pictures: how much of the answer would survive it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from .answer import answer
from .bands import FLIP
from .conditions import plausible
from .detector import Detector
from .network import Network

cv2 = lazy.load("cv2")

Pixels = NDArray[np.uint8]

JPEG_QUALITIES = (90, 75, 60)


def strip(
    detector: Detector,
    preview: Pixels,
    *,
    networks: Sequence[Network] = (),
    threads: int | None = None,
) -> dict[str, float]:
    """Scores of the picture's preview after JPEG 90, 75 and 60, at half size and cropped.

    The preview stands for the picture, so that the strip costs as much for a large one as for a small one. The changed
    copies are scored side by side over ``threads`` (default: the cores).

    Returns
    -------
    dict
        What was done, in words, to the score it then gets.
    """
    changed = changes(preview)

    def score(change: tuple[Pixels, int]) -> float:
        pixels, quality_now = change
        ways = plausible(max(pixels.shape[:2]), lossless=False, jpeg_quality=quality_now)
        return answer(detector, pixels, pixels, ways, networks=networks).calibrated.score

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        return dict(zip(changed, pool.map(score, changed.values()), strict=True))


def changes(preview: Pixels) -> dict[str, tuple[Pixels, int]]:
    """The changed copies, (h, w, 3) uint8 RGB, and the JPEG quality to which each counts as compressed."""
    height, width = preview.shape[:2]
    half = (max(1, width // 2), max(1, height // 2))
    changed: dict[str, tuple[Pixels, int]] = {}
    for quality in JPEG_QUALITIES:
        _, data = cv2.imencode(".jpg", preview[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        again = np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
        changed[f"JPEG {quality}"] = (again, quality)
    changed["half size"] = (np.asarray(cv2.resize(preview, half, interpolation=cv2.INTER_AREA)), 75)
    inner = preview[height // 8 : height - height // 8, width // 8 : width - width // 8]
    changed["cropped"] = (np.ascontiguousarray(inner), 75)
    return changed


def flips(score: float, again: Mapping[str, float]) -> bool:
    """Whether a change brings the score to the other side of "probable"."""
    return any((other >= FLIP) is not (score >= FLIP) for other in again.values())
