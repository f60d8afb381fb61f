"""The folder of networks: ``FOLDER/NAME`` holds files, entry and calibration of one. Nothing heavy is imported."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from .manifest import Entry

ENTRY, CALIBRATION, PARTIAL = "network.json", "calibration.json", ".part"
DEFAULT_FOLDER = Path(__file__).parents[2] / "var" / "networks"
"""Where set-up installs, and the command looks."""

SUFFIXES = {"onnx": ".onnx", "torchscript": ".pt"}


class NetworkCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """What ``models calibrate`` measured; ``conditions`` are those of :class:`analysis.verdict.conformal.Condition`.

    ``probability`` (condition to slope and offset over -log10 of the fused p-value) is there only where AI pictures
    were measured too; it holds for this network beside the detector whose parameters have the hash ``detector``.
    """

    format: int
    made: str
    network_sha256: str
    list_sha256: str
    detector: str
    pictures: dict[str, int]
    conditions: dict[str, dict[str, Any]]
    figures: dict[str, dict[str, Any]] = {}
    probability: dict[str, tuple[float, float]] | None = None


class UnavailableError(Exception):
    """A network that cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Place:
    """Where one network lies."""

    folder: Path
    name: str

    @classmethod
    def find(cls, folder: Path | None, name: str) -> Place:
        """Where a network lies: in ``folder``, or else where set-up installs.

        An operator's folder may hold the operator's own networks alone.
        """
        there = folder is not None and (folder / name).is_dir()
        return cls(folder if folder is not None and there else DEFAULT_FOLDER, name)

    @property
    def home(self) -> Path:
        """The network's own folder."""
        return self.folder / self.name

    def file_of(self, entry: Entry) -> Path:
        """Where the network's file lies, or will."""
        return self.home / f"model{SUFFIXES[entry.format]}"

    def entry(self) -> Entry:
        """What was installed.

        Raises
        ------
        UnavailableError
            When nothing was, or what lies there cannot be read.
        """
        try:
            return msgspec.json.decode((self.home / ENTRY).read_bytes(), type=Entry)
        except FileNotFoundError:
            raise UnavailableError("it is not installed; python -m analysis models pull brings it") from None
        except (msgspec.DecodeError, OSError):
            raise UnavailableError(f"its {ENTRY} cannot be read") from None

    def checked(self) -> tuple[Entry, bytes | Path]:
        """The entry, and what is to be opened, checked by hash: the published bytes, or the folder of what was built.

        Raises
        ------
        UnavailableError
            When a file is not there, or is not the one that was installed.
        """
        entry = self.entry()
        try:
            if entry.built is not None:
                for name, wanted in entry.built.files.items():
                    with (self.home / name).open("rb") as file:
                        if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                            raise UnavailableError("what was built of it is damaged: the SHA-256 differs")
                return entry, self.home
            data = self.file_of(entry).read_bytes()
        except OSError:
            raise UnavailableError("its file is not there") from None
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise UnavailableError("its file is not the published one: the SHA-256 differs")
        return entry, data

    def as_built(self, entry: Entry, catalogued: Entry) -> Entry:
        """What the catalogue says today, of what was built here.

        Raises
        ------
        UnavailableError
            When it was built of another file or in another way than the catalogue wants.
        """
        if entry.built is None or entry.built.recipe != catalogued.recipe:
            raise UnavailableError(
                f"it was built for another version; python -m analysis models pull {self.name} builds it again"
            )
        return msgspec.structs.replace(catalogued, built=entry.built)

    def calibration(self) -> NetworkCalibration:
        """The calibration of what is installed.

        Raises
        ------
        UnavailableError
            When nothing is installed, or its calibration is not there, cannot be read, or was made of another file.
        """
        entry = self.entry()
        try:
            found = msgspec.json.decode((self.home / CALIBRATION).read_bytes(), type=NetworkCalibration)
        except FileNotFoundError:
            raise UnavailableError("it is not calibrated; python -m analysis models calibrate does that") from None
        except (msgspec.DecodeError, OSError):
            raise UnavailableError(f"its {CALIBRATION} cannot be read") from None
        if found.network_sha256 != entry.run_sha256:
            raise UnavailableError("its calibration was made of another file; calibrate it again")
        return found

    def keep(self, entry: Entry) -> None:
        """Write down what is installed, once its file is in place."""
        _write(self.home / ENTRY, msgspec.json.format(msgspec.json.encode(entry), indent=1))

    def keep_calibration(self, calibration: NetworkCalibration) -> None:
        """Replace the calibration."""
        _write(self.home / CALIBRATION, msgspec.json.format(msgspec.json.encode(calibration), indent=1))

    def remove(self) -> bool:
        """Delete everything of it; whether there was anything."""
        there = self.home.is_dir() and not self.home.is_symlink()
        if there:
            shutil.rmtree(self.home)
        return there

    @cached_property
    def fingerprint(self) -> str:
        """Twelve digits that change when the file, what it is taken for, or its calibration changes; cheap to make.

        The file itself is not read: its size and time stand for it.
        """
        digest = hashlib.sha256(self.name.encode())
        for part in (ENTRY, CALIBRATION):
            try:
                digest.update((self.home / part).read_bytes())
            except OSError:
                digest.update(b"-")
        for file in sorted(self.home.glob("model.*")) if self.home.is_dir() else ():
            facts = file.stat()
            digest.update(f"{file.name}:{facts.st_size}:{facts.st_mtime_ns}".encode())
        return digest.hexdigest()[:12]


def network_versions(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Names and fingerprints, for the version of an engine that uses these networks."""
    return tuple(f"{name}_{Place.find(folder, name).fingerprint}" for name in names)


def _write(path: Path, data: bytes) -> None:
    unfinished = path.with_name(f".{path.name}{PARTIAL}")
    unfinished.write_bytes(data)
    unfinished.replace(path)
