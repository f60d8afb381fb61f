"""Reference figures of the shipped detector on the smoke pictures, for the test that guards against silent regressions.

``python -m training.guard --shared ../shared [--accept-worse]``

To be run after the pipeline has shipped: it measures the parameters in ``analysis/models`` and writes
``tests/analysis/verdict/guard.json``. The smoke pictures are among those trained on, so these figures say nothing of
accuracy; they only have to stay where they are. Figures that fell by more than the margin are written with
``--accept-worse`` alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import zlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from analysis import MediaError, open_media
from analysis.verdict import conditions as arrival
from analysis.verdict import evaluation
from analysis.verdict.bands import score_of
from analysis.verdict.detector import Detector, load, parameters_hash

from .command import say

REFERENCE = Path(__file__).parent.parent / "tests" / "analysis" / "verdict" / "guard.json"
CONDITIONS = ("clean", "web")
A_SOURCE = 4
"""Pictures of one source and class that are measured."""

FIGURES = ("auc", "found_at_30", "genuine_below_30")
"""Higher is better for all of them."""


def parameters() -> str:
    """One hash of everything the detector's answers depend on, but for its code."""
    return parameters_hash(load().name)


def chosen(shared: Path) -> list[tuple[str, int]]:
    """Name and label of the stills to measure: a few of every source, those whose names hash lowest."""
    smoke, taken = shared / "corpus" / "smoke", defaultdict(list)
    with (shared / "corpus" / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if row["kind"] != "video" and (smoke / row["id"]).exists():
                taken[row["repo"], row["label"]].append(row["id"])
    names = [n for found in taken.values() for n in sorted(found, key=lambda i: zlib.crc32(i.encode()))[:A_SOURCE]]
    return [(name, int(name.startswith("ai/"))) for name in sorted(names)]


def raws(detector: Detector, path: Path) -> dict[str, float] | None:
    """The detector's raw output on a picture as it is and on its web copy; None where it cannot be decoded."""
    try:
        frame = open_media(path.read_bytes()).frame
    except MediaError:
        return None
    web = arrival.decode(arrival.jpeg_bytes(arrival.reduce(frame.pixels, 768), 60))
    seen = {"clean": detector.see(frame.pixels, frame.preview), "web": detector.see(web, web)}
    return {condition: round(sight.raw, 4) for condition, sight in seen.items()}


def measure(shared: Path, detector: Detector | None = None) -> dict[str, Any]:
    """Raw outputs by picture, and by condition the figures with the spread that drawing pictures anew gives them."""
    detector = detector or load()
    listed = chosen(shared)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: raws(detector, shared / "corpus" / "smoke" / one[0]), listed))
    outputs = {name: found for (name, _), found in zip(listed, answers, strict=True) if found is not None}
    labels = np.array([label for name, label in listed if name in outputs])
    measured = {}
    for condition in CONDITIONS:
        raw = np.array([found[condition] for found in outputs.values()])
        scores = np.array([score_of(detector.conditions[condition].p_value(float(r))) for r in raw])
        measured[condition] = _with_spread(raw, scores, labels)
    return {"parameters": parameters(), "pictures": len(labels), "figures": measured, "raw": outputs}


def _with_spread(raw: Any, scores: Any, labels: Any, rounds: int = 400) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(4)
    drawn = [_figures(raw[k], scores[k], labels[k]) for k in rng.integers(0, len(labels), (rounds, len(labels)))]
    now = _figures(raw, scores, labels)
    return {
        name: {"value": round(now[name], 4), "spread": round(float(np.std([d[name] for d in drawn])), 4)}
        for name in FIGURES
    }


def _figures(raw: Any, scores: Any, labels: Any) -> dict[str, float]:
    return {
        "auc": evaluation.auc(raw, labels),
        "found_at_30": float((scores[labels == 1] >= 30).mean()),
        "genuine_below_30": float((scores[labels == 0] < 30).mean()),
    }


def worse(reference: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Sentences on every figure that fell by more than its spread."""
    return [
        f"{condition}: {name} fell from {before['value']:.3f} (± {before['spread']:.3f}) to "
        f"{now['figures'][condition][name]['value']:.3f}"
        for condition, named in reference["figures"].items()
        for name, before in named.items()
        if now["figures"][condition][name]["value"] < before["value"] - before["spread"]
    ]


def main() -> None:
    """Measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder that holds corpus/smoke")
    parser.add_argument("--accept-worse", action="store_true", help="write figures that fell by more than their spread")
    args = parser.parse_args()
    now = measure(args.shared)
    for condition, named in now["figures"].items():
        say(condition, *(f"{name} {v['value']:.3f} ± {v['spread']:.3f}" for name, v in named.items()))
    fallen = worse(json.loads(REFERENCE.read_text()), now) if REFERENCE.exists() else []
    for sentence in fallen:
        say(sentence)
    if fallen and not args.accept_worse:
        raise SystemExit("Nothing written: the detector got worse on these pictures; --accept-worse writes it anyway.")
    REFERENCE.write_text(json.dumps(now, indent=1) + "\n")
    say(f"{REFERENCE.name}: {now['pictures']} pictures")


if __name__ == "__main__":
    main()
