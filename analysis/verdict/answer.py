"""What the detector, and networks beside it, say of one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..backbones.installed import UnavailableError
from .abstain import abstention
from .conformal import Calibrated
from .detector import Detector, DetectorOutput
from .fusion import NetworkAnswer, fuse
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
    network_answers
        What networks beside the detector say of it, by name. They are not asked about a picture that is not scored.
    silent
        Why a network gives no answer, by name.
    """

    calibrated: Calibrated
    abstained: str | None
    distance: float
    sight: DetectorOutput
    network_answers: Mapping[str, NetworkAnswer] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)


def ask_detector(
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
    network_answers, silent = _ask(networks if abstained is None else (), pixels)
    return Answer(
        calibrated=fuse(dict.fromkeys(ways, sight.raw), detector.conditions, tuple(network_answers.values())),
        abstained=abstained,
        distance=round(distance, 3),
        sight=sight,
        network_answers=network_answers,
        silent=silent,
    )


def _ask(networks: Sequence[Network], pixels: Pixels) -> tuple[dict[str, NetworkAnswer], dict[str, str]]:
    network_answers: dict[str, NetworkAnswer] = {}
    silent: dict[str, str] = {}
    for network in networks:
        try:
            network_answers[network.name] = network.answer(pixels)
        except UnavailableError as problem:
            silent[network.name] = str(problem)
    return network_answers, silent
