"""Out-of-source scores of every candidate, on the same folds in the same run.

``python -m training.candidates --manifest … --pictures … [--extras …] --work FOLDER``

Reads what ``training.predict`` wrote (``teacher``, ``frozen``, ``fold_K``) and, where it is there, the hand-made
statistics of ``training.traces``. Every score of a picture comes from a model that saw no picture of its source.
Writes ``FOLDER/scores.npz`` and prints a table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import command, corpus, degrade, figures, linear
from .command import say


class Predictions:
    """Predictions of one network, by picture and condition."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.parts: dict[str, list[tuple[NDArray[np.str_], np.lib.npyio.NpzFile]]] = {c: [] for c in degrade.CONDITIONS}
        for name in names:
            for condition in degrade.CONDITIONS:
                path = folder / f"{name}.{condition}.npz"
                if path.exists():
                    file = np.load(path)
                    self.parts[condition].append((file["names"], file))

    def __bool__(self) -> bool:
        return all(self.parts.values())

    @property
    def has_native(self) -> bool:
        """The native view was looked at too."""
        return any(np.isfinite(file["logits"][:, 1]).any() for parts in self.parts.values() for _, file in parts)

    def get(self, condition: str, ids: list[str], field: str) -> NDArray[np.float32]:
        """Rows of a field in the order of ``ids``; NaN where a picture is missing."""
        place: dict[str, tuple[int, int]] = {}
        arrays = []
        for number, (names, file) in enumerate(self.parts[condition]):
            arrays.append(file[field])
            place.update({str(name): (number, row) for row, name in enumerate(names)})
        out = np.full((len(ids), *arrays[0].shape[1:]), np.nan, arrays[0].dtype)
        for row, name in enumerate(ids):
            if name in place:
                number, at = place[name]
                out[row] = arrays[number][at]
        return out


def cross_fit(
    features: dict[str, NDArray[np.float32]],
    items: list[corpus.Item],
    train_on: tuple[str, ...],
    components: int,
    c: float,
    *,
    more: tuple[NDArray[np.float32], list[corpus.Item]] | None = None,
) -> tuple[dict[str, NDArray[np.float64]], linear.Linear]:
    """Scores per condition of linear models, each trained without the fold it scores; and the model of all folds.

    ``more`` are pictures that train and get no score.
    """
    rows = items * len(train_on) + (more[1] if more else [])
    values = np.concatenate([*(features[k] for k in train_on), *([more[0]] if more else [])])
    labels, folds = np.array([i.label for i in rows]), np.array([i.fold for i in rows])
    scored = np.array([i.fold for i in items])
    scores = {condition: np.zeros(len(items)) for condition in features}

    def fitted(inside: NDArray[np.bool_]) -> linear.Linear:
        weights = corpus.weights_of([rows[k] for k in np.flatnonzero(inside)])
        return linear.fit(values[inside], labels[inside], weights, components, c)

    for fold in range(corpus.FOLDS):
        model = fitted(folds != fold)
        for condition in features:
            scores[condition][scored == fold] = model(features[condition][scored == fold])
    return scores, fitted(np.ones(len(rows), bool))


def further(folder: Path, name: str, known: list[corpus.Item]) -> tuple[NDArray[np.float32], list[corpus.Item]] | None:
    """Features of the pictures that only train, where ``predict --more`` wrote them as ``NETWORK_more``."""
    network, _, view = name.partition(".")
    path = folder / f"{network}_more.web.npz"
    if not path.exists() or view not in ("", "whole"):
        return None
    file = np.load(path)
    place = {str(n): k for k, n in enumerate(file["names"])}
    items = [i for i in known if i.id in place]
    return file["features"][[place[i.id] for i in items], 0].astype(np.float32), items


def table(name: str, scores: dict[str, NDArray[np.float64]], items: list[corpus.Item]) -> None:
    """Print a candidate's figures on the headline pictures."""
    chosen = np.array([i.headline for i in items])
    labels = np.array([i.label for i in items])[chosen]
    matched = np.array([i.matched for i in items])[chosen]
    for condition, values in scores.items():
        s = values[chosen]
        say(
            f"{name:14} {condition:10} AUC {figures.auc(s, labels):.3f}"
            f"  matched {figures.auc(s[matched], labels[matched]):.3f}"
            f"  TPR@1% {figures.tpr_at_fpr(s, labels):.3f}",
        )


def main() -> None:
    """Write the scores."""
    parser = command.parser(__doc__)
    args = parser.parse_args()
    known = command.pictures(args)[1]
    items = [i for i in known if i.evaluated]
    folder = args.work / "predictions"
    ids = [i.id for i in items]
    scores: dict[str, NDArray[np.float64]] = {}
    every = degrade.CONDITIONS
    # the baseline as it is described: the whole view, trained on one condition; the student's features on all
    for name, parts, trained_on, components, c in (
        ("teacher", (0,), ("web",), 256, 0.003),
        ("frozen.whole", (0,), every, 1000, 0.0001),
        ("frozen.native", (1,), every, 1000, 0.0001),
        ("traces", None, every, 0, 0.01),
    ):
        network = Predictions(folder, [name.split(".")[0]])
        available = tuple(c for c in every if network.parts[c])
        if not set(trained_on) <= set(available) or (parts == (1,) and not network.has_native):
            continue
        features = {c: network.get(c, ids, "features").astype(np.float32) for c in available}
        if parts is not None:
            features = {c: f[:, list(parts)].reshape(len(ids), -1) for c, f in features.items()}
        made, head = cross_fit(features, items, trained_on, components, c, more=further(folder, name, known))
        table(name, made, items)
        scores |= {f"{name}.{c}": made[c] for c in made}
        np.savez(args.work / f"{name}.head.npz", weights=head.weights, bias=head.bias)
    if f"frozen.native.{every[0]}" in scores:
        both = {c: scores[f"frozen.whole.{c}"] + scores[f"frozen.native.{c}"] for c in every}
        table("frozen.both", both, items)
    tuned = Predictions(folder, [f"fold_{k}" for k in range(corpus.FOLDS)])
    if tuned:
        for name, pick in (("tuned.whole", (0,)), ("tuned.native", (1,)), ("tuned.both", (0, 1))):
            made = {
                c: np.nanmean(tuned.get(c, ids, "logits")[:, list(pick)].astype(np.float64), axis=1)
                for c in degrade.CONDITIONS
            }
            table(name, made, items)
            scores |= {f"{name}.{c}": made[c] for c in made}
    np.savez(args.work / "scores.npz", names=np.array(ids), **scores)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
