"""What the backbone sees of every clip's frames, by the product's own decoder; kept by content.

Eight frames of a clip as it comes, as the answer takes them; four of its copies, whose two seconds hold hardly more.
Class tokens and patch means of the backbone in half precision.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from analysis import MediaError, open_media
from analysis.backbones.onnx import Backbone, open_backbone
from analysis.facts import MediaFacts
from analysis.media.frames import Media
from analysis.verdict.abstain import abstention
from analysis.verdict.clip_conditions import ANSWER_FRAMES, CLIP_CONDITIONS, ORIGINAL, answer_frames

from .command import say
from .corpus import Item

Floats = NDArray[np.float64]


OF_A_COPY = 4
"""Frames that are seen of a copy."""


@dataclass(frozen=True)
class SeenClip:
    """One clip in one condition: arrays by name, (frames, …) each, and the facts of its file."""

    arrays: dict[str, NDArray[Any]]
    facts: MediaFacts


def see(data: bytes, backbone: Backbone, count: int = ANSWER_FRAMES) -> dict[str, NDArray[Any]]:
    """Everything that is kept of one file, of so many frames.

    Raises
    ------
    MediaError
        When it cannot be opened as a clip.
    """
    media = open_media(data, animations=True)
    kept = [media.frames[k] for k in answer_frames(len(media.frames), count)]
    looked = [backbone.see(frame.pixels, frame.preview).features for frame in kept]
    previews = [frame.preview for frame in kept]
    return {
        "class_tokens": np.stack([seen["class_tokens"].mean(0) for seen in looked]).astype(np.float16),
        "patch_mean": np.stack([seen["patch_mean"].mean(0) for seen in looked]).astype(np.float16),
        "times": np.array([frame.time for frame in kept]),
        "declined": np.array([abstention(preview, 0.0) is not None for preview in previews]),
        "noise": np.array([_noise(preview) for preview in previews]),
        "color": np.array([preview.reshape(-1, 3).mean(0) for preview in previews]),
        "burst": _burst(media),
        "facts": np.frombuffer(msgspec.json.encode(media.facts), np.uint8),
    }


def _noise(preview: NDArray[np.uint8]) -> float:
    grey = cv2.cvtColor(preview, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float((grey - cv2.GaussianBlur(grey, (5, 5), 1.0)).std())


def _burst(media: Media) -> NDArray[Any]:
    """The small frames in a row, or none."""
    found = media.clip.burst if media.clip is not None else None
    return np.zeros((0, 0, 0), np.uint8) if found is None else found.pictures


def path_of(item: Item, condition: str, clips: Path, copied: Path) -> Path:
    """Where a clip lies in one condition."""
    return clips / item.blob if condition == ORIGINAL else copied / f"{item.blob}.{condition}"


def measure(networks: Path, name: str, wanted: Sequence[tuple[Path, Path, int]]) -> None:
    """See files, each to its own target; one that is no clip is said, and remembered as an empty file."""
    cv2.setNumThreads(1)
    backbone = open_backbone(networks, name)
    for number, (source, target, count) in enumerate(wanted):
        unfinished = target.with_suffix(".part")
        try:
            seen = see(source.read_bytes(), backbone, count)
        except MediaError as error:
            say(f"left out: {source.name}: {error.code}")
            unfinished.write_bytes(b"")
        else:
            with unfinished.open("wb") as file:
                np.savez(file, **seen)  # type: ignore[arg-type]
        unfinished.replace(target)
        if number % 50 == 0:
            say(f"clip features: {number} of {len(wanted)}")


def run(
    items: Sequence[Item], networks: Path, name: str, *, clips: Path, copied: Path, folder: Path, processes: int
) -> None:
    """Measure what is missing, in all conditions."""
    for condition in CLIP_CONDITIONS:
        (folder / condition).mkdir(parents=True, exist_ok=True)
    missing = [
        (source, target, ANSWER_FRAMES if condition == ORIGINAL else OF_A_COPY)
        for item in items
        for condition in CLIP_CONDITIONS
        if (source := path_of(item, condition, clips, copied)).exists()
        and not (target := folder / condition / f"{item.blob}.npz").exists()
    ]
    parts = [missing[k::processes] for k in range(processes)]
    started = [multiprocessing.Process(target=measure, args=(networks, name, part)) for part in parts if part]
    for process in started:
        process.start()
    for process in started:
        process.join()
        if process.exitcode:
            raise SystemExit(f"a process that measured clips ended with {process.exitcode}")


def load(items: Sequence[Item], folder: Path) -> tuple[list[Item], dict[str, list[SeenClip]]]:
    """The clips that were seen in every condition, and condition to what was seen, in their order."""
    there = [
        item
        for item in items
        if all((file := folder / c / f"{item.blob}.npz").is_file() and file.stat().st_size > 0 for c in CLIP_CONDITIONS)
    ]
    return there, {c: [_read(folder / c / f"{item.blob}.npz") for item in there] for c in CLIP_CONDITIONS}


def _read(file: Path) -> SeenClip:
    with np.load(file) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "facts"}
        facts = msgspec.convert(json.loads(stored["facts"].tobytes()), MediaFacts)
    return SeenClip(arrays, facts)
