"""The shipped network: tiles in, one raw output per condition and a place in feature space out. Runs without torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backbones.tiles import NATIVE_VIEW, WHOLE_VIEW, Pixels, cut
from .abstain import Familiar
from .conformal import Condition

_MODELS = "models"
_NETWORK, _CALIBRATION = "detector.onnx", "detector.json"


@dataclass(frozen=True)
class Views:
    """What the detector saw of one picture.

    Attributes
    ----------
    inputs
        Named numbers that the conditions' weights join: the mean answer of each view, and, where the calibration asks
        for it, the answer of the hand-made statistics.
    features
        (K,) principal components of the pooled features, mean over the whole view's tiles.
    """

    inputs: dict[str, float]
    features: NDArray[np.float32]


class Detector:
    """Network and calibration, loaded once a process; safe to call from several threads.

    Parameters
    ----------
    network
        Bytes of the ONNX file.
    calibration
        The object of ``detector.json``.
    threads
        Threads for one call. With one, the library starts none, and a process that has loaded the detector may fork.
    """

    def __init__(self, network: bytes, calibration: dict[str, Any], threads: int = 1) -> None:
        import onnxruntime  # noqa: PLC0415 -- heavy, and only wanted where pictures are scored

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # memory is taken for one picture and given back, rather than kept at the largest ever seen
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        self.facts: dict[str, Any] = {k: v for k, v in calibration.items() if k not in ("conditions", "familiar")}
        self.conditions = {name: Condition.of(data) for name, data in calibration["conditions"].items()}
        self.familiar = Familiar.of(calibration["familiar"])
        self._weights = {
            name: (float(data["bias"]), {k: float(v) for k, v in data["inputs"].items()})
            for name, data in calibration["conditions"].items()
        }
        self._native = any("native" in weights for _, weights in self._weights.values())

    def see(self, pixels: Pixels, preview: Pixels) -> Views:
        """Run the network over a picture.

        Parameters
        ----------
        pixels
            (H, W, 3) uint8 RGB, the whole picture, upright.
        preview
            The same with its longest side reduced to at most 768.
        """
        tiles, view = cut(pixels, preview)
        seen = tiles if self._native else tiles[view == WHOLE_VIEW]
        answers, features = self._session.run(None, {"tiles": np.ascontiguousarray(seen)})
        whole = view[: len(seen)] == WHOLE_VIEW
        inputs = {"whole": float(answers[whole, WHOLE_VIEW].mean())}
        if self._native:
            inputs["native"] = float(answers[~whole, NATIVE_VIEW].mean())
        return Views(inputs=inputs, features=features[whole].mean(0))

    def raw(self, views: Views, condition: str) -> float:
        """The raw output for one way of arriving; higher is more AI-like."""
        bias, weights = self._weights[condition]
        return bias + sum(weight * float(np.clip(views.inputs[name], -12, 12)) for name, weight in weights.items())


@cache
def parameters_hash() -> str:
    """The SHA-256 of the shipped calibration, which names its network's too."""
    return hashlib.sha256((resources.files("analysis") / _MODELS / _CALIBRATION).read_bytes()).hexdigest()


@cache
def load() -> Detector:
    """The detector that ships with the engine."""
    folder = resources.files("analysis") / _MODELS
    calibration = json.loads((folder / _CALIBRATION).read_text(encoding="utf-8"))
    return Detector((folder / _NETWORK).read_bytes(), calibration)
