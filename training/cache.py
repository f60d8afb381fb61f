"""Read the views that ``training.views`` wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.detector.tiles import MARGIN

from . import degrade


class Views:
    """Read what :func:`main` wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index: dict[str, dict[str, object]] = {}
        for path in sorted(folder.glob("*.jsonl")):
            for line in path.read_text().splitlines():
                row = json.loads(line)
                self.index[row["id"]] = row
        self._files: dict[str, NDArray[np.uint8]] = {}

    def _read(self, row: dict[str, object], part: str) -> NDArray[np.uint8]:
        """The bytes of a part, mapped: only what is looked at is read."""
        at, size = row["parts"][part]  # type: ignore[index]
        name = str(row["shard"])
        if name not in self._files:
            self._files[name] = np.memmap(self.folder / name, np.uint8, "r")
        return self._files[name][at : at + size]

    def base(self, name: str) -> degrade.Pixels:
        """The picture with its longest side at most 768."""
        row = self.index[name]
        height, width = row["base"]  # type: ignore[misc]
        return np.asarray(self._read(row, "base")).reshape(height, width, 3)

    def native(self, name: str) -> degrade.Pixels | None:
        """(5, 288, 288, 3) crops at the picture's own resolution, or None when the base is that already."""
        row = self.index[name]
        if "native" not in row["parts"]:  # type: ignore[operator]
            return None
        return np.asarray(self._read(row, "native")).reshape(5, MARGIN, MARGIN, 3)

    def longest(self, name: str) -> int:
        """Longest side of the picture itself."""
        row = self.index[name]
        return max(int(row["width"]), int(row["height"]))  # type: ignore[call-overload]

    def copy(self, name: str, condition: str) -> degrade.Pixels:
        """The fixed copy of a condition other than ``clean``."""
        return degrade.decode(np.asarray(self._read(self.index[name], condition)))

    def encoded(self, name: str, condition: str) -> bytes:
        """The file of a copy, as it would arrive."""
        return bytes(self._read(self.index[name], condition))
