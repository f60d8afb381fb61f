"""The page that ``training.evaluate`` writes: where it fails, whether promises were kept, how well it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.verdict import evaluation
from analysis.verdict.bands import PROMISES
from analysis.verdict.conditions import CONDITIONS

WORDS = {"clean": "as is, metadata stripped", "web": "web: ≤ 768, JPEG q60", "hard": "hard: ≤ 512, q40",
         "screenshot": "screenshot"}  # fmt: skip
LEAST = 10
"""Pictures of a class from which on a source has a row of its own."""

Array = NDArray[Any]
Rows = Sequence[dict[str, Any]]


def page(rows: Rows, engine: str) -> str:
    """The whole page in Markdown.

    Parameters
    ----------
    rows
        What :func:`training.evaluate.examine` gave, of all pictures.
    engine
        What made them.
    """
    failed = [row for row in rows if "error" in row]
    parts = {c: [row for row in rows if row.get("condition") == c] for c in CONDITIONS}
    counts = Counter(row["generated"] for row in parts["clean"])
    text = [
        "# Evaluation on labelled pictures, weaknesses first",
        f"Engine {engine}. {counts[False]} genuine and {counts[True]} generated pictures; "
        f"{len(failed)} files could not be analyzed. Whether the detector was trained on any of them, these figures do "
        "not know.",
        "## Where it fails: genuine pictures at or above 30, per 1,000, by source (worst first)", _sources(parts, 0),
        "## Where it fails: generated pictures at or above 30, by source (worst first)", _sources(parts, 1),
        "## Are the promises to genuine pictures kept?",
        "All genuine pictures count, those that were not judged as not reaching any band.", _promises(parts),
        "## How well genuine and generated are told apart, and how well the rules do it",
        "Of the pictures that were judged; intervals draw whole sources anew. TPR: share of generated pictures above "
        "the score that one genuine picture in 100 exceeds.", _headline(parts),
        "## How certain is “certain”?",
        "Of the stated confidence (15 to 90 %, taken as the chance of the side a score of 30 divides).",
        _certainty(parts),
        "## Not judged", _abstained(parts),
    ]  # fmt: skip
    return "\n\n".join(text) + "\n"


def _column(rows: Rows, name: str) -> Array:
    return np.array([row[name] for row in rows], dtype=np.float64)


def _labels(rows: Rows) -> NDArray[np.int64]:
    return np.array([int(row["generated"]) for row in rows], dtype=np.int64)


def _headline(parts: Mapping[str, Rows]) -> str:
    lines = []
    for condition, rows in parts.items():
        judged = [row for row in rows if row["score"] is not None]
        labels = _labels(judged)
        if len(set(labels.tolist())) < 2:
            lines.append([WORDS[condition], "one class only", *["–"] * 6])
            continue
        scores, by_rules = _column(judged, "score"), _column(judged, "rules")
        sources = np.array([row["source"] for row in judged])
        low, high = evaluation.bootstrap_by_source(evaluation.auc, scores, labels, sources)
        r_low, r_high = evaluation.bootstrap_by_source(evaluation.auc, by_rules, labels, sources)
        lines.append([
            WORDS[condition],
            f"**{evaluation.auc(scores, labels):.3f}** ({low:.2f}–{high:.2f})",
            *(f"{evaluation.balanced_accuracy(scores >= s, labels):.3f}" for s in (30, 45)),
            f"{evaluation.tpr_at_fpr(scores, labels):.3f}",
            f"{evaluation.auc(by_rules, labels):.3f} ({r_low:.2f}–{r_high:.2f})",
            f"{evaluation.balanced_accuracy(by_rules >= 30, labels):.3f}",
            f"{evaluation.tpr_at_fpr(by_rules, labels):.3f}",
        ])  # fmt: skip
    head = ["copies", "AUC (95 %)", "balanced accuracy at 30", "at 45", "TPR at 1 % FPR", "rules: AUC (95 %)",
            "rules: balanced accuracy at 30", "rules: TPR at 1 % FPR"]  # fmt: skip
    return table(head, lines)


def _promises(parts: Mapping[str, Rows]) -> str:
    lines = []
    for condition, rows in parts.items():
        genuine = [row for row in rows if not row["generated"]]
        for score, level in PROMISES:
            hits = sum(row["score"] is not None and row["score"] >= score for row in genuine)
            low, high = evaluation.wilson(hits, len(genuine))
            share = hits / max(1, len(genuine))
            kept = "yes" if share <= level else "**no**" if low > level else "no, within chance"
            shown = f"{100 * share:.1f} % ({100 * low:.1f}–{100 * high:.1f})"
            lines.append([WORDS[condition], f"≥ {score}", f"{100 * level:.0f} %", shown if genuine else "–", kept])
    return table(["copies", "score", "promised at most", "measured (95 %, Wilson)", "kept"], lines)


def _certainty(parts: Mapping[str, Rows]) -> str:
    lines = []
    for condition, rows in parts.items():
        judged = [row for row in rows if row["score"] is not None]
        labels = _labels(judged)
        if len(set(labels.tolist())) < 2:
            lines.append([WORDS[condition], "–", "–"])
            continue
        sure = _column(judged, "confidence") / 100
        stated = np.where(_column(judged, "score") >= 30, sure, 1 - sure)
        weights = np.where(labels == 1, 1 / max(1, labels.sum()), 1 / max(1, (1 - labels).sum()))
        lines.append([
            WORDS[condition],
            f"{evaluation.calibration_error(stated, labels, weights):.3f}",
            f"{evaluation.brier(stated, labels, weights):.3f}",
        ])  # fmt: skip
    return table(["copies", "ECE", "Brier"], lines)


def _abstained(parts: Mapping[str, Rows]) -> str:
    lines = []
    for condition, rows in parts.items():
        cells: list[object] = [WORDS[condition]]
        for made in (False, True):
            inside = [row for row in rows if row["generated"] is made]
            declined = [row for row in inside if row["score"] is None]
            cells.append(f"{100 * len(declined) / len(inside):.1f} % of {len(inside)}" if inside else "–")
        why = Counter(str(row["abstained"]).partition(":")[0] for row in rows if row["score"] is None)
        lines.append([*cells, "; ".join(f"{reason.rstrip('.')} ({n})" for reason, n in why.most_common(3)) or "–"])
    return table(["copies", "genuine", "generated", "why, mostly"], lines)


def _sources(parts: Mapping[str, Rows], label: int) -> str:
    lines = []
    names = Counter(row["source"] for row in parts["clean"] if row["generated"] == bool(label))
    for name, count in names.items():
        if count < LEAST:
            continue
        shares = []
        for rows in parts.values():
            own = [row for row in rows if row["source"] == name and row["generated"] == bool(label)]
            shares.append(sum((row["score"] or 0) >= 30 for row in own) / max(1, len(own)))
        worst = float(np.mean(shares)) * (-1 if label == 0 else 1)
        shown = [f"{1000 * s:.0f}" if label == 0 else f"{100 * s:.0f} %" for s in shares]
        lines.append((worst, [name[:60], count, *shown]))
    if not lines:
        return f"No source has {LEAST} pictures of this class."
    return table(["source", "pictures", *CONDITIONS], [cells for _, cells in sorted(lines, key=lambda line: line[0])])


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])
