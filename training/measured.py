"""The figures of a run: by condition, out of source, of the folds and of the sources that were left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.verdict import evaluation
from analysis.verdict.bands import PROMISES
from analysis.verdict.conditions import CONDITIONS

from .calibrate import CalibratedCorpus
from .corpus import UNTOUCHED, Item, weights_of

Floats = NDArray[np.float64]

_TOUCH = 1e-9
_LEAST_OF_A_KIND = 50


def part(items: Sequence[Item], *, untouched: bool) -> NDArray[np.intp]:
    """Rows of the folds, or of the sources that were left alone."""
    return np.flatnonzero((np.array([i.fold for i in items]) == UNTOUCHED) == untouched)


def counts(items: Sequence[Item]) -> dict[str, int]:
    """Pictures and sources."""
    return {
        "genuine": sum(i.label == 0 for i in items),
        "generated": sum(i.label == 1 for i in items),
        "sources": len({i.group for i in items}),
        "untouched_sources": len({i.group for i in items if i.fold == UNTOUCHED}),
    }


def lines(items: Sequence[Item], scores: Mapping[str, Floats]) -> Iterator[str]:
    """A line a condition, of the folds."""
    rows = part(items, untouched=False)
    labels = np.array([items[k].label for k in rows])
    for condition in CONDITIONS:
        raw = scores[condition][rows]
        found = [evaluation.tpr_at_fpr(raw, labels, fpr) for fpr in (0.01, 0.05)]
        yield f"{condition:10} AUC {evaluation.auc(raw, labels):.3f}  TPR at 1 % {found[0]:.3f}, at 5 % {found[1]:.3f}"


def figures_of(
    items: Sequence[Item], scores: Mapping[str, Floats], calibrated: CalibratedCorpus, *, untouched: bool
) -> dict[str, Any]:
    """What the product and the page say of each condition; all pictures count, declined ones by their raw output."""
    rows = part(items, untouched=untouched)
    chosen = [items[k] for k in rows]
    labels = np.array([i.label for i in chosen])
    weights = weights_of(chosen)
    out: dict[str, Any] = {}
    for condition in scores:
        raw, chance = scores[condition][rows], calibrated.chance[condition][rows]
        scored = ~calibrated.declined[condition][rows]
        reached = {str(s): reaches(calibrated, condition, s)[rows] for s, _ in PROMISES}
        out[condition] = {
            "auc": round(evaluation.auc(raw, labels), 4),
            "balanced_accuracy": round(evaluation.balanced_accuracy(chance >= 0.5, labels), 4),
            "tpr_at_1_percent_fpr": round(evaluation.tpr_at_fpr(raw, labels, 0.01), 4),
            "tpr_at_5_percent_fpr": round(evaluation.tpr_at_fpr(raw, labels, 0.05), 4),
            "ece": round(evaluation.calibration_error(chance[scored], labels[scored], weights[scored]), 4),
            "genuine_at_or_above": {s: round(float(hit[labels == 0].mean()), 4) for s, hit in reached.items()},
            "generated_at_or_above": {s: round(float(hit[labels == 1].mean()), 4) for s, hit in reached.items()},
            "declined": {
                word: round(float((~scored)[labels == c].mean()), 4) for c, word in ((0, "genuine"), (1, "generated"))
            },
        }
    return out


def by_kind(items: Sequence[Item], calibrated: CalibratedCorpus) -> dict[str, Any]:
    """The same shares by what a picture shows, all conditions together; a class of fewer than fifty has none."""
    rows = part(items, untouched=False)
    kinds = np.array([items[k].kind for k in rows])
    labels = np.array([items[k].label for k in rows])
    out: dict[str, Any] = {}
    for kind in sorted(set(kinds.tolist())):
        counts = {word: int(((kinds == kind) & (labels == c)).sum()) for c, word in enumerate(("genuine", "generated"))}
        shares = {
            f"{word}_at_or_above": {
                str(s): round(
                    float(
                        np.mean(
                            [
                                reaches(calibrated, c, s)[rows][(kinds == kind) & (labels == label)].mean()
                                for c in CONDITIONS
                            ]
                        )
                    ),
                    4,
                )
                for s, _ in PROMISES
            }
            for label, word in enumerate(("genuine", "generated"))
            if counts[word] >= _LEAST_OF_A_KIND
        }
        if shares:
            out[kind] = {"pictures": counts} | shares
    return out


def reaches(calibrated: CalibratedCorpus, condition: str, score: int) -> NDArray[np.bool_]:
    """(n,) which pictures get a score of at least 60, 45, 30 or 18; a declined one gets none."""
    return np.asarray((calibrated.p[condition] <= dict(PROMISES)[score] + _TOUCH) & ~calibrated.declined[condition])
