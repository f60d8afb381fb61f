"""Write ``docs/accuracy.md`` from what was measured; nothing in its tables is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.verdict import evaluation
from analysis.verdict.bands import PROMISES
from analysis.verdict.conditions import CONDITIONS

from .calibrate import CalibratedCorpus
from .clips import TARGETS as CLIP_TARGETS
from .command import say
from .corpus import Item
from .measured import part, reaches
from .tables import table

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "accuracy.md"

TARGETS = {
    "clean": (0.97, 0.91, 0.70, 0.88),
    "web": (0.96, 0.90, 0.65, 0.85),
    "hard": (0.94, 0.87, 0.55, 0.78),
    "screenshot": (0.95, 0.88, 0.60, 0.80),
}
WORDS = {
    "clean": "as is, metadata stripped",
    "web": "web: ≤ 768, JPEG q60",
    "hard": "hard: ≤ 512, q40",
    "screenshot": "screenshot",
}
WORST = 15
"""Rows of a table of sources or generators: a page of hundreds of rows is read by nobody."""

LARGE = 10
"""Pictures of a class from which on a source counts as large."""

Floats = NDArray[np.float64]


def recipe(config: Mapping[str, Any]) -> str:
    """One line on how the detector was made."""
    head = config["head"]
    *most, last = [name.replace("_", " ") for name in head["features"]]
    looked_at = " and ".join([", ".join(most)] * bool(most) + [last])
    return (
        f"{config['backbone']}, frozen; a logistic regression on {looked_at} of its blocks "
        f"(C = {head['strength']:g}), trained on all four conditions together"
    )


def percent(share: float, digits: int = 0) -> str:
    """A share in percent."""
    return f"{100 * share:.{digits}f} %"


class Page:
    """What the tables are made of: pictures, their scores and what those are worth."""

    def __init__(self, items: Sequence[Item], scores: Mapping[str, Floats], calibrated: CalibratedCorpus) -> None:
        self.items, self.scores, self.calibrated = items, scores, calibrated
        self.labels = np.array([i.label for i in items])
        self.groups = np.array([i.group for i in items])
        self.folds, self.alone = part(items, untouched=False), part(items, untouched=True)

    def headline(self, rows: NDArray[np.intp], *, targets: bool) -> str:
        """AUC, balanced accuracy and what is found at few false alarms, beside the targets."""
        lines = []
        for condition in CONDITIONS:
            raw, labels = self.scores[condition][rows], self.labels[rows]
            low, high = evaluation.bootstrap_by_source(evaluation.auc, raw, labels, self.groups[rows])
            made = (
                evaluation.auc(raw, labels),
                evaluation.balanced_accuracy(self.calibrated.chance[condition][rows] >= 0.5, labels),
                evaluation.tpr_at_fpr(raw, labels, 0.01),
                evaluation.tpr_at_fpr(raw, labels, 0.05),
            )
            cells: list[object] = [WORDS[condition], f"**{made[0]:.3f}** ({low:.2f}–{high:.2f})"]
            cells += [f"{value:.3f}" for value in made[1:]]
            if targets:
                wanted = TARGETS[condition]
                cells.append(" / ".join(f"{t:.2f}" for t in wanted))
                cells.append("yes" if all(a >= t for a, t in zip(made, wanted, strict=True)) else "**no**")
            lines.append(cells)
        head = ["condition", "AUC (95 %, sources drawn anew)", "balanced accuracy", "TPR at 1 % FPR", "TPR at 5 % FPR"]
        return table([*head, "target", "met"] if targets else head, lines)

    def promises(self, rows: NDArray[np.intp]) -> str:
        """Genuine pictures at or above each band, and the worst of the sources that have at least ``LARGE`` of them."""
        lines = []
        genuine = rows[self.labels[rows] == 0]
        sources = self.groups[genuine]
        large = [s for s in sorted(set(sources)) if (sources == s).sum() >= LARGE]
        for condition in CONDITIONS:
            for score, level in PROMISES:
                flagged = reaches(self.calibrated, condition, score)[genuine]
                low, high = evaluation.wilson(int(flagged.sum()), len(genuine))
                worst = max(((float(flagged[sources == s].mean()), s) for s in large), default=(0.0, "–"))
                lines.append([
                    WORDS[condition], f"≥ {score}", percent(level),
                    f"{percent(float(flagged.mean()), 1)} ({100 * low:.1f}–{100 * high:.1f})",
                    "yes" if flagged.mean() <= level else "**no**", f"{percent(worst[0])} ({worst[1]})",
                ])  # fmt: skip
        head = ["condition", "score", "promised at most", "measured (95 %)", "kept", f"worst of {LARGE} or more"]
        return table(head, lines)

    def kinds(self, rows: NDArray[np.intp]) -> str:
        """Genuine pictures of each kind at or above 30, 45 and 60, all conditions together."""
        kinds = np.array([i.kind for i in self.items])
        lines = []
        for kind in sorted(set(kinds[rows][self.labels[rows] == 0])):
            inside = rows[(kinds[rows] == kind) & (self.labels[rows] == 0)]
            cells: list[object] = [kind, len(inside), len(set(self.groups[inside]))]
            for score, level in PROMISES[:3]:
                share = float(np.mean([reaches(self.calibrated, c, score)[inside].mean() for c in CONDITIONS]))
                cells.append(f"{percent(share, 1)}{'' if share <= 2 * level else ' **above twice the promise**'}")
            lines.append(cells)
        return table(["kind", "pictures", "sources", "≥ 60 (1 %)", "≥ 45 (5 %)", "≥ 30 (15 %)"], lines)

    def by(self, rows: NDArray[np.intp], label: int, names: Sequence[str], least: int) -> str:
        """Shares at or above 30, 45 and 60 by name: worst first."""
        named = np.array(names)
        lines: list[tuple[float, list[object]]] = []
        for name in sorted(set(named[rows][self.labels[rows] == label])):
            inside = rows[(named[rows] == name) & (self.labels[rows] == label)]
            if len(inside) < least:
                continue
            reached = [reaches(self.calibrated, c, 30)[inside].mean() for c in CONDITIONS]
            strong = [reaches(self.calibrated, "web", s)[inside].mean() for s in (45, 60)]
            worst = float(np.mean(reached)) * (-1 if label == 0 else 1)
            shown = [f"{1000 * s:.0f}" if label == 0 else percent(float(s)) for s in (*reached, *strong)]
            lines.append((worst, [name[:60], len(inside), *shown]))
        head = ["name", "pictures", *(f"{c}, ≥ 30" for c in CONDITIONS), "web, ≥ 45", "web, ≥ 60"]
        return table(head, [cells for _, cells in sorted(lines, key=lambda line: line[0])][:WORST])

    def certainty(self, measured: Mapping[str, Mapping[str, Any]]) -> str:
        """How far the stated chance is from what was true, and how many are not scored."""
        return table(
            ["condition", "ECE", "genuine not scored", "AI not scored"],
            [
                [WORDS[c], f"{measured[c]['ece']:.3f}", percent(measured[c]["declined"]["genuine"], 1),
                 percent(measured[c]["declined"]["generated"], 1)]
                for c in CONDITIONS
            ],
        )  # fmt: skip


def families(found: Sequence[Mapping[str, Any]]) -> str:
    """Which families are named, how rightly, and how many of theirs."""
    lines = [
        [one["words"], *((f"{one['least']:.2f}", percent(one["precision"]), percent(one["found"]), one["named"])
                         if one["least"] <= 1 else ("never named", "–", "–", "–"))]
        for one in found
    ]  # fmt: skip
    return table(["resembles", "named from this share on", "rightly", "of all of them", "pictures so named"], lines)


def alone(models: Path) -> str:
    """What each component tells by itself, and the rules: AUC on sources left out, the weakest first."""
    facts = json.loads((models / "components.json").read_text())
    by_name = {name: model["auc"] for name, model in facts["components"].items()}
    by_name |= {"**the rules, all together**": facts["rules_auc"]}
    lines = [
        [name, *(f"{auc[c]:.2f}" for c in CONDITIONS)]
        for name, auc in sorted(by_name.items(), key=lambda pair: float(np.mean(list(pair[1].values()))))
    ]
    return table(["component", *CONDITIONS], lines)


def lesser(models: Path, name: str) -> str:
    """The figures of the detector that answers where the backbone is not installed, as measured when it was made."""
    facts = json.loads((models / f"{name}.json").read_text())
    lines = [
        [WORDS[c], f"{facts['figures'][c]['auc']:.3f}", f"{facts['figures'][c]['tpr_at_1_percent_fpr']:.3f}"]
        for c in CONDITIONS
    ]
    return f"Made {facts['made']}.\n\n" + table(["condition", "AUC", "TPR at 1 % FPR"], lines)


CLIP_WORDS = {
    "original": "as it comes",
    "platform": "platform: ≤ 720, CRF 28",
    "messenger": "messenger: ≤ 480, CRF 34",
    "screen": "recording of a screen",
}


def clips(models: Path) -> str:
    """What was measured on clips, from the file that ships alone."""
    facts = json.loads((models / "clips.json").read_text())
    counts, found, alone_ = facts["clips"], facts["figures"], facts["figures_untouched"]
    said = (
        f"Made {facts['made']}, code `{facts['code']}`. The model: {facts['recipe']}. "
        f"{counts['genuine']} genuine and {counts['generated']} generated clips of {counts['sources']} sources; "
        f"{counts['untouched_sources']} of these sources tuned nothing."
    )
    parts = [
        said,
        "Missed of what was aimed at: " + "; ".join(facts["missed"]) + "." if facts["missed"] else "",
        "On the sources of the folds:",
        _clip_table(found, targets=CLIP_TARGETS),
        "On the sources that were left alone:",
        _clip_table(alone_),
        "Genuine clips at or above each band, and AI clips there, folds:",
        _clip_promises(found),
        "The same on the sources that were left alone:",
        _clip_promises(alone_),
        "What else of the frames' outputs could join their mean (AUC / TPR at 5 % / worst source, folds):",
        table(
            ["inputs", *(CLIP_WORDS[c] for c in found)],
            [
                [name, *(f"{one[c]['auc']:.3f} / {one[c]['tpr5']:.2f} / {one[c]['worst']:.2f}" for c in found)]
                for name, one in facts["tried"].items()
            ],
        ),
        f"A face that fills the frame is found in {percent(facts['faces']['found'])} of {facts['faces']['faces']} "
        f"pictures of faces of sources left out, and named in {percent(facts['faces']['named_wrongly'])} of others.",
    ]
    return "\n\n".join(part for part in parts if part)


def _clip_table(found: Mapping[str, Any], targets: Mapping[str, tuple[float, float]] | None = None) -> str:
    lines = []
    for condition, one in found.items():
        low, high = one["auc_95"]
        cells = [
            CLIP_WORDS[condition], f"**{one['auc']:.3f}** ({low:.2f}–{high:.2f})",
            f"{one['tpr_at_1_percent_fpr']:.2f}", f"{one['tpr_at_5_percent_fpr']:.2f}",
            f"{one['worst_source_auc']:.2f} ({one['worst_source']})", f"{one['ece']:.3f}",
            f"{percent(one['declined']['genuine'])} / {percent(one['declined']['generated'])}",
        ]  # fmt: skip
        if targets is not None:
            wanted = targets.get(condition)
            cells.append(f"{wanted[0]:.2f} / {wanted[1]:.2f} / 0.70" if wanted else "–")
        lines.append(cells)
    head = ["condition", "AUC (95 %, sources drawn anew)", "TPR at 1 % FPR", "TPR at 5 % FPR",
            "worst source of ten clips or more", "ECE", "not judged (genuine / AI)"]  # fmt: skip
    return table([*head, "target: AUC / TPR at 5 % / worst"] if targets is not None else head, lines)


def _clip_promises(found: Mapping[str, Any]) -> str:
    lines = []
    for condition, one in found.items():
        for score, level in PROMISES:
            share = one["genuine_at_or_above"][str(score)]
            lines.append([
                CLIP_WORDS[condition], f"≥ {score}", percent(level), percent(share, 1),
                "yes" if share <= level else "**no**", percent(one["generated_at_or_above"][str(score)]),
            ])  # fmt: skip
    return table(["condition", "score", "promised at most", "genuine clips", "kept", "AI clips"], lines)


def faithfulness(found: Mapping[str, Any]) -> str:
    """How much the raw output falls where parts are blurred."""
    lines = [[name, f"{fall:+.3f}"] for name, fall in found["fall"].items()]
    return (
        f"{found['pictures']} web copies, a fifth of the map's cells blurred: the strongest fifth lowers the raw "
        f"output more than a random fifth on {percent(found['strongest_lowers_more_often'])} of them; on average by "
        f"{found['difference']:.3f} more (standard error {found['standard_error']:.3f}).\n\n"
        + table(["blurred", "mean fall of the raw output"], lines)
    )


def write(
    items: Sequence[Item],
    scores: Mapping[str, Floats],
    calibrated: CalibratedCorpus,
    *,
    found_families: Sequence[Mapping[str, Any]],
    faithful: Mapping[str, Any],
    models: Path,
    backbone: str,
) -> None:
    """Fill the template and write the page."""
    page = Page(items, scores, calibrated)
    facts = json.loads((models / f"{backbone}.json").read_text())
    sources = [i.group for i in items]
    generators = [i.generator for i in items]
    filled = {
        "made": facts["made"],
        "manifest": facts["manifest_sha256"],
        "sources_list": facts["sources_sha256"],
        "code": facts["code"],
        "recipe": facts["recipe"],
        **facts["pictures"],
        "folds": page.headline(page.folds, targets=True),
        "untouched": page.headline(page.alone, targets=True),
        "promises": page.promises(page.folds),
        "promises_untouched": page.promises(page.alone),
        "kinds": page.kinds(page.folds),
        "kinds_untouched": page.kinds(page.alone),
        "certainty": page.certainty(facts["figures"]),
        "flips": percent(facts["right_where_it_flips"]),
        "false_alarms_by_source": page.by(page.folds, 0, sources, 10),
        "found_by_source": page.by(page.folds, 1, sources, 10),
        "found_by_generator": page.by(page.folds, 1, generators, 12),
        "families": families(found_families),
        "faithful": faithfulness(faithful),
        "light": lesser(models, "light"),
        "alone": alone(models),
        "clips": clips(models),
        "notebook": (HERE / "notebook.md").read_text().rstrip(),
    }
    text = (HERE / "accuracy.template.md").read_text()
    for name, value in filled.items():
        text = text.replace("{{" + name + "}}", str(value))
    PAGE.write_text(text)
    say(f"{PAGE.name}: {len(text.splitlines())} lines")
