"""Join the candidates' scores into one raw output per condition, and calibrate it.

``python -m training.stack --manifest … --pictures … --work FOLDER [--inputs whole=tuned.whole,native=tuned.native]``

Reads ``FOLDER/scores.npz``; every number there comes from a model that saw nothing of the picture's source. The join
is a logistic regression, cross-fitted over the same folds. Writes ``FOLDER/stacked.npz`` (out-of-source raw outputs,
and p-values by thresholds from the other sources) and ``FOLDER/calibration.json`` (what ships, fitted on everything).
"""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from . import calibrate, command, corpus, degrade, figures
from .command import say


def shares(x: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the inputs, sizes summing to 1, by logistic regression.

    Without an offset, and of one size: folds then differ by no more than their inputs do.
    """
    if x.shape[1] == 1:
        return np.ones(1)
    model = LogisticRegression(C=1.0).fit(x, labels, sample_weight=weights)
    return np.asarray(model.coef_[0] / np.abs(model.coef_[0]).sum())


def main() -> None:
    """Write both files."""
    parser = command.parser(__doc__)
    parser.add_argument("--inputs", default="whole=frozen.whole,native=frozen.native")
    args = parser.parse_args()
    file = np.load(args.work / "scores.npz")
    known = {str(n): k for k, n in enumerate(file["names"])}
    items = [i for i in command.pictures(args)[1] if i.id in known]
    rows = np.array([known[i.id] for i in items])
    labels = np.array([i.label for i in items])
    folds = np.array([i.fold for i in items])
    sources = np.array([i.source for i in items])
    groups = np.array([i.group for i in items])
    usable = np.array([i.kind != "grid" for i in items])
    headline = np.array([i.headline for i in items])
    weights = corpus.weights_of(items)
    inputs = dict(pair.split("=") for pair in args.inputs.split(","))
    out: dict[str, np.ndarray] = {"names": np.array([i.id for i in items])}
    shipped: dict[str, object] = {}
    for condition in degrade.CONDITIONS:
        x = np.stack([file[f"{name}.{condition}"][rows] for name in inputs.values()], axis=1)
        x = np.clip(x, -12, 12)
        raw = np.zeros(len(items))
        for fold in range(corpus.FOLDS):
            inside = (folds != fold) & usable
            raw[folds == fold] = x[folds == fold] @ shares(x[inside], labels[inside], weights[inside])
        genuine = usable & (labels == 0)
        p = np.ones(len(items))
        p[genuine] = calibrate.left_out(raw[genuine], sources[genuine], sorted(set(groups[genuine])), groups[genuine])
        at = calibrate.thresholds(raw[genuine], sources[genuine])
        made = ~genuine
        p[made] = calibrate.p_values(raw[made], calibrate.LEVELS, at)  # where its own source holds no genuine picture
        both = np.isin(groups, sorted(set(groups[genuine]))) & made
        for group in sorted(set(groups[both])):  # … or it does, and is left out
            inside = groups == group
            other = calibrate.thresholds(raw[genuine & ~inside], sources[genuine & ~inside])
            p[inside & made] = calibrate.p_values(raw[inside & made], calibrate.LEVELS, other)
        probability = np.zeros(len(items))
        for fold in range(corpus.FOLDS):
            inside = (folds != fold) & usable
            slope, offset = calibrate.platt(raw[inside], labels[inside], weights[inside])
            probability[folds == fold] = 1 / (1 + np.exp(-(slope * raw[folds == fold] + offset)))
        final = shares(x[usable], labels[usable], weights[usable])
        slope, offset = calibrate.platt(raw[usable], labels[usable], weights[usable])
        finite = at < np.inf
        shipped[condition] = {
            "inputs": dict(zip(inputs, np.round(final, 5).tolist(), strict=True)),
            "bias": 0.0,
            "levels": np.round(calibrate.LEVELS[finite], 6).tolist(),
            "thresholds": [-1e9 if t == -np.inf else round(float(t), 5) for t in at[finite]],
            "slope": round(slope, 5),
            "offset": round(offset, 5),
            "genuine": int(genuine.sum()),
            "sources": len(set(sources[genuine])),
        }
        out |= {f"raw.{condition}": raw, f"p.{condition}": p, f"probability.{condition}": probability}
        h = headline
        reached = {score: float((p[h & (labels == 0)] <= level + 1e-9).mean()) for score, level in calibrate.PROMISES}
        say(
            f"{condition:10} AUC {figures.auc(raw[h], labels[h]):.3f}",
            f"TPR@1% {figures.tpr_at_fpr(raw[h], labels[h]):.3f}",
            f"genuine at or above { ({k: round(v, 4) for k, v in reached.items()}) }",
        )
    np.savez(args.work / "stacked.npz", **out)
    (args.work / "calibration.json").write_text(json.dumps({"conditions": shipped}, indent=1))


if __name__ == "__main__":
    main()
