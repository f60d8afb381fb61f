"""The one place where a network is opened and run: sessions of onnxruntime for all, TorchScript for operators' files.

A session is made before a worker forks: its weights are then the same pages of memory in every child. It runs on one
thread, because the threads of a pool do not survive a fork, and keeps no arena.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .installed import Place, UnavailableError
from .manifest import GRAPH, Entry, load_manifest
from .preprocessing import Floats, starting_pixels, tensor, views
from .tiles import Pixels

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


@dataclass(frozen=True)
class BackboneOutput:
    """What a network says of V views of a picture.

    Attributes
    ----------
    answers
        (V, K) float64, or None where the network gives none.
    features
        Output to (V, …) float32.
    """

    answers: NDArray[np.float64] | None = None
    features: dict[str, NDArray[np.float32]] = field(default_factory=dict)


Run = Callable[[Floats], BackboneOutput]


@dataclass(frozen=True)
class Backbone:
    """A network that is ready: what it is, and how it runs. Safe to call from several threads."""

    entry: Entry
    run: Run

    @property
    def name(self) -> str:
        """Its name in the catalogue."""
        return self.entry.name

    def see(self, pixels: Pixels, preview: Pixels | None = None) -> BackboneOutput:
        """Run it over a picture.

        Parameters
        ----------
        pixels
            (H, W, 3) uint8 RGB, the whole picture, upright.
        preview
            The same with its longest side reduced to at most 768, where the caller has it; else it is made where the
            network starts from it.

        Raises
        ------
        UnavailableError
            When the network fails, or gives what are no finite numbers.
        """
        return self.see_squares(views(starting_pixels(pixels, preview, self.entry.input), self.entry.input))

    def see_squares(self, squares: list[Pixels]) -> BackboneOutput:
        """Run it over squares that were cut already, (crop, crop, 3) uint8 each; errors are those of :meth:`see`."""
        try:
            seen = self.run(tensor(squares, self.entry.input))
            answers = None if seen.answers is None else _rows(seen.answers, len(squares)).astype(np.float64)
            features = {name: self._checked(name, value, len(squares)) for name, value in seen.features.items()}
        except Exception as error:  # a network may fail in any way; the other verdicts have to stand
            raise UnavailableError(f"it failed on this picture: {type(error).__name__}") from error
        finite = [bool(np.isfinite(value).all()) for value in features.values()]
        if not all(finite) or (answers is not None and not np.isfinite(answers).all()):
            raise UnavailableError("its answer is not a number")
        return BackboneOutput(answers, features)

    def _checked(self, name: str, value: NDArray[Any], count: int) -> NDArray[np.float32]:
        grid = self.entry.grid
        if len(value) != count or (name == self.entry.patches and grid and value.shape[-2] != grid[0] * grid[1]):
            raise ValueError("another shape than its entry says")
        return np.asarray(value, np.float32)


def open_backbone(folder: Path | None, name: str) -> Backbone:
    """Open a network of the catalogue: one that ships, or one that is installed.

    It is looked for in ``folder``, and then where set-up installs it. Call it before a process forks: nothing is
    computed, and no threads are started.

    Raises
    ------
    UnavailableError
        With a plain sentence, when it is not installed, damaged, another file than the one that was pinned, refused by
        the runtime, or gives or takes other shapes than its entry says.
    """
    try:
        entry = load_manifest(folder).get(name)
    except (LookupError, ValueError) as problem:
        raise UnavailableError(str(problem.args[0])) from None
    if entry.file is not None:
        return open_entry(entry, shipped(entry))
    return open_installed(Place.find(folder, name), entry)


def open_installed(place: Place, catalogued: Entry | None = None) -> Backbone:
    """Open what is installed at a place.

    Parameters
    ----------
    catalogued
        What the catalogue says today: where the network is built at set-up, it must be built by this recipe.

    Raises
    ------
    UnavailableError
        See :func:`open_backbone`.
    """
    entry, source = place.checked()
    if catalogued is not None and catalogued.build is not None:
        entry = place.as_built(entry, catalogued)
    return open_entry(entry, source)


def shipped(entry: Entry) -> bytes:
    """The bytes of a network that ships with the product.

    Raises
    ------
    UnavailableError
        When the file is not there, or is another one.
    """
    try:
        data = (resources.files("analysis") / "models" / str(entry.file)).read_bytes()
    except OSError:
        raise UnavailableError("its file is not there") from None
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise UnavailableError("its file is not the published one: the SHA-256 differs")
    return data


def open_entry(entry: Entry, source: bytes | Path) -> Backbone:
    """A network from its bytes, or from the path of what was built at set-up.

    Raises
    ------
    UnavailableError
        When it cannot be loaded, or is not what its entry says.
    """
    try:
        if entry.format == "onnx":
            return Backbone(entry, _onnx(entry, source))
        return Backbone(entry, _torchscript(source if isinstance(source, bytes) else source.read_bytes()))
    except UnavailableError:
        raise
    except Exception as error:  # whatever the library makes of a file that is none
        raise UnavailableError(f"its file cannot be loaded: {type(error).__name__}") from error


def session_of(source: bytes | Path) -> Any:
    """A session on one thread.

    An untrusted network comes as bytes: it cannot name further files. What was built here, and checked by its
    hash, comes as a path: its weights lie in a second file, which is mapped and not read, so that opening it takes half
    the memory and half the time.
    """
    import onnxruntime  # noqa: PLC0415 -- heavy, and only wanted where pictures are scored

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # survives a fork
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    given = source if isinstance(source, bytes) else str(source / GRAPH)
    session = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    session._model_bytes = None  # the library keeps the file's bytes for other providers, which are never asked for
    return session


def _onnx(entry: Entry, source: bytes | Path) -> Run:
    session = session_of(source)
    wanted = session.get_inputs()[0]
    given = {output.name: output.shape for output in session.get_outputs()}
    answer = None if entry.output is None else entry.output.name or next(iter(given))
    features = (*entry.features, *([entry.patches] if entry.patches and entry.patches not in entry.features else []))
    names = [*([answer] if answer is not None else []), *features]
    _check_shapes(entry, wanted, given, names)
    kind = _TYPES[wanted.type]
    one_by_one = isinstance(wanted.shape[0], int)

    def run(batch: Floats) -> BackboneOutput:
        parts = [batch[i : i + 1] for i in range(len(batch))] if one_by_one else [batch]
        said = [session.run(names, {wanted.name: part.astype(kind, copy=False)}) for part in parts]
        joined = said[0] if len(said) == 1 else [np.concatenate(values) for values in zip(*said, strict=True)]
        answers = joined.pop(0) if answer is not None else None
        return BackboneOutput(answers, dict(zip(features, joined, strict=True)))

    return run


def _check_shapes(entry: Entry, wanted: Any, given: dict[str, list[Any]], names: list[str]) -> None:
    """Compare what the graph says of itself with the entry; sizes it leaves open are checked as it runs."""
    side = entry.input.crop
    expected = [3, side, side] if entry.input.layout == "nchw" else [side, side, 3]
    said = wanted.shape
    fits = len(said) == 4 and all(not isinstance(s, int) or s == e for s, e in zip(said[1:], expected, strict=True))
    if not fits or wanted.type not in _TYPES:
        raise UnavailableError(f"its input is not the {side}×{side} pictures that its entry names")
    if absent := [name for name in names if name not in given]:
        raise UnavailableError(f"it has no output called {absent[0]}")
    if entry.patches is not None and entry.grid is not None:
        shape = given[entry.patches]
        count = shape[-2] if len(shape) >= 3 else 0
        if isinstance(count, int) and count != entry.grid[0] * entry.grid[1]:
            raise UnavailableError("it has another number of patches than its entry says")


def _torchscript(data: bytes) -> Run:
    if importlib.util.find_spec("torch") is None:
        raise UnavailableError("PyTorch is not installed")
    import torch  # noqa: PLC0415 -- only now: importing it takes seconds and 200 MB

    torch.set_num_threads(1)
    module = torch.jit.load(io.BytesIO(data), map_location="cpu").eval()

    def run(batch: Floats) -> BackboneOutput:
        with torch.inference_mode():
            return BackboneOutput(module(torch.from_numpy(batch)).float().numpy())

    return run


def _rows(values: NDArray[Any], count: int) -> NDArray[Any]:
    return np.asarray(values).reshape(count, -1)
