"""The detector: a backbone, the head learned on it, and what its raw outputs are worth. One class for every backbone.

``models/detectors.json`` names the backbones in order of preference; ``models/NAME.json`` holds what was measured with
one of them, ``models/NAME.npz`` its head. The first that is installed answers. The last is shipped with the engine, so
there is always one, and :attr:`Detector.instead_of` says what could not be used.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backbones.installed import UnavailableError
from ..backbones.onnx import Backbone, BackboneOutput, open_backbone
from .abstain import Familiar
from .conformal import Condition
from .head import Head
from .likeness import Families

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

ORDER = "detectors.json"


@dataclass(frozen=True)
class DetectorOutput:
    """What the detector sees in one picture.

    Attributes
    ----------
    raw
        One number; higher is more AI-like.
    place
        (K,) coordinates of feature space, see :class:`analysis.verdict.abstain.Familiar`.
    seen
        What the backbone gave.
    """

    raw: float
    place: Floats
    seen: BackboneOutput


class Detector:
    """A backbone with its head and its calibration; safe to call from several threads.

    Parameters
    ----------
    backbone
        The network that sees.
    facts
        The object of ``NAME.json``.
    arrays
        The head, see :meth:`analysis.verdict.head.Head.of`.
    instead_of
        Why a preferred detector is not used, by name.
    """

    def __init__(
        self,
        backbone: Backbone,
        facts: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        instead_of: Mapping[str, str] | None = None,
    ) -> None:
        self.backbone = backbone
        self.name = backbone.name
        self.arrays = arrays
        self.head = Head.of(arrays)
        self.conditions = {name: Condition.of(data) for name, data in facts["conditions"].items()}
        self.familiar = Familiar.of(facts["familiar"])
        self.families = Families.of(facts["likeness"]) if facts.get("likeness") else None
        self.facts: dict[str, Any] = {k: v for k, v in facts.items() if k not in ("conditions", "familiar")}
        self.instead_of = dict(instead_of or {})

    def see(self, pixels: Pixels, preview: Pixels | None = None) -> DetectorOutput:
        """Look at a picture.

        Parameters
        ----------
        pixels
            (H, W, 3) uint8 RGB, the whole picture, upright.
        preview
            The same with its longest side reduced to at most 768, where the caller has it.
        """
        seen = self.backbone.see(pixels, preview)
        return DetectorOutput(self.head.raw(seen), self.head.coordinates(seen), seen)

    def evidence(self, sight: DetectorOutput) -> Floats | None:
        """What each region adds to the raw output, (rows, columns), beside an average region of genuine pictures.

        None where this detector cannot say.
        """
        entry = self.backbone.entry
        if entry.patches is None or entry.grid is None:
            return None
        parts = self.head.evidence(sight.seen, entry.patches, entry.grid)
        return None if parts is None else parts - float(self.facts.get("evidence_of_genuine", 0.0)) / parts.size

    @property
    def version(self) -> str:
        """Which parameters, and when they were made."""
        return f"{self.name}, made {self.facts['made']}"


@cache
def load(folder: Path | None = None) -> Detector:
    """The first detector in the order of preference whose backbone is installed and intact.

    Parameters
    ----------
    folder
        Where networks are installed, beside the place that set-up uses.
    """
    missing: dict[str, str] = {}
    for name in order():
        try:
            return open_detector(folder, name, missing)
        except UnavailableError as problem:
            missing[name] = str(problem)
    raise UnavailableError("; ".join(f"{name}: {why}" for name, why in missing.items()))


def open_detector(folder: Path | None, name: str, instead_of: Mapping[str, str] | None = None) -> Detector:
    """What was learned under a name, on the backbone that it names.

    Raises
    ------
    UnavailableError
        When the backbone cannot be used, or is another one than the head was learned on.
    """
    try:
        facts = json.loads(_models().joinpath(f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnavailableError("no head was learned on it") from None
    backbone = open_backbone(folder, facts["backbone"]["name"])
    made_for = facts["backbone"]["fingerprint"]
    if backbone.entry.fingerprint != made_for:
        raise UnavailableError("what is installed is another network than the one the detector was trained on")
    return Detector(backbone, facts, _arrays(name), instead_of)


def describe_detector(folder: Path | None = None) -> tuple[str, str | None]:
    """Which detector answers, and why not the preferred one (None where it is the preferred one)."""
    found = load(folder)
    reasons = [f"{name}: {why}" for name, why in found.instead_of.items()]
    return found.name, "; ".join(reasons) or None


@cache
def order() -> tuple[str, ...]:
    """Names of backbones, the preferred first."""
    return tuple(json.loads(_models().joinpath(ORDER).read_text(encoding="utf-8")))


@cache
def parameters_hash(name: str | None = None) -> str:
    """The SHA-256 of a detector's parameters (by default of the preferred one): head, calibration, backbone's name."""
    digest = hashlib.sha256()
    for end in ("json", "npz"):
        file = _models().joinpath(f"{name or order()[0]}.{end}")
        digest.update(file.read_bytes() if file.is_file() else b"-")
    return digest.hexdigest()


def _arrays(name: str) -> dict[str, NDArray[Any]]:
    file = _models().joinpath(f"{name}.npz")
    if not file.is_file():
        return {}
    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def _models() -> Traversable:
    return resources.files("analysis") / "models"
