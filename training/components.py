"""A small calibrated model for each component, over what ``training.measure`` measured.

``python -m training.components --manifest … --pictures … [--extras …] --work FOLDER --models analysis/models``

Logistic regression over a component's standardised metrics and their squares, one model for all conditions, thresholds
for each. Scores and thresholds are out of source. Writes ``components.json`` beside the network, and
``FOLDER/components.npz`` for the report.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.verdict import conformal, figures
from analysis.verdict.components import inputs

from . import command, corpus, degrade
from .command import say
from .ship import code_version

LEVELS = conformal.LEVELS[::3]
"""As fine as a score of one component needs."""

Floats = NDArray[np.float64]


def read(work: Path, ids: list[str]) -> tuple[list[str], dict[str, Floats], dict[str, Floats]]:
    """Names of the metrics; by condition their values, (n, k), and the rules' scores."""
    values, rules, metrics = {}, {}, []
    for condition in degrade.CONDITIONS:
        file = np.load(work / "predictions" / f"metrics.{condition}.npz")
        place = {str(name): k for k, name in enumerate(file["names"])}
        rows = [place[i] for i in ids]
        metrics = [str(m) for m in file["metrics"]]
        values[condition], rules[condition] = file["values"][rows], file["rules"][rows]
    return metrics, values, rules


def fit(x: Floats, labels: NDArray[np.int64], weights: Floats) -> tuple[Floats, float]:
    """Weights and bias, strongly regularised: sources differ more than classes do."""
    model = LogisticRegression(C=0.01, max_iter=500).fit(x, labels, sample_weight=weights)
    return model.coef_[0], float(model.intercept_[0])


def main() -> None:
    """Write both files."""
    parser = command.parser(__doc__)
    parser.add_argument("--models", type=Path, required=True)
    args = parser.parse_args()
    items = [i for i in command.pictures(args)[1] if i.evaluated]
    ids = [i.id for i in items]
    labels, folds = np.array([i.label for i in items]), np.array([i.fold for i in items])
    sources = np.array([i.source for i in items])
    headline = np.array([i.headline for i in items])
    weights = corpus.weights_of(items)
    metrics, values, rules = read(args.work, ids)
    every = np.concatenate([values[c] for c in degrade.CONDITIONS])
    times = len(degrade.CONDITIONS)
    shipped, scores = {}, {}
    for component in sorted({m.split(".")[0] for m in metrics}):
        columns = [k for k, m in enumerate(metrics) if m.split(".")[0] == component]
        mean = np.nanmedian(every[:, columns], axis=0)
        spread = np.nanpercentile(every[:, columns], 84, axis=0) - np.nanpercentile(every[:, columns], 16, axis=0)
        scale = np.maximum(spread / 2, 1e-6)
        x = {c: inputs(values[c][:, columns], mean, scale) for c in degrade.CONDITIONS}
        stacked = np.concatenate(list(x.values()))
        raw = {c: np.zeros(len(items)) for c in degrade.CONDITIONS}
        for fold in range(corpus.FOLDS):
            inside = np.tile(folds != fold, times)
            w, bias = fit(stacked[inside], np.tile(labels, times)[inside], np.tile(weights, times)[inside])
            for c in degrade.CONDITIONS:
                raw[c][folds == fold] = x[c][folds == fold] @ w + bias
        w, bias = fit(stacked, np.tile(labels, times), np.tile(weights, times))
        genuine = labels == 0
        at = {c: conformal.thresholds(raw[c][genuine], sources[genuine], LEVELS) for c in degrade.CONDITIONS}
        auc = {c: round(figures.auc(raw[c][headline], labels[headline]), 3) for c in degrade.CONDITIONS}
        scores |= {f"{component}.{c}": raw[c] for c in degrade.CONDITIONS}
        shipped[component] = {
            "metrics": [metrics[k].split(".")[1] for k in columns],
            "mean": [float(f"{v:.6g}") for v in mean],
            "scale": [float(f"{v:.6g}") for v in scale],
            "weights": [round(float(v), 6) for v in w],
            "bias": round(bias, 6),
            "levels": [float(f"{v:.6g}") for v in LEVELS],
            "thresholds": {c: [round(max(-1e9, min(1e9, float(t))), 5) for t in at[c]] for c in degrade.CONDITIONS},
            "auc": auc,
        }
        say(f"{component:12}", auc)
    by_rules = {c: round(figures.auc(rules[c][headline], labels[headline]), 3) for c in degrade.CONDITIONS}
    say("rules       ", by_rules)
    np.savez(args.work / "components.npz", names=np.array(ids), **scores, **{f"rules.{c}": rules[c] for c in rules})  # type: ignore[arg-type]  # savez has no types for names
    out = {
        "format": 1,
        "made": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "code": code_version(),
        "manifest_sha256": corpus.file_hash(args.manifest),
        "note": "auc: out of source, by condition; 0.5 is chance",
        "rules_auc": by_rules,
        "components": shipped,
    }
    (args.models / "components.json").write_text(json.dumps(out, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
