"""Put together what the product loads beside the network: calibration, limits of the familiar, facts and figures.

``python -m training.ship --manifest … --pictures … [--extras …] --work FOLDER --models analysis/models``

Reads ``calibration.json`` and ``stacked.npz`` of ``training.stack`` and ``projection.npz`` of ``training.export``;
writes ``detector.json`` with the date, the hashes of both lists of pictures, the code's version and the figures.
"""

from __future__ import annotations

import datetime
import json
import subprocess
from pathlib import Path

import numpy as np

from analysis.scoring.calibrated import Familiar, abstention

from . import calibrate, command, corpus, degrade, figures
from .cache import Views
from .command import say

LIMIT = 0.995
"""Share of the calibration pictures that are familiar enough to be judged."""


def code_version() -> str:
    """The commit the scripts are from, and whether they were changed since."""
    run = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)  # noqa: S607
    return run.stdout.strip() or "unknown"


def familiar(work: Path, name: str) -> dict[str, object]:
    """Mean, deviation and limit of the projected features over all conditions."""
    projection = np.load(work / "projection.npz")
    features = np.concatenate([
        (np.load(work / "predictions" / f"{name}.{c}.npz")["features"][:, 0].astype(np.float32) - projection["mean"])
        @ projection["projection"]
        for c in degrade.CONDITIONS
    ])  # fmt: skip
    mean, scales = features.mean(0), features.std(0)
    distance = np.sqrt((((features - mean) / scales) ** 2).mean(1))
    return {
        "mean": np.round(mean, 4).tolist(),
        "scales": np.round(scales, 4).tolist(),
        "limit": round(float(np.quantile(distance, LIMIT)), 4),
    }


def abstained(
    views: Views, work: Path, name: str, limits: dict[str, object], labels: dict[str, int]
) -> dict[str, dict[str, float]]:
    """Share of the web copies that are not judged, by class."""
    projection = np.load(work / "projection.npz")
    file = np.load(work / "predictions" / f"{name}.web.npz")
    known = Familiar.of(limits)
    counts = {0: [0, 0], 1: [0, 0]}
    for picture, features in zip(file["names"], file["features"][:, 0].astype(np.float32), strict=True):
        label = labels.get(str(picture))
        if label is None:
            continue
        distance = known.distance((features - projection["mean"]) @ projection["projection"])
        counts[label][0] += abstention(views.copy(str(picture), "web"), distance) is not None
        counts[label][1] += 1
    return {
        word: {"share": round(hits / max(1, count), 4), "of": count}
        for word, (hits, count) in (("genuine", counts[0]), ("generated", counts[1]))
    }


def main() -> None:
    """Write ``detector.json``."""
    parser = command.parser(__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--features", required=True, help="predictions of the shipped network")
    parser.add_argument("--recipe", required=True, help="one line on how the network was made")
    args = parser.parse_args()
    data = json.loads((args.work / "calibration.json").read_text())
    stacked = np.load(args.work / "stacked.npz")
    place = {str(n): k for k, n in enumerate(stacked["names"])}
    views, known = command.pictures(args)
    items = [i for i in known if i.headline and i.id in place]
    rows = np.array([place[i.id] for i in items])
    labels = np.array([i.label for i in items])
    measured = {}
    for condition in degrade.CONDITIONS:
        raw, p = stacked[f"raw.{condition}"][rows], stacked[f"p.{condition}"][rows]
        measured[condition] = {
            "auc": round(figures.auc(raw, labels), 4),
            "tpr_at_1_percent_fpr": round(figures.tpr_at_fpr(raw, labels), 4),
            "balanced_accuracy_at_30": round(figures.balanced_accuracy(p <= 0.15 + 1e-9, labels), 4),
            "genuine_at_or_above": {
                str(score): round(float((p[labels == 0] <= level + 1e-9).mean()), 4)
                for score, level in calibrate.PROMISES
            },
        }
    network = args.models / "detector.onnx"
    limits = familiar(args.work, args.features)
    not_judged = abstained(views, args.work, args.features, limits, {i.id: i.label for i in items})
    out = {
        "format": 1,
        "made": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "recipe": args.recipe,
        "code": code_version(),
        "manifest_sha256": corpus.file_hash(args.manifest),
        "extras_sha256": corpus.file_hash(args.extras) if args.extras else None,
        "network_sha256": corpus.file_hash(network),
        "pictures": {"genuine": int((labels == 0).sum()), "generated": int((labels == 1).sum()),
                     "sources": len({i.source for i in items})},
        "figures": {"note": "out of source: measured on sources the scored model did not train on", **measured},
        "abstained_on_web_copies": not_judged,
        "familiar": limits,
        **data,
    }  # fmt: skip
    if any("traces" in condition["inputs"] for condition in data["conditions"].values()):
        head = np.load(args.work / "traces.head.npz")
        out["traces"] = {"weights": np.round(head["weights"], 6).tolist(), "bias": round(float(head["bias"]), 6)}
    path = args.models / "detector.json"
    path.write_text(json.dumps(out, indent=1) + "\n")
    say(f"{path.stat().st_size / 1e3:.0f} kB; network {network.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
