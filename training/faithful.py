"""Is the evidence map faithful? What it marks, blurred, must lower the answer more than as much of the rest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.verdict.detector import Detector

from . import copies
from .corpus import Item

PICTURES = 300
SHARE = 0.2

Pixels = NDArray[np.uint8]


def blurred(pixels: Pixels, cells: NDArray[np.bool_]) -> Pixels:
    """The picture with the marked cells of a grid strongly blurred, with soft edges."""
    height, width = pixels.shape[:2]
    mask = cv2.resize(cells.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    mask = cv2.GaussianBlur(mask, (0, 0), max(height, width) / 200)[..., None]
    soft = cv2.GaussianBlur(pixels, (0, 0), max(height, width) / 40)
    return np.asarray(np.rint(pixels * (1 - mask) + soft * mask), dtype=np.uint8)


def falls_of(detector: Detector, pixels: Pixels, rng: np.random.Generator) -> dict[str, float]:
    """How far the raw output falls when the strongest, a random and the weakest fifth of a picture are blurred."""
    sight = detector.see(pixels, pixels)
    values = detector.evidence(sight)
    if values is None:
        raise SystemExit("this detector has no evidence map")
    count = round(SHARE * values.size)
    order = np.argsort(-values.ravel())
    falls = {}
    for name, cells in {
        "strongest": order[:count],
        "random": rng.permutation(values.size)[:count],
        "weakest": order[-count:],
    }.items():
        marked = np.zeros(values.size, bool)
        marked[cells] = True
        changed = blurred(pixels, marked.reshape(values.shape))
        falls[name] = sight.raw - detector.see(changed, changed).raw
    return falls


def measure(detector: Detector, items: Sequence[Item], copied: Path, condition: str = "web") -> dict[str, Any]:
    """Mean fall of the raw output after blurring the strongest fifth, a random fifth, and the weakest fifth.

    Measured on generated and genuine pictures alike, of as many sources as there are; the random fifth is drawn anew
    for each picture.
    """
    rng = np.random.default_rng(7)
    chosen = [items[k] for k in rng.permutation(len(items))[:PICTURES]]
    drawn = rng.spawn(len(chosen))

    def fall(item: Item, rng: np.random.Generator) -> dict[str, float]:
        return falls_of(detector, copies.read(copied, item.blob, condition), rng)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = list(pool.map(fall, chosen, drawn))
    falls = {name: [one[name] for one in found] for name in found[0]}
    stronger = np.array(falls["strongest"]) > np.array(falls["random"])
    spread = np.array(falls["strongest"]) - np.array(falls["random"])
    return {
        "pictures": len(chosen),
        "condition": condition,
        "share_blurred": SHARE,
        "fall": {name: round(float(np.mean(values)), 4) for name, values in falls.items()},
        "strongest_lowers_more_often": round(float(stronger.mean()), 3),
        "difference": round(float(spread.mean()), 4),
        "standard_error": round(float(spread.std(ddof=1) / np.sqrt(len(spread))), 4),
    }
