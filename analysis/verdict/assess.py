"""What the detector says of a picture, by itself and after what commonly happens to pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import lazy_loader as lazy
import numpy as np

from ..backbones.installed import UnavailableError
from ..backbones.tiles import Pixels
from .abstain import abstention
from .conditions import plausible
from .conformal import Calibrated
from .detector import Detector, load
from .fusion import Opinion, fuse
from .network import Network

cv2 = lazy.load("cv2")

JPEG_QUALITIES = (90, 75, 60)


@dataclass(frozen=True)
class Assessment:
    """One picture's result.

    Attributes
    ----------
    calibrated
        P-value, score, probability and confidence: always there, so that they can be shown, struck out, beside a
        reason for not judging.
    abstained
        Why the picture is not judged, or None.
    distance
        How unlike the calibration pictures it is; above 1 it is not judged.
    opinions
        What networks beside the detector say of it, by name. They are not asked about a picture that is not judged.
    silent
        Why a network has no opinion, by name.
    """

    calibrated: Calibrated
    abstained: str | None
    distance: float
    opinions: Mapping[str, Opinion] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)


def assess(
    pixels: Pixels,
    preview: Pixels,
    ways: Sequence[str],
    *,
    detector: Detector | None = None,
    networks: Sequence[Network] = (),
) -> Assessment:
    """Judge one picture.

    Parameters
    ----------
    pixels
        (H, W, 3) uint8 RGB, the whole picture, upright.
    preview
        The same with its longest side reduced to at most 768.
    ways
        The conditions in which it may have arrived, see :func:`analysis.verdict.calibrated.plausible`.
    detector
        By default the one that ships.
    networks
        Calibrated networks whose answers join the detector's, see :mod:`analysis.verdict.fusion`.
    """
    detector = detector or load()
    views = detector.see(pixels, preview)
    distance = detector.familiar.distance(views.features)
    abstained = abstention(preview, distance)
    opinions, silent = _ask(networks if abstained is None else (), pixels)
    raws = {way: detector.raw(views, way) for way in ways}
    return Assessment(
        calibrated=fuse(raws, detector.conditions, tuple(opinions.values())),
        abstained=abstained,
        distance=round(distance, 3),
        opinions=opinions,
        silent=silent,
    )


def _ask(networks: Sequence[Network], pixels: Pixels) -> tuple[dict[str, Opinion], dict[str, str]]:
    opinions: dict[str, Opinion] = {}
    silent: dict[str, str] = {}
    for network in networks:
        try:
            opinions[network.name] = network.opinion(pixels)
        except UnavailableError as problem:
            silent[network.name] = str(problem)
    return opinions, silent


def stability(
    preview: Pixels,
    *,
    detector: Detector | None = None,
    networks: Sequence[Network] = (),
    threads: int | None = None,
) -> dict[str, float]:
    """Scores of the picture's preview after JPEG 90, 75 and 60, at half size and cropped.

    The preview stands for the picture, so that the strip costs as much for a large one as for a small one. They are
    scored side by side over ``threads`` (default: the cores).

    Returns
    -------
    dict
        What was done, in words, to the score it then gets.
    """
    detector = detector or load()
    height, width = preview.shape[:2]
    half = (max(1, width // 2), max(1, height // 2))
    changed: dict[str, tuple[Pixels, int | None]] = {}
    for quality in JPEG_QUALITIES:
        _, data = cv2.imencode(".jpg", preview[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        again = np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
        changed[f"JPEG {quality}"] = (again, quality)
    changed["half size"] = (np.asarray(cv2.resize(preview, half, interpolation=cv2.INTER_AREA)), 75)
    inner = preview[height // 8 : height - height // 8, width // 8 : width - width // 8]
    changed["cropped"] = (np.ascontiguousarray(inner), 75)

    def score(change: tuple[Pixels, int | None]) -> float:
        pixels, quality_now = change
        ways = plausible(max(pixels.shape[:2]), lossless=False, jpeg_quality=quality_now)
        again = assess(pixels, pixels, ways, detector=detector, networks=networks)
        return again.calibrated.score

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        return dict(zip(changed, pool.map(score, changed.values()), strict=True))


__all__ = ["Assessment", "assess", "stability"]
