"""Write ``docs/accuracy.md`` from what was measured; nothing in its tables is typed by hand.

``python -m training.report --manifest … --pictures … [--extras …] --work FOLDER --models analysis/models --out docs/accuracy.md``
"""  # noqa: E501 -- a command is one line

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import calibrate, command, corpus, degrade, figures
from .command import say

TARGETS = {"clean": (0.90, 0.82, 0.40), "web": (0.87, 0.79, 0.30), "hard": (0.84, 0.76, 0.20)}
WORDS = {"clean": "as is, metadata stripped", "web": "web: ≤ 768, JPEG q60", "hard": "hard: ≤ 512, q40",
         "screenshot": "screenshot"}  # fmt: skip
CEILINGS = {60: 0.02, 45: 0.07, 30: 0.19}
LARGE = 60
"""Pictures from which on a source counts as large."""


@dataclass(frozen=True)
class Measured:
    """Out-of-source results of the headline pictures, in one order."""

    items: Sequence[corpus.Item]
    labels: NDArray[np.int64]
    sources: NDArray[np.str_]
    raw: dict[str, NDArray[np.float64]]
    p: dict[str, NDArray[np.float64]]
    probability: dict[str, NDArray[np.float64]]

    def at_or_above(self, condition: str, score: int) -> NDArray[np.bool_]:
        """Which pictures score at least 60, 45, 30 or 18."""
        return np.asarray(self.p[condition] <= dict(calibrate.PROMISES)[score] + 1e-9)


def read(work: Path, items: list[corpus.Item]) -> Measured:
    """What ``training.stack`` measured, for the headline pictures."""
    file = np.load(work / "stacked.npz")
    place = {str(n): k for k, n in enumerate(file["names"])}
    chosen = [i for i in items if i.headline and i.id in place]
    rows = np.array([place[i.id] for i in chosen])

    def column(name: str) -> dict[str, NDArray[np.float64]]:
        return {c: file[f"{name}.{c}"][rows] for c in degrade.CONDITIONS}

    return Measured(
        items=chosen,
        labels=np.array([i.label for i in chosen]),
        sources=np.array([i.source for i in chosen]),
        raw=column("raw"),
        p=column("p"),
        probability=column("probability"),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def percent(share: float, digits: int = 0) -> str:
    """A share in percent."""
    return f"{100 * share:.{digits}f} %"


def headline(m: Measured, baseline: dict[str, NDArray[np.float64]] | None) -> str:
    """AUC, balanced accuracy and detection at 1 % false alarms, beside the targets and the floor."""
    rows = []
    for condition in degrade.CONDITIONS:
        raw, target = m.raw[condition], TARGETS.get(condition)
        low, high = figures.bootstrap_by_source(figures.auc, raw, m.labels, m.sources)
        made = (
            figures.auc(raw, m.labels),
            figures.balanced_accuracy(m.probability[condition] >= 0.5, m.labels),
            figures.tpr_at_fpr(raw, m.labels),
        )
        cells: list[object] = [WORDS[condition], f"**{made[0]:.3f}** ({low:.2f}–{high:.2f})"]
        cells += [f"{value:.3f}" for value in made[1:]]
        cells.append(f"{figures.balanced_accuracy(m.at_or_above(condition, 30), m.labels):.3f}")
        cells.append(" / ".join(f"{t:.2f}" for t in target) if target else "none set")
        cells.append("yes" if target and all(a >= t for a, t in zip(made, target, strict=True)) else
                     "–" if target is None else "**no**")  # fmt: skip
        if baseline and condition in baseline:
            b = baseline[condition]
            cells.append(f"{figures.auc(b, m.labels):.3f} / {figures.tpr_at_fpr(b, m.labels):.3f}")
        elif baseline:
            cells.append("not run")
        rows.append(cells)
    head = ["condition", "AUC (95 %, sources drawn anew)", "balanced accuracy", "TPR at 1 % FPR",
            "balanced accuracy at score 30", "target (AUC / accuracy / TPR)", "met"]  # fmt: skip
    return table([*head, "floor: frozen ImageNet (AUC / TPR)"] if baseline else head, rows)


def promises(m: Measured) -> str:
    """Genuine pictures at or above each band, by thresholds from the other sources, and the worst large source."""
    rows = []
    genuine = m.labels == 0
    for condition in degrade.CONDITIONS:
        for score, level in calibrate.PROMISES:
            flagged = m.at_or_above(condition, score)
            hits, count = int(flagged[genuine].sum()), int(genuine.sum())
            low, high = figures.wilson(hits, count)
            worst = max(
                (float(flagged[genuine & (m.sources == s)].mean()), s)
                for s in set(m.sources[genuine]) if (genuine & (m.sources == s)).sum() >= LARGE
            )  # fmt: skip
            kept = hits / count <= level and (score == 18 or high <= CEILINGS[score])
            rows.append([
                WORDS[condition], f"≥ {score}", percent(level),
                f"{percent(hits / count, 1)} ({100 * low:.1f}–{100 * high:.1f})",
                "yes" if kept else "**no**", f"{percent(worst[0], 1)} ({worst[1]})",
                "–" if score == 18 else "yes" if worst[0] <= 3 * level else "**no**",
            ])  # fmt: skip
    head = [
        "condition",
        "score",
        "promised at most",
        "measured (95 %)",
        "kept",
        "worst large source",
        "within three times",
    ]
    return table(head, rows)


def certainty(m: Measured) -> str:
    """How far the stated probability is from what was true, classes and sources weighted alike."""
    weights = corpus.weights_of(m.items)
    rows = [
        [WORDS[c], f"{figures.calibration_error(m.probability[c], m.labels, weights):.3f}",
         f"{figures.brier(m.probability[c], m.labels, weights):.3f}"]
        for c in degrade.CONDITIONS
    ]  # fmt: skip
    return table(["condition", "ECE", "Brier"], rows)


def by(m: Measured, label: int, key: str, least: int) -> str:
    """Shares at or above 30, 45 and 60 by source, generator or kind: worst first."""
    names = np.array([str(getattr(i, key)) for i in m.items])
    rows = []
    for name in sorted(set(names[m.labels == label])):
        inside = (names == name) & (m.labels == label)
        if inside.sum() < least:
            continue
        shares = [float(m.at_or_above(c, 30)[inside].mean()) for c in degrade.CONDITIONS]
        strong = [float(m.at_or_above("web", s)[inside].mean()) for s in (45, 60)]
        order = np.mean(shares) * (-1 if label == 0 else 1)
        shown = [f"{1000 * s:.0f}" if label == 0 else percent(s) for s in (*shares, *strong)]
        rows.append((order, [name[:60], int(inside.sum()), *shown]))
    head = [key, "pictures", *(f"{c}, ≥ 30" for c in degrade.CONDITIONS), "web, ≥ 45", "web, ≥ 60"]
    return table(head, [cells for _, cells in sorted(rows, key=lambda r: r[0])])


def candidates(work: Path, m: Measured) -> str:
    """Every candidate on the same pictures and folds."""
    file = np.load(work / "scores.npz")
    place = {str(n): k for k, n in enumerate(file["names"])}
    rows_at = np.array([place[i.id] for i in m.items])
    matched = np.array([i.matched for i in m.items])
    names = sorted({key.rsplit(".", 1)[0] for key in file.files if key != "names"})
    rows = []
    for name in names:
        cells: list[object] = [name]
        for condition in degrade.CONDITIONS:
            if f"{name}.{condition}" not in file.files:
                cells.append("not run")
                continue
            s = file[f"{name}.{condition}"][rows_at]
            cells.append(f"{figures.auc(s, m.labels):.3f} / {figures.tpr_at_fpr(s, m.labels):.2f}")
        web = file[f"{name}.web"][rows_at]
        cells.append(f"{figures.auc(web[matched], m.labels[matched]):.3f}")
        rows.append(cells)
    cells = ["**joined (shipped)**"]
    cells += [
        f"{figures.auc(m.raw[c], m.labels):.3f} / {figures.tpr_at_fpr(m.raw[c], m.labels):.2f}"
        for c in degrade.CONDITIONS
    ]
    cells.append(f"{figures.auc(m.raw['web'][matched], m.labels[matched]):.3f}")
    head = ["candidate", *(f"{c}: AUC / TPR at 1 %" for c in degrade.CONDITIONS), "web, size and format matched: AUC"]
    return table(head, [*rows, cells])


def alone(models: Path) -> str:
    """What each component tells by itself, and the rules: AUC on sources left out, the weakest first."""
    facts = json.loads((models / "components.json").read_text())
    by_name = {name: model["auc"] for name, model in facts["components"].items()}
    by_name |= {"**the rules, all together**": facts["rules_auc"]}
    rows = [
        [name, *(f"{auc[c]:.2f}" for c in degrade.CONDITIONS)]
        for name, auc in sorted(by_name.items(), key=lambda pair: np.mean(list(pair[1].values())))
    ]
    return table(["component", *degrade.CONDITIONS], rows)


def clips(models: Path) -> str:
    """What was measured on clips, in a paragraph and a table."""
    facts = json.loads((models / "clips.json").read_text())
    measured, counts = facts["figures"], facts["clips"]
    rows = [
        [f"≥ {score}", percent(measured["genuine_at_or_above"][score], 1),
         percent(measured["generated_at_or_above"][score], 1)]
        for score in measured["genuine_at_or_above"]
    ]  # fmt: skip
    tried = "; ".join(
        f"{name.replace('+', ' and ').replace('_', ' ')} {found['auc']:.2f} / {found['worst']:.2f}"
        for name, found in measured["tried"].items()
    )
    return (
        f"{counts['genuine']} genuine and {counts['generated']} generated clips of {counts['sources']} sources: AUC "
        f"{measured['auc']:.2f} on sources left out, {measured['worst_source_auc']:.2f} on the worst. Inputs tried "
        f"(AUC / worst source): {tried}.\n\n" + table(["score", "genuine clips", "generated clips"], rows)
    )


def main() -> None:
    """Write the page."""
    parser = command.parser(__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    m = read(args.work, command.pictures(args)[1])
    facts = json.loads((args.models / "detector.json").read_text())
    file = np.load(args.work / "scores.npz")
    place = {str(n): k for k, n in enumerate(file["names"])}
    rows = np.array([place[i.id] for i in m.items])
    baseline = {c: file[f"teacher.{c}"][rows] for c in degrade.CONDITIONS if f"teacher.{c}" in file.files}
    filled = {
        "made": facts["made"],
        "manifest": facts["manifest_sha256"],
        "extras": facts["extras_sha256"],
        "code": facts["code"],
        "recipe": facts["recipe"],
        "genuine": int((m.labels == 0).sum()),
        "generated": int((m.labels == 1).sum()),
        "sources": len(set(m.sources)),
        "headline": headline(m, baseline),
        "promises": promises(m),
        "certainty": certainty(m),
        "false_alarms_by_source": by(m, 0, "source", 20),
        "false_alarms_by_kind": by(m, 0, "kind", 20),
        "found_by_source": by(m, 1, "source", 20),
        "found_by_generator": by(m, 1, "generator", 15),
        "abstained": ", ".join(
            f"{percent(part['share'], 1)} of {part['of']} {word} pictures"
            for word, part in facts["abstained_on_web_copies"].items()
        ),
        "alone": alone(args.models),
        "clips": clips(args.models),
        "notebook": (Path(__file__).parent / "notebook.md").read_text().rstrip(),
        "candidates": candidates(args.work, m),
    }
    page = (Path(__file__).parent / "accuracy.template.md").read_text()
    for name, value in filled.items():
        page = page.replace("{{" + name + "}}", str(value))
    args.out.write_text(page)
    say(f"{args.out}: {len(page.splitlines())} lines")


if __name__ == "__main__":
    main()
