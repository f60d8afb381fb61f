"""Do reports contradict themselves? Every picture of a folder is analyzed and presented as its page is, and read.

    python -m bench contradictions FOLDER [COUNT]

Checked in the text of the page: verdict against reasons, headline against hints and broken credentials, green against
credentials, stability against its scores, numbers against their bands, what calibrated pages never say.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis import analyze, open_media
from analysis.errors import MediaError
from analysis.explain.headline import LOW, band_title, broken_of, captured_by, hint_of, whole
from analysis.report import Report, Scoring, Verdict
from webapp.presenters import report as present

NEVER = (
    "speaks for AI",
    "families of measurements speak",
    "what cameras usually leave",
    "Heavily compressed",
    "photographed document",
    "Mostly real",
    "Consistent with real",
    "nothing sets it apart",
)
"""What no page of a calibrated report may say."""
LENSES = ("original", "evidence")


def main() -> int:
    """Analyze, read, and list what contradicts itself."""
    if len(sys.argv) < 2:
        sys.exit("python -m bench contradictions FOLDER [COUNT]")
    files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
    if len(sys.argv) > 2:
        files = files[:: max(1, len(files) // int(sys.argv[2]))]
    seen: Counter[str] = Counter()
    wrong = 0
    for path in files:
        try:
            report = analyze(open_media(path.read_bytes()))
        except MediaError as refused:
            seen[f"refused: {refused.code}"] += 1
            continue
        shown = present.report(report, LENSES)
        seen[shown["verdict"].title] += 1
        for problem in contradictions(report, shown):
            wrong += 1
            print(f"{path}: {problem}")
    for title, count in seen.most_common():
        print(f"{count:5}  {title}")
    print(f"{seen.total()} files, {wrong} contradictions")
    return 1 if wrong else 0


def contradictions(report: Report, shown: dict[str, Any]) -> Iterator[str]:
    """Each sentence that another part of the same page denies."""
    said, reasons = shown["verdict"], shown["reasons"]
    text = " ".join([said.title, shown["means"], *(reason.text for reason in reasons), shown["plain"]])
    low = report.verdict in LOW
    calm = low or report.verdict is Verdict.INCONCLUSIVE
    if report.scoring is Scoring.CALIBRATED:
        yield from (f"says “{words}”" for words in NEVER if words.lower() in text.lower())
    if len(reasons) > 3:
        yield f"{len(reasons)} reasons"
    if (said.tone == "real") is not (calm and captured_by(report.provenance) is not None):
        yield f"tone {said.tone} without a trusted camera's credential, or not with one"
    hinted = hint_of(report.provenance) or broken_of(report.provenance)
    if calm and hinted and said.title.startswith(("No sign", "Inconclusive")):
        yield "a hint or broken credentials do not reach the headline"
    if low and said.title.startswith("No sign") and not re.search(r"found \d+ of 100 AI", shown["means"]):
        yield "a low verdict without what it is worth"
    if low and report.likeness is not None and report.likeness.family not in ("camera", "hand", "render"):
        yield f"no sign of AI, yet it resembles {report.likeness.family}"
    yield from _ranges(report)
    if report.score is not None:
        yield from _numbers(report.score, text, shown)


def _ranges(report: Report) -> Iterator[str]:
    for result in report.components.values():
        for name, usual in result.ranges.items():
            is_inside = usual.low <= result.metrics[name] <= usual.high
            if is_inside is usual.unusual:
                yield f"{name} lies {'inside' if is_inside else 'outside'} its range and is called otherwise"
            if usual.points_to_ai and not (usual.unusual and usual.ratio is not None and usual.ratio >= 2):
                yield f"{name} points to AI without a measured reason"


def _numbers(score: float, text: str, shown: dict[str, Any]) -> Iterator[str]:
    if band_title(whole(score)) != band_title(score):
        yield f"{score} is shown under another band"
    for number in map(int, re.findall(r"(\d+) of 100[,.](?! AI| genuine)", text)):
        if number != whole(score):
            yield f"{number} of 100 is said of a score of {score}"
    steady = shown["stability"]
    if steady is not None:
        answers = {band_title(one.score) for one in steady.strip}
        if (len(answers) == 1) is not ("stays the same" in steady.sentence):
            yield f"stability says otherwise than its {len(answers)} answers"


if __name__ == "__main__":
    sys.exit(main())
