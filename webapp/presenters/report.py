"""From a report to what a page shows: order, families, sentences around figures. No judgment of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from analysis.explain import words
from analysis.explain.headline import (
    LOW,
    broken_of,
    captured_by,
    certainty,
    evidence_of,
    false_alarm,
    headline,
    hint_of,
    light_detector,
    statement_of,
    whole,
)
from analysis.explain.rows import StabilityStrip, context_rows, file_rows, quality_rows, readings, stability
from analysis.explain.statements import told
from analysis.facts import Kind
from analysis.report import Finding, Grade, Pending, Report, Scoring, Verdict

from .clip import clip, coming, lenses, strongest

_PROMISES = {
    Verdict.STRONG_AI: "This band is set so that at most 1 in 100 genuine pictures lands in it.",
    Verdict.PROBABLE_AI: "Bands are set so that at most 5 in 100 genuine pictures land here or above.",
    Verdict.SUSPICIOUS: "Bands are set so that at most 15 in 100 genuine pictures land here or above.",
    Verdict.MOSTLY_REAL: "Bands are set so that at most half of genuine pictures land here or above.",
}
"""What the bands of the calibrated score promise (docs/specification.md); how well it was kept: the accuracy page."""
_MOST_REASONS = 3
_STEADYING = "How much the answer changes after common changes of the file is still being computed; it comes here."


@dataclass(frozen=True)
class Reason:
    """One of the reasons that stand on the first screens, with its icon; ``look``: the evidence map shows it."""

    icon: str
    text: str
    look: bool = False


def report(found: Report, lens_names: Collection[str], frame: int | None = None) -> dict[str, Any]:
    """Everything the report fragment shows; of a clip the lenses of that ``frame``, else of the strongest."""
    if found.timeline is None or frame is None or not 0 <= frame < len(found.timeline.frames):
        frame = None
    instruments = sorted(readings(found), key=lambda reading: (-(reading.result.score or -1.0), reading.title))
    said, steady = headline(found), stability(found)
    return {
        "data": found,
        "verdict": said,
        "means": said.means,
        # said by the summary too, for those who read it alone; a page shows it once
        "summary": found.summary.replace(words.RULES_CAUTION, "").strip(),
        "caution": words.RULES_CAUTION if found.scoring is Scoring.RULES and found.score is not None else None,
        "promise": promise(found),
        "certainty": certainty(found),
        "certainty_why": certainty_why(found, steady),
        "reasons": reasons(found, steady, lens_names),
        "readings": instruments,
        "has_ranges": any(result.ranges for result in found.components.values()),
        "rules": sorted((r for r in instruments if r.evidence), key=lambda r: -r.strongest),
        "lenses": lenses(found, lens_names, frame),
        "frame": strongest(found) if frame is None else frame,
        "chosen": frame is not None,
        "searchable": found.kind is Kind.IMAGE and found.verdict is not Verdict.PROVEN_AI,
        "has_picture": "original" in lens_names,
        "has_map": "original" in lens_names and "evidence" in lens_names,
        "clip": clip(found, lens_names),
        "quality": quality_rows(found),
        "stability": steady,
        "media": file_rows(found),
        "context": context_rows(found),
        "told": told(found),
        "plain": plain_summary(found),
        "pending": words.parts(found.pending) if found.pending else None,
        "is_measuring": Pending.MEASUREMENTS in found.pending,
        "is_steadying": Pending.STABILITY in found.pending,
        "coming": coming(found, lens_names),
        "incomplete": incomplete(found),
    }


def promise(found: Report) -> str | None:
    """What the band of the score promises, where the score is calibrated and not overruled by the file's own word."""
    if found.scoring is not Scoring.CALIBRATED or found.score is None or found.kind is Kind.VIDEO:
        return None
    by_score = next(verdict for least, verdict in words.BANDS if found.score >= least)
    return _PROMISES.get(found.verdict) if by_score is found.verdict else None


def certainty_why(found: Report, steady: StabilityStrip | None) -> str | None:
    """What stands behind the word for the confidence: how often such answers were right, and what lowers it."""
    if (
        found.scoring is not Scoring.CALIBRATED
        or found.score is None
        or found.confidence is None
        or (found.kind is Kind.VIDEO and light_detector(found) is not None)  # few clips were measured with it
    ):
        return None
    tenths = int(found.confidence // 10)
    often = "9 of 10 or more" if tenths >= 9 else f"about {tenths} of 10" if tenths >= 2 else "less than 2 of 10"
    changes = "; it changes with small changes of the file" if steady is not None and steady.varies else ""
    return f"{often} such answers were right in tests{changes}"


def reasons(found: Report, steady: StabilityStrip | None, lens_names: Collection[str]) -> list[Reason]:
    """What the verdict rests on, at most three: the file's own word, the detector's answer, how steady it is, where."""
    if found.scoring is not Scoring.CALIBRATED:
        return []
    told = [
        Reason("alert" if one.grade is Grade.HINT else "seal", one.sentence)
        for one in (statement_of(found.provenance), _open(found))
        if one is not None
    ][:1]
    if found.score is not None:
        told.append(Reason("scale", f"{_answer(found.score)} {false_alarm(found)}".strip()))
    if steady is not None and steady.varies:
        told.append(Reason("split", steady.sentence))
    if found.likeness is not None:
        told.append(Reason("lens", found.likeness.sentence))
    if found.score is not None and "evidence" in lens_names:
        told.append(
            Reason("aperture", "The evidence map shows the regions that the detector's answer rests on.", look=True)
        )
    if steady is not None and not steady.varies:
        told.append(Reason("wave", steady.sentence))
    if Pending.STABILITY in found.pending:
        told.append(Reason("clock", _STEADYING))
    return told[:_MOST_REASONS]


def incomplete(found: Report) -> str | None:
    """That parts of the report could not be computed after the answer stood, and why."""
    lost = found.incomplete
    if lost is None:
        return None
    return f"The answer stands, but {words.parts(lost.parts)} could not be computed. {lost.message}"


def _open(found: Report) -> Finding | None:
    """What else of the file's own word belongs beside the verdict."""
    said = found.provenance
    return captured_by(said) or hint_of(said) or broken_of(said)


def _answer(score: float) -> str:
    if score < 30:
        return f"The detector gives it {whole(score)} of 100, below the 30 from which it speaks of AI."
    return f"The detector gives it {whole(score)} of 100."


def plain_summary(found: Report) -> str:
    """The report in plain sentences, to be copied into a message or an article."""
    said = headline(found)
    lines = [f"Verdict: {said.title}.", said.means if found.verdict in LOW else ""]
    if found.score is not None:
        sure = certainty(found)
        so_far = " so far" if Pending.STABILITY in found.pending else ""
        lines.append(f"Score {whole(found.score)} of 100" + (f", {sure} confidence{so_far}." if sure else "."))
    lines += [found.summary, false_alarm(found)]
    lines += [f"The file says: {one.sentence}" for one in found.provenance if one.meaning is not None
              and one.sentence not in found.summary]  # fmt: skip
    lines += [f"Evidence: {piece.sentence}" for piece in evidence_of(found)[:3]]
    lines += [incomplete(found) or "", found.recommendation, found.disclaimer]
    version = found.engine.get("analysis", "")
    lines.append(f"AI Media Detector {version}, file SHA-256 {found.sha256}.")
    return "\n".join(line for line in lines if line)
