"""Write what the product loads: the head, the calibration, facts and figures. Refuses to ship from a dirty tree."""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import fit
from .command import say

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "analysis" / "models"


def code_version() -> str:
    """The commit the pipeline is from."""
    run = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S607
    return run.stdout.strip()


def refuse_a_dirty_tree() -> None:
    """Stop where anything but what the pipeline itself writes was changed since the last commit.

    Raises
    ------
    SystemExit
        With the names.
    """
    run = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S607
    ours = ("analysis/models/", "docs/accuracy.md")
    changed = [line[3:] for line in run.stdout.splitlines() if not line[3:].startswith(ours)]
    if changed:
        raise SystemExit(f"Not shipped: the tree is dirty ({', '.join(changed[:5])}). Commit first.")


def arrays(models: Mapping[str, Mapping[str, fit.LinearMap]], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """``PREFIX.FEATURE`` and ``PREFIX.bias`` as the product reads them; weights in half precision.

    Parameters
    ----------
    models
        Prefix to feature to model.
    shapes
        Feature to the shape of one picture's.
    """
    out: dict[str, Any] = {}
    for prefix, parts in models.items():
        out[f"{prefix}.bias"] = np.sum([model.bias for model in parts.values()], axis=0).astype(np.float64)
        for name, model in parts.items():
            out[f"{prefix}.{name}"] = model.weights.reshape(*shapes[name], *model.weights.shape[1:]).astype(np.float32)
    return out


def write(name: str, facts: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    """Write ``NAME.json`` and ``NAME.npz``."""
    made = {"format": 2, "made": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"), "code": code_version()}
    (MODELS / f"{name}.json").write_text(json.dumps(made | dict(facts), indent=1) + "\n", encoding="utf-8")
    with (MODELS / f"{name}.npz").open("wb") as file:
        np.savez_compressed(file, **head)
    for end in ("json", "npz"):
        say(f"{name}.{end}: {(MODELS / f'{name}.{end}').stat().st_size / 1e3:.0f} kB")


def write_order(order: list[str]) -> None:
    """Write which detectors are preferred, the first of them the most."""
    (MODELS / "detectors.json").write_text(json.dumps(order) + "\n", encoding="utf-8")
