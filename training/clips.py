"""Learn to tell clips apart: one strongly regularized linear model over the mean of a clip's frames; what it is worth.

The model is linear, so that of a clip is the mean of those of its frames: what ships judges a frame, a shot and a clip
alike. Pictures join the training as further rows, for there are many more sources of them; clips are what it is
calibrated and measured on, in the ways that clips arrive. What the frames' outputs tell beside their mean joins only
where that helps sources that were left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.verdict import conformal, evaluation
from analysis.verdict.bands import PROMISES
from analysis.verdict.clip import inputs_of
from analysis.verdict.clip_conditions import MESSENGER, ORIGINAL, PLATFORM
from analysis.verdict.conformal import balanced_weights

from . import calibrate, fit, measured
from .clip_features import SeenClip
from .command import say
from .corpus import UNTOUCHED, Item, weights_of
from .fit import LinearMap

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LARGE = 10
"""Clips of a class from which on a source is large enough to be the worst."""

TARGETS = {ORIGINAL: (0.92, 0.60), PLATFORM: (0.88, 0.50), MESSENGER: (0.84, 0.40)}
"""AUC, and TPR at 5 % false alarms, on sources left out."""
WORST_TARGET = 0.70
TRIED = (("mean",), ("median",), ("mean", "deviation"), ("mean", "highest"), ("mean", "lowest"))


@dataclass(frozen=True)
class Rows:
    """What a model is learned from.

    Attributes
    ----------
    x
        Feature to (n, …).
    labels, groups
        (n,) what each row is, and its source.
    weights
        (n,) how much it counts.
    """

    x: Mapping[str, Floats]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    weights: Doubles

    def without(self, groups: set[str]) -> Rows:
        """The rows of other sources."""
        kept = ~np.isin(self.groups, sorted(groups))
        return Rows({n: v[kept] for n, v in self.x.items()}, self.labels[kept], self.groups[kept], self.weights[kept])

    def and_also(self, more: Rows | None) -> Rows:
        """These rows and others."""
        if more is None:
            return self
        return Rows(
            {n: np.concatenate([v, more.x[n]]) for n, v in self.x.items()},
            np.concatenate([self.labels, more.labels]),
            np.concatenate([self.groups, more.groups]),
            np.concatenate([self.weights, more.weights]),
        )


def clip_rows(items: Sequence[Item], seen: Mapping[str, Sequence[SeenClip]], names: Sequence[str]) -> Rows:
    """A row for each clip in each condition: the mean over its frames."""
    count = len(seen)
    x = {
        name: np.stack([clip.arrays[name].astype(np.float32).mean(0) for clips in seen.values() for clip in clips])
        for name in names
    }
    labels = np.array([i.label for i in items], dtype=np.int64)
    groups = np.array([i.group for i in items])
    return Rows(x, np.tile(labels, count), np.tile(groups, count), np.tile(weights_of(items), count))


def picture_rows(items: Sequence[Item], features: fit.Features, share: float, clips: Rows) -> Rows:
    """A row for each picture in each condition; together they count ``share`` times as much as the clips."""
    count = len(features)
    names = list(next(iter(features.values())))
    x = {name: np.concatenate([by_name[name] for by_name in features.values()]) for name in names}
    weights = np.tile(weights_of(items), count)
    weights *= share * clips.weights.sum() / weights.sum()
    labels = np.array([i.label for i in items], dtype=np.int64)
    return Rows(x, np.tile(labels, count), np.tile(np.array([i.group for i in items]), count), weights)


def head(rows: Rows, strength: float) -> dict[str, LinearMap]:
    """One regression over all features together; a part for each, the bias with the first."""
    flat = {name: value.reshape(len(rows.labels), -1) for name, value in rows.x.items()}
    model = fit.learn(np.concatenate(list(flat.values()), axis=1), rows.labels, rows.weights, strength)
    ends = np.cumsum([value.shape[1] for value in flat.values()])[:-1]
    split = zip(flat, np.split(model.weights, ends), strict=True)
    return {name: LinearMap(own, model.bias * (k == 0)) for k, (name, own) in enumerate(split)}


def frame_outputs(models: Mapping[str, LinearMap], clip: SeenClip) -> Doubles:
    """(frames,) raw outputs."""
    return fit.raw(models, {name: clip.arrays[name].astype(np.float32) for name in models})


@dataclass(frozen=True)
class FittedClips:
    """Heads and what they say.

    Attributes
    ----------
    final
        Trained on every source but the untouched: what ships.
    outputs
        Condition to a clip's frames' raw outputs, by a head that saw nothing of its source; the untouched by ``final``.
    """

    final: dict[str, LinearMap]
    outputs: dict[str, list[Doubles]]


def cross_fit(
    items: Sequence[Item], seen: Mapping[str, Sequence[SeenClip]], clips: Rows, pictures: Rows | None, strength: float
) -> FittedClips:
    """Train on all folds but one, in turn, and on all; a source is left out with its pictures."""
    untouched = {i.group for i in items if i.fold == UNTOUCHED}
    known = clips.without(untouched)
    also = pictures.without(untouched) if pictures is not None else None
    final = head(known.and_also(also), strength)
    outputs = {c: [frame_outputs(final, clip) for clip in clips_seen] for c, clips_seen in seen.items()}
    for fold in sorted({i.fold for i in items} - {UNTOUCHED}):
        held = {i.group for i in items if i.fold == fold}
        models = head(known.without(held).and_also(also.without(held) if also is not None else None), strength)
        for condition, clips_seen in seen.items():
            for k, item in enumerate(items):
                if item.fold == fold:
                    outputs[condition][k] = frame_outputs(models, clips_seen[k])
        say(f"clips: fold {fold} is read")
    return FittedClips(final, outputs)


@dataclass(frozen=True)
class Joined:
    """How what the frames say becomes one output: weights by name, and a bias."""

    weights: dict[str, float]
    middle: dict[str, float]
    bias: float

    def __call__(self, inputs: Mapping[str, Doubles]) -> Doubles:
        return np.asarray(self.bias + sum(weight * inputs[name] for name, weight in self.weights.items()))


def inputs(outputs: Sequence[Doubles]) -> dict[str, Doubles]:
    """What of each clip may be joined, by name."""
    found = [inputs_of(frames) for frames in outputs]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def join(fitted: FittedClips, items: Sequence[Item], names: Sequence[str], rows: NDArray[np.bool_]) -> Joined:
    """Learn a join of named inputs on chosen clips in all conditions; of one input there is nothing to learn."""
    by_condition = [inputs(outputs) for outputs in fitted.outputs.values()]
    x = np.concatenate([np.stack([found[name][rows] for name in names], axis=1) for found in by_condition])
    middle = {name: round(float(np.median(x[:, k])), 6) for k, name in enumerate(names)}
    if len(names) == 1:
        return Joined({names[0]: 1.0}, middle, 0.0)
    labels, groups = (np.array(v) for v in ([i.label for i in items], [i.group for i in items]))
    weights = balanced_weights(labels[rows], groups[rows])
    count = len(by_condition)
    model = LogisticRegression(C=0.3).fit(x, np.tile(labels[rows], count), sample_weight=np.tile(weights, count))
    return Joined(dict(zip(names, model.coef_[0].tolist(), strict=True)), middle, float(model.intercept_[0]))


def joined_scores(fitted: FittedClips, items: Sequence[Item], names: Sequence[str]) -> dict[str, Doubles]:
    """Condition to (n,) raw outputs, each by a join that saw nothing of its fold; the untouched by one of all folds."""
    folds = np.array([i.fold for i in items])
    found = {c: inputs(outputs) for c, outputs in fitted.outputs.items()}
    scores = {c: join(fitted, items, names, folds != UNTOUCHED)(one) for c, one in found.items()}
    for fold in sorted(set(folds.tolist()) - {UNTOUCHED}):
        model = join(fitted, items, names, (folds != UNTOUCHED) & (folds != fold))
        for condition, one in found.items():
            scores[condition][folds == fold] = model(one)[folds == fold]
    return scores


def worst_source(raw: Doubles, items: Sequence[Item]) -> tuple[float, str]:
    """The lowest AUC of one large source against all clips of the other class, and whose."""
    labels, groups = np.array([i.label for i in items]), np.array([i.group for i in items])
    found = []
    for group, label in {(i.group, i.label) for i in items}:
        own = (groups == group) & (labels == label)
        if own.sum() >= LARGE:
            chosen = own | (labels != label)
            found.append((round(evaluation.auc(raw[chosen], labels[chosen]), 3), str(group)))
    return min(found, default=(1.0, "–"))


def figures(
    items: Sequence[Item], scores: Mapping[str, Doubles], calibrated: calibrate.CalibratedCorpus, *, untouched: bool
) -> dict[str, Any]:
    """What is said of each condition."""
    out = measured.figures_of(items, scores, calibrated, untouched=untouched)
    rows = measured.part(items, untouched=untouched)
    for condition, found in out.items():
        auc, name = worst_source(scores[condition][rows], [items[k] for k in rows])
        low, high = evaluation.bootstrap_by_source(
            evaluation.auc, scores[condition][rows], np.array([items[k].label for k in rows]),
            np.array([items[k].group for k in rows]),
        )  # fmt: skip
        found |= {"worst_source_auc": auc, "worst_source": name, "auc_95": [round(low, 3), round(high, 3)]}
    return out


def missed(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Which targets the figures fall short of, in words."""
    out = []
    for condition, (auc, tpr) in TARGETS.items():
        one = found[condition]
        if one["auc"] < auc:
            out.append(f"{condition}: AUC {one['auc']:.3f}, aimed at {auc:.2f}")
        if one["tpr_at_5_percent_fpr"] < tpr:
            out.append(f"{condition}: TPR at 5 % FPR {one['tpr_at_5_percent_fpr']:.2f}, aimed at {tpr:.2f}")
        if one["worst_source_auc"] < WORST_TARGET:
            out.append(f"{condition}: worst source {one['worst_source_auc']:.2f} ({one['worst_source']}), "
                       f"aimed at {WORST_TARGET:.2f}")  # fmt: skip
    for condition, one in found.items():
        for score, level in PROMISES[:3]:
            if one["genuine_at_or_above"][str(score)] > level:
                share = one["genuine_at_or_above"][str(score)]
                out.append(
                    f"{condition}: {100 * share:.1f} % of genuine clips at {score}, promised {100 * level:.0f} %"
                )
    return out


def frame_conditions(items: Sequence[Item], fitted: FittedClips, declined: Mapping[str, NDArray[np.bool_]]) -> Any:
    """The same thresholds over single frames, by condition."""
    out = {}
    for condition, outputs in fitted.outputs.items():
        used = [k for k, i in enumerate(items) if i.fold != UNTOUCHED and not declined[condition][k]]
        raw = np.concatenate([outputs[k] for k in used])
        repeats = [len(outputs[k]) for k in used]
        labels = np.repeat([items[k].label for k in used], repeats)
        groups = np.repeat([items[k].group for k in used], repeats)
        out[condition] = conformal.measured(raw, labels, groups)
    return out


def familiar(
    items: Sequence[Item], seen: Mapping[str, Sequence[SeenClip]], settings: Mapping[str, Any]
) -> tuple[calibrate.FamiliarityFit, dict[str, NDArray[np.bool_]]]:
    """Where frames of clips lie; and which clips are not judged, because most of their frames are not."""
    name = settings["feature"]
    owners = {c: np.repeat(np.arange(len(items)), [len(s.arrays[name]) for s in clips]) for c, clips in seen.items()}
    features = {
        c: {name: np.concatenate([s.arrays[name] for s in clips]).astype(np.float32)} for c, clips in seen.items()
    }
    far: dict[str, NDArray[np.bool_]] = {}
    # one list of items serves all conditions: of each clip as many frames are taken in each of them
    least = [min(len(seen[c][k].arrays[name]) for c in seen) for k in range(len(items))]
    rows = {c: np.concatenate([np.flatnonzero(owners[c] == k)[:n] for k, n in enumerate(least)]) for c in seen}
    per_frame = [item for item, n in zip(items, least, strict=True) for _ in range(n)]
    place = calibrate.familiar({c: {name: features[c][name][rows[c]]} for c in seen}, per_frame, settings)
    scales = {key: np.asarray(place.shipped[key]) for key in ("mean", "scales")}
    declined = {}
    for condition, clips in seen.items():
        points = place.model(features[condition][name])
        far[condition] = np.sqrt((((points - scales["mean"]) / scales["scales"]) ** 2).mean(1)) > place.shipped["limit"]
        own = np.concatenate([clip.arrays["declined"] for clip in clips]) | far[condition]
        declined[condition] = np.array([2 * own[owners[condition] == k].sum() > (owners[condition] == k).sum()
                                        for k in range(len(items))])  # fmt: skip
    return place, declined


def best_join(fitted: FittedClips, items: Sequence[Item]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The inputs to join: more than the mean only where both the worst source and the whole gain on every condition."""
    tried: dict[str, Any] = {}
    rows = measured.part(items, untouched=False)
    labels = np.array([items[k].label for k in rows])
    for names in TRIED:
        scores = joined_scores(fitted, items, names)
        tried["+".join(names)] = {
            c: {
                "auc": round(evaluation.auc(raw[rows], labels), 4),
                "tpr5": round(evaluation.tpr_at_fpr(raw[rows], labels, 0.05), 3),
                "worst": worst_source(raw[rows], [items[k] for k in rows])[0],
            }
            for c, raw in scores.items()
        }

    def gain(names: tuple[str, ...]) -> float:
        own, plain = tried["+".join(names)], tried["mean"]
        return min(own[c]["auc"] - plain[c]["auc"] for c in own)

    best = max(TRIED, key=lambda names: (gain(names) > 0.005, gain(names) if gain(names) > 0.005 else 0.0))
    return (best if gain(best) > 0.005 else ("mean",)), tried


def faces(items: Sequence[Item], features: Floats, settings: Mapping[str, Any]) -> tuple[LinearMap, dict[str, float]]:
    """Whether a face fills a picture, from the kind of the pictures; the bias is set so that few others are named."""
    labels = np.array([int(i.kind == "face") for i in items], dtype=np.int64)
    groups, folds = np.array([i.group for i in items]), np.array([i.fold for i in items])
    weights = balanced_weights(labels, groups)
    raw = np.zeros(len(items))
    for fold in sorted(set(folds.tolist())):
        model = fit.learn(features[folds != fold], labels[folds != fold], weights[folds != fold], settings["strength"])
        raw[folds == fold] = model(features[folds == fold])
    limit = float(np.quantile(raw[labels == 0], 1 - settings["named_wrongly"]))
    final = fit.learn(features, labels, weights, settings["strength"])
    said = {"found": round(float((raw[labels == 1] > limit).mean()), 3), "named_wrongly": settings["named_wrongly"],
            "faces": int(labels.sum())}  # fmt: skip
    return replace(final, bias=final.bias - limit), said
