"""The analyzers' metrics of every picture in every condition, and a small calibrated model for each component.

Runs the product's own analyzers on the files as they would arrive: the picture's own file, and the fixed copies.
Component ``deep`` is left out: its weights are not everywhere. A component's model is a logistic regression over its
standardized metrics and their squares, one for all conditions, thresholds for each; scores and thresholds are out of
source.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis import MediaError, open_media
from analysis.facts import Kind
from analysis.registry import all_analyzers
from analysis.runner import run_analyzers
from analysis.verdict import conformal, evaluation, rules
from analysis.verdict.components import inputs
from analysis.verdict.conditions import CONDITIONS
from analysis.verdict.rules import context

from . import corpus, ship
from .command import say

LEVELS = conformal.LEVELS[::3]
"""As fine as a score of one component needs."""

LEFT_OUT = frozenset({"deep"})

Floats = NDArray[np.float64]


def names() -> list[str]:
    """``component.metric`` of every metric that is measured."""
    return [
        f"{a.component}.{metric.name}"
        for a in all_analyzers()
        if Kind.IMAGE in a.kinds and a.component not in LEFT_OUT
        for metric in a.metrics
    ]


def measure(blob: str, condition: str, pictures: Path, copied: Path) -> Floats:
    """Metrics in the order of :func:`names`, and the rules' score last, of one copy; NaN where there is none."""
    cv2.setNumThreads(1)
    try:
        if condition == "clean":
            data = (pictures / blob).read_bytes()
        else:
            with np.load(copied / f"{blob}.npz") as stored:
                data = stored[condition].tobytes()
        media = open_media(data)
    except MediaError:
        return np.full(len(names()) + 1, np.nan)
    results = run_analyzers(media, skip=LEFT_OUT, threads=1)
    found = {f"{component}.{m}": value for component, r in results.items() for m, value in r.metrics.items()}
    score = rules.score_image(results, context.context_of(media)).score
    return np.array([*(found.get(n, np.nan) for n in names()), np.nan if score is None else score])


def run(items: Sequence[corpus.Item], pictures: Path, copied: Path, folder: Path, processes: int) -> None:
    """Measure what is missing: one file a condition, rows by picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for condition in CONDITIONS:
        file = folder / f"{condition}.npz"
        known: dict[str, Floats] = {}
        if file.exists():
            with np.load(file) as stored:
                known = dict(zip(stored["blobs"].tolist(), stored["values"], strict=True))
        missing = [i.blob for i in items if i.blob not in known]
        with Pool(processes) as pool:
            work = partial(measure, condition=condition, pictures=pictures, copied=copied)
            known |= dict(zip(missing, pool.map(work, missing, chunksize=8), strict=True))
        np.savez(file, blobs=np.array(list(known)), values=np.stack(list(known.values())))
        say(f"metrics: {condition}, {len(known)} pictures")


def read(items: Sequence[corpus.Item], folder: Path) -> dict[str, Floats]:
    """Condition to (n, k + 1) in the order of ``items``."""
    out = {}
    for condition in CONDITIONS:
        with np.load(folder / f"{condition}.npz") as stored:
            place = {str(blob): k for k, blob in enumerate(stored["blobs"])}
            out[condition] = stored["values"][[place[i.blob] for i in items]]
    return out


def fit(x: Floats, labels: NDArray[np.int64], weights: Floats) -> tuple[Floats, float]:
    """Weights and bias, strongly regularized: sources differ more than classes do."""
    model = LogisticRegression(C=0.01, max_iter=500).fit(x, labels, sample_weight=weights)
    return model.coef_[0], float(model.intercept_[0])


def learn(every: Sequence[corpus.Item], folder: Path, manifest: Path, target: Path) -> None:
    """Write ``components.json``."""
    items = [i for i in every if i.fold != corpus.UNTOUCHED]
    measured = read(items, folder)
    labels, folds = np.array([i.label for i in items]), np.array([i.fold for i in items])
    sources = np.array([i.group for i in items])
    weights = corpus.weights_of(items)
    metrics = names()
    values = {c: m[:, :-1] for c, m in measured.items()}
    stacked_values = np.concatenate([values[c] for c in CONDITIONS])
    times = len(CONDITIONS)
    shipped: dict[str, Any] = {}
    for component in sorted({m.split(".")[0] for m in metrics}):
        columns = [k for k, m in enumerate(metrics) if m.split(".")[0] == component]
        own = stacked_values[:, columns]
        mean = np.nanmedian(own, axis=0)
        spread = np.nanpercentile(own, 84, axis=0) - np.nanpercentile(own, 16, axis=0)
        scale = np.maximum(spread / 2, 1e-6)
        x = {c: inputs(values[c][:, columns], mean, scale) for c in CONDITIONS}
        stacked = np.concatenate(list(x.values()))
        raw = {c: np.zeros(len(items)) for c in CONDITIONS}
        for fold in sorted(set(folds)):
            inside = np.tile(folds != fold, times)
            w, bias = fit(stacked[inside], np.tile(labels, times)[inside], np.tile(weights, times)[inside])
            for c in CONDITIONS:
                raw[c][folds == fold] = x[c][folds == fold] @ w + bias
        w, bias = fit(stacked, np.tile(labels, times), np.tile(weights, times))
        genuine = labels == 0
        at = {c: conformal.thresholds(raw[c][genuine], sources[genuine], LEVELS) for c in CONDITIONS}
        shipped[component] = {
            "metrics": [metrics[k].split(".")[1] for k in columns],
            "mean": [float(f"{v:.6g}") for v in mean],
            "scale": [float(f"{v:.6g}") for v in scale],
            "weights": [round(float(v), 6) for v in w],
            "bias": round(bias, 6),
            "levels": [float(f"{v:.6g}") for v in LEVELS],
            "thresholds": {c: [round(max(-1e9, min(1e9, float(t))), 5) for t in at[c]] for c in CONDITIONS},
            "auc": {c: round(evaluation.auc(raw[c], labels), 3) for c in CONDITIONS},
        }
        say(f"{component:12}", shipped[component]["auc"])
    by_rules = {c: round(evaluation.auc(np.nan_to_num(m[:, -1]), labels), 3) for c, m in measured.items()}
    out = {
        "format": 1,
        "made": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "code": ship.code_version(),
        "manifest_sha256": corpus.file_hash(manifest),
        "note": "auc: out of source, by condition; 0.5 is chance",
        "rules_auc": by_rules,
        "components": shipped,
    }
    target.write_text(json.dumps(out, indent=None, separators=(",", ":")) + "\n")
