"""What the page of a report says, read as text, and which of its sentences deny each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise

from analysis.explain.headline import LOW, OPEN, band_title, broken_of, captured_by, hint_of, whole
from analysis.report import Report, Scoring, Verdict

NEVER = (
    "speaks for AI",
    "families of measurements speak",
    "what cameras usually leave",
    "Heavily compressed",
    "photographed document",
    "Mostly real",
    "Consistent with real",
    "nothing sets it apart",
    "does not turn the verdict",
    "authentic",
)
"""What no page of a calibrated report may say, in any letter case."""
WITHIN = {60: 10, 45: 50, 30: 150, 18: 500}
"""Of 1,000 genuine pictures, how many may look at least as AI-like as a score of that band: what the bands promise."""
_BLOCK = re.compile(
    "article|section|header|p|h[1-4]|li|[oud]l|d[td]|div|table|t[rdh]|caption|details|summary|figure|figcaption|form|"
    "fieldset|legend|label|button|nav|option|textarea"
)
_UNSEEN = frozenset(("script", "style", "template", "svg", "head"))


class _Lines(HTMLParser):
    """The text of a page, a line for each block, without what no one sees; what a file says of itself is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self.tones: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _UNSEEN or (tag == "bdi"):
            self._hidden.append(tag)
        if _BLOCK.fullmatch(tag):
            self.lines.append("")
        if "verdict" in (classes := (given.get("class") or "").split()) and tag == "section":
            self.tones += [one.removeprefix("tone-") for one in classes if one.startswith("tone-")]
        if tag == "article" and given.get("data-tone"):
            self.tones.append(given["data-tone"] or "")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and tag == self._hidden[-1]:
            self._hidden.pop()
        if _BLOCK.fullmatch(tag):
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.lines[-1] += data


@dataclass(frozen=True)
class Said:
    """The lines of a page in their order, and the tone of its headline."""

    lines: tuple[str, ...]
    tone: str

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    @property
    def title(self) -> str:
        """The headline: what follows the word "Verdict" or the file's name, and precedes its sentence."""
        return self.lines[0]

    def between(self, start: str, *ends: str) -> list[str]:
        """The lines from one heading to the next of these."""
        if start not in self.lines:
            return []
        rest = self.lines[self.lines.index(start) + 1 :]
        return list(rest[: next((at for at, line in enumerate(rest) if line in ends), len(rest))])


def read(html: str) -> Said:
    """What a person reads on the page, from its headline on."""
    parser = _Lines()
    parser.feed(html)
    lines = [" ".join(line.split()) for line in parser.lines]
    heading = re.search(r'<h[12] id="(?:r1-)?verdict">(.*?)</h[12]>', html, re.DOTALL)
    if heading is None:
        raise ValueError("the page has no verdict")
    named = _Lines()
    named.feed(heading[1])
    title = " ".join(" ".join(named.lines).split())
    kept = [line for line in lines if line]
    return Said(tuple(kept[kept.index(title) :]), parser.tones[0] if parser.tones else "")


def contradictions(report: Report, html: str) -> Iterator[str]:
    """Each sentence of the page that another part of it, or what was measured, denies."""
    said = read(html)
    yield from _headline(report, said)
    if report.scoring is Scoring.CALIBRATED:
        yield from (f"says “{words}”" for words in NEVER if words.lower() in said.text.lower())
        yield from _reasons(report, said)
        yield from _ranges(said)
    if report.score is not None:
        yield from _numbers(report, report.score, said)
        yield from _stability(said)
    elif re.search(r"\bScore \d|\d of 100\b(?! AI| genuine| of )", said.text.partition("What this does not show")[0]):
        yield "a number is shown of what has no score"


def _headline(report: Report, said: Said) -> Iterator[str]:
    low = report.verdict in LOW
    calm = low or report.verdict is Verdict.INCONCLUSIVE
    if (said.tone == "real") is not (calm and captured_by(report.provenance) is not None):
        yield f"tone {said.tone} without a trusted camera's credential, or not with one"
    hinted = hint_of(report.provenance) or broken_of(report.provenance)
    if calm and hinted and said.title.startswith(("No sign", "Inconclusive")):
        yield "a hint or broken credentials do not reach the headline"
    is_measured = report.scoring is Scoring.CALIBRATED and low and said.title.startswith("No sign")
    if is_measured and not re.search(r"found (?:\d+|hardly any) of 100 AI", said.text):
        yield "a low verdict without what it is worth"


def _reasons(report: Report, said: Said) -> Iterator[str]:
    """Whether the reasons speak for the verdict above them."""
    end = ("What the file says of itself", "Over time", "Look for yourself", "What this does not show", "Seen before")
    reasons = said.between("The reasons", *end) or said.between("The reason", *end)
    if len(reasons) > 3:
        yield f"{len(reasons)} reasons"
    text = " ".join(reasons)
    low, high = said.title.startswith("No sign"), report.verdict in (Verdict.PROBABLE_AI, Verdict.STRONG_AI)
    below = "below the 30 from which it speaks of AI" in text
    if (low or high) and report.score is not None and below is not (report.score < 30):
        yield "the reason names another side of 30 than the score"
    if report.likeness is not None and report.likeness.sentence in text:
        is_made = report.likeness.family not in ("camera", "hand", "render")
        if low and is_made:
            yield f"no sign of AI, yet it resembles {report.likeness.family}"
        if high and not is_made:
            yield f"AI, yet it resembles {report.likeness.family}"


_ROW = re.compile(r"^(?P<value>N).*?usual (?P<low>N) to (?P<high>N)(?P<rest>.*)$".replace("N", r"[−\d.,e+-]+"))


def _number(shown: str) -> float:
    return float(shown.replace(",", "").replace("−", "-").rstrip("."))


def _ranges(said: Said) -> Iterator[str]:
    """Each measurement as it is shown: outside of its usual range, and called so, or neither."""
    for line in said.lines:
        row = _ROW.match(line)
        if row is None:
            continue
        value, low, high = (_number(row[part]) for part in ("value", "low", "high"))
        is_called = "unusual" in row["rest"] or "points to AI" in row["rest"]
        if value in (low, high):
            continue  # as far as it is shown it lies on the border
        if (low < value < high) is is_called:
            yield f"“{line}”: it lies {'inside' if low < value < high else 'outside'}, and is called otherwise"
        ratio = re.search(r"points to AI: ([\d.]+) times", row["rest"])
        if ratio and float(ratio[1]) < 2:
            yield f"“{line}”: that points to nothing"


def _numbers(report: Report, score: float, said: Said) -> Iterator[str]:
    if band_title(whole(score)) != band_title(score):
        yield f"{score} is shown under another band"
    for found in re.findall(r"(?:gives it|Score|The score is) (\d+) of 100", said.text):
        if int(found) != whole(score):
            yield f"{found} of 100 is said of a score of {score}"
    for found in re.findall(r"^(\d+) of 100$", said.text, re.MULTILINE):
        if int(found) != whole(score):
            yield f"{found} of 100 stands beside a score of {score}"
    rate = re.search(r"Of 1,000 genuine \w+ like this one, ([\d,]+|hardly any) looks? (?:at least )?this", said.text)
    band = next((least for least in WITHIN if score >= least), None)
    if rate and rate[1] != "hardly any" and band is not None and _number(rate[1]) > WITHIN[band]:
        yield f"{rate[1]} of 1,000 genuine pictures look like that, more than its band promises"
    if (
        report.verdict not in OPEN
        and score < 30
        and re.search(r"Confidence:?\s(low|medium|high|\d)", said.text, re.IGNORECASE)
    ):
        yield "the confidence of a low score stands under a verdict that the file's own word has raised"
    sure = re.search(r"Confidence: (\d+) ?%", said.text)
    word = re.search(r"Confidence:?\s(low|medium|high)", said.text, re.IGNORECASE)
    if sure and word and word[1].lower() != _certainty(int(sure[1])):
        yield f"a confidence of {sure[1]} % is called {word[1].lower()}"


def _certainty(percent: int) -> str:
    return "high" if percent >= 80 else "medium" if percent >= 60 else "low"


def _stability(said: Said) -> Iterator[str]:
    """The sentence about steadiness against the table under it, and each number of that against its band."""
    told = next((line for line in said.lines if line.startswith("After common changes of the file")), None)
    part = said.between("How steady the score is", "How much the file still shows", "The measurements")
    if told is None or "Band" not in part:
        return
    cells = part[part.index("Band") + 1 :]
    rows = [(int(a), b) for a, b in pairwise(cells) if a.isdigit() and not b.isdigit()]
    for number, band in rows:
        if band_title(number) != band:
            yield f"{number} stands beside “{band}”"
    scores, bands = [number for number, _ in rows], {band for _, band in rows}
    if (len(bands) == 1) is not ("the answer stays the same" in told):
        yield f"stability says otherwise than its {len(bands)} answers"
    said_of = re.search(r"scores from (\d+) to (\d+)", told)
    if scores and said_of and [min(scores), max(scores)] != [int(said_of[1]), int(said_of[2])]:
        yield f"stability speaks of {said_of[0]}, its table of {min(scores)} to {max(scores)}"
