"""The labelled clips: rows of the manifest and of our own list, with the same folds and the same sources left alone."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from . import corpus
from .corpus import Item

CLIPS = Path(__file__).parent / "clips.csv"
"""Further public clips, one by one: commit, path and git's id of the contents; never the clips."""

SAME_SOURCE = {"Comfy-Org/example_workflows": "comfyanonymous/ComfyUI_examples"}
"""Repositories of one author are one source."""


def read(manifest: Path, reserved: Path) -> list[dict[str, str]]:
    """The rows of clips of both lists, without those that are excluded; errors are those of ``corpus.read``."""
    rows = [row for row in csv.DictReader(manifest.open(encoding="utf-8")) if row["kind"] == "video"]
    rows += csv.DictReader(CLIPS.open(encoding="utf-8"))
    for row in rows:
        row["source_group"] = SAME_SOURCE.get(row["source_group"], row["source_group"])
    return corpus.allowed(rows, reserved)


def choose(manifest: Path, reserved: Path, settings: dict[str, Any]) -> list[Item]:
    """The clips that are used, with their folds."""
    return corpus.choose(read(manifest, reserved), **settings)
