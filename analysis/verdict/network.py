"""Run an installed network on a picture: its preprocessing, then onnxruntime or TorchScript, then one raw number."""

from __future__ import annotations

import importlib.util
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..backbones.installed import Calibration, Place, UnavailableError
from ..backbones.manifest import Entry, Input, Output
from ..backbones.tiles import Pixels, pad_to, spread
from .conformal import Condition
from .detector import parameters_hash
from .fusion import Opinion

Floats = NDArray[np.float32]
Run = Callable[[Floats], NDArray[Any]]

_KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
}
_CERTAIN = 1e-7  # a probability nearer to 0 or 1 than this is taken for this


@dataclass(frozen=True)
class Network:
    """A network that is ready: what it is, how it runs, and what its answers mean."""

    entry: Entry
    run: Run
    calibration: Calibration | None = None

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

    def opinion(self, pixels: Pixels) -> Opinion:
        """What it says of a picture; parameters and errors are those of :meth:`raw`."""
        known = self.calibration
        beside_this = known is not None and known.detector == parameters_hash()
        return Opinion(self.raw(pixels), self.conditions, known.probability if known and beside_this else None)

    @property
    def name(self) -> str:
        """Its name in the catalogue."""
        return self.entry.name

    @property
    def version(self) -> str:
        """Which file, and when it was calibrated."""
        made = f", calibrated {self.calibration.made}" if self.calibration else ""
        return f"{(self.entry.sha256 or '')[:12]}{made}"

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
        wants = self.entry.input
        answer = self._answer(views(pixels, wants))
        look = wants.second_look
        if look is not None and min(pixels.shape[:2]) >= wants.crop:
            inside = look.low <= _sigmoid(answer + look.bias) <= look.high
            answer = (answer + self._answer([_middle(pixels, wants)])) / 2 if inside else answer
        return answer if self.entry.output.high_is_generated else -answer

    def _answer(self, squares: list[Pixels]) -> float:
        try:
            answers = np.asarray(self.run(tensor(squares, self.entry.input)), dtype=np.float64)
            found = raw_of(answers.reshape(len(squares), -1), self.entry.output)
        except Exception as error:  # a stranger's network may fail in any way; the shipped verdict has to stand
            raise UnavailableError(f"it failed on this picture: {type(error).__name__}") from error
        if not math.isfinite(found):
            raise UnavailableError("its answer is not a number")
        return found


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
        entry, data = place.read()
        network = Network(entry, _loaded(entry, data), place.calibration())
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
    entry, data = place.read()
    return Network(entry, _loaded(entry, data))


def _loaded(entry: Entry, data: bytes) -> Run:
    try:
        return _onnx(data) if entry.format == "onnx" else _torchscript(data)
    except UnavailableError:
        raise
    except Exception as error:  # whatever the library makes of a file that is none
        raise UnavailableError(f"its file cannot be loaded: {type(error).__name__}") from error


def _onnx(data: bytes) -> Run:
    """From bytes, never from a path: such a network cannot name further files."""
    import onnxruntime  # noqa: PLC0415 -- heavy, and only wanted where pictures are scored

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # survives a fork
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    wanted = session.get_inputs()[0]
    kind = np.float16 if "float16" in wanted.type else np.float32
    fixed = isinstance(wanted.shape[0], int)  # a batch of one each

    def run(batch: Floats) -> NDArray[Any]:
        parts = [batch[i : i + 1] for i in range(len(batch))] if fixed else [batch]
        return np.concatenate([session.run(None, {wanted.name: part.astype(kind)})[0] for part in parts])

    return run


def _torchscript(data: bytes) -> Run:
    if importlib.util.find_spec("torch") is None:
        raise UnavailableError("PyTorch is not installed")
    import torch  # noqa: PLC0415 -- only now: importing it takes seconds and 200 MB

    torch.set_num_threads(1)
    module = torch.jit.load(io.BytesIO(data), map_location="cpu").eval()

    def run(batch: Floats) -> NDArray[Any]:
        with torch.inference_mode():
            return module(torch.from_numpy(batch)).float().numpy()

    return run


def views(pixels: Pixels, wants: Input) -> list[Pixels]:
    """The squares a network looks at: (crop, crop, 3) uint8 each."""
    scaled = pad_to(_resized(pixels, wants), wants.crop)
    if wants.views == 1:
        return [_middle(scaled, wants)]
    side = wants.crop
    return [scaled[y : y + side, x : x + side] for y, x in spread(scaled.shape[0], scaled.shape[1], side)]


def tensor(squares: list[Pixels], wants: Input) -> Floats:
    """(N, 3, crop, crop) or (N, crop, crop, 3) float32, as the network wants it."""
    stacked = np.stack(squares)[..., :: 1 if wants.colors == "rgb" else -1].astype(np.float32)
    mean, std = (np.asarray(three, np.float32) for three in (wants.mean, wants.std))
    batch = (stacked / np.float32(255 if wants.unit else 1) - mean) / std
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2) if wants.layout == "nchw" else batch, dtype=np.float32)


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


def _resized(pixels: Pixels, wants: Input) -> Pixels:
    height, width = pixels.shape[:2]
    if wants.resize == "none" or wants.to is None:
        return pixels
    if wants.resize == "stretch":
        size = (wants.to, wants.to)
    else:
        scale = wants.to / (min if wants.resize == "shorter" else max)(width, height)
        rounded = math.floor if wants.rounding == "down" else round
        # the side that decides is exact: what is rounded is the other one
        exact = min(width, height) if wants.resize == "shorter" else max(width, height)
        width, height = (wants.to if s == exact else max(1, rounded(s * scale + 1e-9)) for s in (width, height))
        size = (width, height)
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, _KERNELS[wants.interpolation]))


def _middle(pixels: Pixels, wants: Input) -> Pixels:
    side, halved = wants.crop, [(length - wants.crop) / 2 for length in pixels.shape[:2]]
    y, x = (round(h) if wants.rounding == "down" else math.floor(h) for h in halved)
    return pixels[y : y + side, x : x + side]


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, x))))
