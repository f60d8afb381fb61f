"""What the backbone sees of every copy, by the product's own preprocessing and runner; kept by content."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.backbones.onnx import open_backbone
from analysis.verdict.conditions import CONDITIONS

from . import copies
from .command import say
from .corpus import Item

Floats = NDArray[np.float32]


def measure(networks: Path, name: str, wanted: Sequence[tuple[str, str]], copied: Path, folder: Path) -> None:
    """Run the backbone over copies and keep their features, the mean over views, in half precision."""
    cv2.setNumThreads(1)
    backbone = open_backbone(networks, name)
    names = [output for output in backbone.entry.features if output != backbone.entry.patches]
    for number, (condition, blob) in enumerate(wanted):
        pixels = copies.read(copied, blob, condition)
        seen = backbone.see(pixels, pixels)
        kept = {output: seen.features[output].mean(0).astype(np.float16) for output in names}
        target = folder / condition / f"{blob}.npz"
        unfinished = target.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez(file, **kept)
        unfinished.replace(target)
        if number % 500 == 0:
            say(f"features: {number} of {len(wanted)}")


def run(
    items: Sequence[Item],
    networks: Path,
    name: str,
    *,
    copied: Path,
    folder: Path,
    processes: int,
    conditions: Sequence[str] = CONDITIONS,
) -> None:
    """Measure what is missing."""
    for condition in conditions:
        (folder / condition).mkdir(parents=True, exist_ok=True)
    missing = [(c, i.blob) for c in conditions for i in items if not (folder / c / f"{i.blob}.npz").exists()]
    parts = [missing[k::processes] for k in range(processes)]
    # a session of onnxruntime is made in each process: none is inherited in the middle of a run
    started = [
        multiprocessing.Process(target=measure, args=(networks, name, part, copied, folder)) for part in parts if part
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
        if process.exitcode:
            raise SystemExit(f"a process that measured features ended with {process.exitcode}")


def load(
    items: Sequence[Item], folder: Path, names: Sequence[str], conditions: Sequence[str] = CONDITIONS
) -> dict[str, dict[str, Floats]]:
    """Condition to feature to (n, …) float32, in the order of ``items``."""
    found: dict[str, dict[str, Floats]] = {}
    for condition in conditions:
        rows: dict[str, list[NDArray[np.float16]]] = {name: [] for name in names}
        for item in items:
            with np.load(folder / condition / f"{item.blob}.npz") as stored:
                for name in names:
                    rows[name].append(stored[name])
        found[condition] = {name: np.stack(values).astype(np.float32) for name, values in rows.items()}
    return found
