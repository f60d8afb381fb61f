"""A calibrated network of the operator's: what a backbone says of a picture becomes one raw number with a meaning."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ..backbones.installed import NetworkCalibration, Place, UnavailableError
from ..backbones.manifest import Entry, Output
from ..backbones.onnx import Backbone, BackboneOutput, open_installed
from ..backbones.preprocessing import middle
from ..backbones.tiles import Pixels
from .conformal import Condition
from .detector import parameters_hash
from .fusion import NetworkAnswer

_CERTAIN = 1e-7  # a probability nearer to 0 or 1 than this is taken for this


@dataclass(frozen=True)
class Network:
    """A network that is ready, and what its answers mean."""

    backbone: Backbone
    calibration: NetworkCalibration | None = None

    @property
    def entry(self) -> Entry:
        """What is known of it."""
        return self.backbone.entry

    @property
    def conditions(self) -> dict[str, Condition]:
        """What was measured, by condition.

        Raises
        ------
        UnavailableError
            When the network was opened without a calibration.
        """
        if self.calibration is None:
            raise UnavailableError("it is not calibrated")
        return {name: Condition.of(data) for name, data in self.calibration.conditions.items()}

    def answer(self, pixels: Pixels) -> NetworkAnswer:
        """What it says of a picture; parameters and errors are those of :meth:`raw`."""
        known = self.calibration
        beside_this = known is not None and known.detector == parameters_hash()
        return NetworkAnswer(self.raw(pixels), self.conditions, known.probability if known and beside_this else None)

    @property
    def name(self) -> str:
        """Its name in the catalogue."""
        return self.entry.name

    @property
    def version(self) -> str:
        """Which file, and when it was calibrated."""
        made = f", calibrated {self.calibration.made}" if self.calibration else ""
        return f"{self.entry.run_sha256[:12]}{made}"

    def raw(self, pixels: Pixels) -> float:
        """The network's answer as an unbounded number; higher is more AI-like.

        Parameters
        ----------
        pixels
            (H, W, 3) uint8 RGB, the whole picture, upright.

        Raises
        ------
        UnavailableError
            When the network fails, or answers with what is no finite number.
        """
        wants, output = self.entry.input, self.entry.output
        if output is None:
            raise UnavailableError("it gives features, not an answer")
        answer = _answer(self.backbone.see(pixels), output)
        look = wants.second_look
        if look is not None and min(pixels.shape[:2]) >= wants.crop:
            inside = look.low <= expit(answer + look.bias) <= look.high
            if inside:
                answer = (answer + _answer(self.backbone.see_squares([middle(pixels, wants)]), output)) / 2
        return answer if output.high_is_generated else -answer


@dataclass(frozen=True)
class Missing:
    """A network that was asked for and cannot be used."""

    name: str
    why: str
    version = "not available"


def open_networks(folder: Path, names: Iterable[str]) -> tuple[Network | Missing, ...]:
    """Load installed, calibrated networks; one that cannot be used is told, never raised.

    Call it before a worker forks: nothing is computed, and no threads are started.
    """
    parameters_hash()  # read now: a child may not open files
    return tuple(_open(Place(folder, name)) for name in names)


def _open(place: Place) -> Network | Missing:
    try:
        network = Network(open_installed(place), place.calibration())
        return network if network.conditions else Missing(place.name, "its calibration holds nothing")
    except UnavailableError as problem:
        return Missing(place.name, str(problem))
    except (KeyError, TypeError, ValueError):
        return Missing(place.name, "its calibration cannot be read")


def open_uncalibrated(place: Place) -> Network:
    """Load an installed network in order to calibrate it.

    Raises
    ------
    UnavailableError
        When it cannot be loaded.
    """
    backbone = open_installed(place)
    if backbone.entry.output is None:
        raise UnavailableError("it gives features, not an answer: there is nothing to calibrate")
    return Network(backbone)


def _answer(seen: BackboneOutput, output: Output) -> float:
    try:
        if seen.answers is None:
            raise ValueError("no answers")
        found = raw_of(seen.answers, output)
    except (ValueError, IndexError) as error:
        raise UnavailableError(f"it failed on this picture: {type(error).__name__}") from error
    if not math.isfinite(found):
        raise UnavailableError("its answer is not a number")
    return found


def raw_of(answers: NDArray[np.float64], output: Output) -> float:
    """(N, K) answers to N views become one number: the mean log-odds of the class at ``index``."""
    chosen = answers[:, output.index]
    if output.kind == "logits":
        others = np.delete(answers, output.index, axis=1)
        top = others.max(axis=1, keepdims=True)
        chosen = chosen - (top[:, 0] + np.log(np.exp(others - top).sum(axis=1)))
    elif output.kind == "probability":
        share = np.clip(chosen, _CERTAIN, 1 - _CERTAIN)
        chosen = np.log(share / (1 - share))
    return float(chosen.mean())
