"""Every picture in the four conditions, by the product's own decoder and copies; kept by content."""

from __future__ import annotations

import hashlib
import inspect
import os
import zlib
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis import MediaError, open_media
from analysis.verdict import conditions

from .command import say
from .corpus import Item

Pixels = NDArray[np.uint8]


def key() -> str:
    """Changes with the code that makes the copies."""
    return hashlib.sha256(inspect.getsource(conditions).encode()).hexdigest()[:12]


def make(picture: Path, target: Path) -> bool:
    """Write the encoded copies of one picture, condition by condition; whether it could be decoded.

    The clean copy is the preview, as the engine makes it, without what the file says of itself.
    """
    if target.exists():
        return True
    cv2.setNumThreads(1)
    try:
        frame = open_media(picture.read_bytes()).frame
        made = conditions.copies(frame.pixels, zlib.crc32(picture.name.encode()))
        made["clean"] = conditions.png_bytes(np.ascontiguousarray(frame.preview))
    except MediaError as error:
        say(f"left out: {picture.name}: {error.code}")
        return False
    unfinished = target.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb") as file:
        np.savez(file, **made)  # type: ignore[arg-type]
    unfinished.replace(target)
    return True


def run(items: Sequence[Item], pictures: Path, folder: Path, processes: int) -> list[Item]:
    """Make what is missing; the pictures that have copies."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(pictures / item.blob, folder / f"{item.blob}.npz") for item in items]
    with Pool(processes) as pool:
        made = pool.starmap(make, jobs, chunksize=8)
    return [item for item, there in zip(items, made, strict=True) if there]


def read(folder: Path, blob: str, condition: str) -> Pixels:
    """A copy as the detector gets it: (h, w, 3) uint8 RGB, longest side at most 768."""
    with np.load(folder / f"{blob}.npz") as stored:
        return conditions.decode(stored[condition])
