"""What the detector, and networks beside it, say of one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..backbones.installed import UnavailableError
from .abstain import abstention
from .conformal import Calibrated
from .detector import Detector, Sight
from .fusion import Opinion, fuse
from .network import Network

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Answer:
    """One picture's result.

    Attributes
    ----------
    calibrated
        P-value, score, probability and confidence: always there, so that they can be shown, struck out, beside a
        reason for not scoring.
    abstained
        Why the picture is not scored, or None.
    distance
        How unlike the calibration pictures it is; above 1 it is not scored.
    sight
        What the detector saw.
    opinions
        What networks beside the detector say of it, by name. They are not asked about a picture that is not scored.
    silent
        Why a network has no opinion, by name.
    """

    calibrated: Calibrated
    abstained: str | None
    distance: float
    sight: Sight
    opinions: Mapping[str, Opinion] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)


def answer(
    detector: Detector,
    pixels: Pixels,
    preview: Pixels,
    ways: Sequence[str],
    *,
    networks: Sequence[Network] = (),
) -> Answer:
    """Ask the detector about one picture.

    Parameters
    ----------
    detector
        Which one.
    pixels
        (H, W, 3) uint8 RGB, the whole picture, upright.
    preview
        The same with its longest side reduced to at most 768.
    ways
        The conditions in which it may have arrived, see :func:`analysis.verdict.conditions.plausible`.
    networks
        Calibrated networks whose answers join the detector's, see :mod:`analysis.verdict.fusion`.
    """
    sight = detector.see(pixels, preview)
    distance = detector.familiar.distance(sight.place)
    abstained = abstention(preview, distance)
    opinions, silent = _ask(networks if abstained is None else (), pixels)
    return Answer(
        calibrated=fuse(dict.fromkeys(ways, sight.raw), detector.conditions, tuple(opinions.values())),
        abstained=abstained,
        distance=round(distance, 3),
        sight=sight,
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
