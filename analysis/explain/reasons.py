"""What a report rests on, in at most three reasons, what stands around its score, and what it does not show."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..facts import Kind
from ..report import Finding, Grade, Pending, Report, Scoring, Verdict
from .headline import (
    broken_of,
    captured_by,
    false_alarm,
    headline,
    hint_of,
    is_overruled,
    light_detector,
    statement_of,
    whole,
)
from .rows import Rows, StabilityStrip
from .scale import AI_FROM, band
from .statements import file_statements
from .words import parts

PROMISES = {
    Verdict.STRONG_AI: "This band is set so that at most 1 in 100 genuine pictures lands in it.",
    Verdict.PROBABLE_AI: "Bands are set so that at most 5 in 100 genuine pictures land here or above.",
    Verdict.SUSPICIOUS: "Bands are set so that at most 15 in 100 genuine pictures land here or above.",
    Verdict.MOSTLY_REAL: "Bands are set so that at most half of genuine pictures land here or above.",
}
"""What the bands of the calibrated score promise (docs/specification.md); how well it was kept: the accuracy page."""
LIMITS = {
    Kind.IMAGE: (
        ("Who and why.", "No measurement shows who made a picture, when, or whether its caption is true."),
        ("Truth.", "A genuine picture can mislead, and an edited one can be harmless."),
    ),
    Kind.VIDEO: (
        ("Who and why.", "No measurement shows who made a clip, when, or whether its caption is true."),
        ("Truth.", "A genuine clip can mislead, and an edited one can be harmless."),
    ),
}
NO_PROVENANCE = (
    "No provenance.",
    "The file says nothing of its origin. Most files do not; it means nothing either way.",
)
_MOST_REASONS = 3
_STEADYING = "How much the answer changes after common changes of the file is still being computed; it comes here."


@dataclass(frozen=True)
class Reason:
    """One of the reasons that stand on the first screens, with its icon; ``look``: the evidence map shows it."""

    icon: str
    text: str
    look: bool = False


def promise(found: Report) -> str | None:
    """What the band of the score promises, where the score is calibrated and not overruled by the file's own word."""
    if found.scoring is not Scoring.CALIBRATED or found.score is None or found.kind is Kind.VIDEO:
        return None
    return PROMISES.get(found.verdict) if band(found.score) is found.verdict else None


def certainty_why(found: Report, steady: StabilityStrip | None) -> str | None:
    """What stands behind the word for the confidence: how often such answers were right, and what lowers it."""
    if (
        found.scoring is not Scoring.CALIBRATED
        or found.score is None
        or found.confidence is None
        or (found.kind is Kind.VIDEO and light_detector(found) is not None)  # few clips were measured with it
        or is_overruled(found)
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
    given = [
        Reason("alert" if one.grade is Grade.HINT else "seal", one.sentence)
        for one in (statement_of(found.provenance), _open(found))
        if one is not None
    ][:1]
    if found.score is not None:
        given.append(Reason("scale", f"{_answer(found.score)} {false_alarm(found)}".strip()))
    if steady is not None and steady.varies:
        given.append(Reason("split", steady.sentence))
    if found.likeness is not None and not is_overruled(found):  # it is on the side of the score
        given.append(Reason("lens", found.likeness.sentence))
    if found.score is not None and "evidence" in lens_names:
        given.append(
            Reason("aperture", "The evidence map shows the regions that the detector's answer rests on.", look=True)
        )
    if steady is not None and not steady.varies:
        given.append(Reason("wave", steady.sentence))
    if Pending.STABILITY in found.pending:
        given.append(Reason("clock", _STEADYING))
    return given[:_MOST_REASONS]


def limits(found: Report) -> Rows:
    """What a report does not show: title and sentence."""
    unsaid = [] if file_statements(found).statements else [NO_PROVENANCE]
    return [("The verdict.", headline(found).does_not_show), *unsaid, *LIMITS[found.kind or Kind.IMAGE]]


def incomplete(found: Report) -> str | None:
    """That parts of the report could not be computed after the answer stood, and why."""
    lost = found.incomplete
    if lost is None:
        return None
    return f"The answer stands, but {parts(lost.parts)} could not be computed. {lost.message}"


def _open(found: Report) -> Finding | None:
    """What else of the file's own word belongs beside the verdict."""
    said = found.provenance
    return captured_by(said) or hint_of(said) or broken_of(said)


def _answer(score: float) -> str:
    if score < AI_FROM:
        return f"The detector gives it {whole(score)} of 100, below the {AI_FROM:g} from which it speaks of AI."
    return f"The detector gives it {whole(score)} of 100."
