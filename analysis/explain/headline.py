"""What a report says first: one set of words for pages, cards, command and summaries. Nothing heavy is imported.

The verdict in the JSON is the band of the score or what a finding decides. The headline says it, and three things that
leave the score alone: what a low score is worth, a trusted camera's credential, and what the file itself hints at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..facts import Kind
from ..report import Evidence, Finding, Grade, Meaning, Report, Scoring, Verdict
from .scale import AI_BAND, AI_FROM, BANDS, PROBABLE_FROM, band
from .words import PART, REFUSED, VERDICTS, VerdictWords, verdict_words

LOW = (Verdict.MOSTLY_REAL, Verdict.CONSISTENT_WITH_REAL)
"""The verdicts of scores that do not speak of AI: no sign of it was found."""
_BY_THE_FILE = (Verdict.PROVEN_AI, Verdict.AI_EDITED)
OPEN = (*LOW, Verdict.INCONCLUSIVE)
"""The verdicts whose headline gives way to what the file itself says."""
_BROKEN = {
    "content": "The file was changed after signing",
    "credentials": "They do not match their own signature",
    "incomplete": "Parts of them are missing",
}
_LIGHT = "light"  # how the version of the detector begins that ships with the engine
_MEDIUM, _HIGH = 60.0, 80.0  # percent of confidence from which it is called so


def headline(report: Report) -> VerdictWords:
    """Title, icon, tone and meaning of a report; a refused file has no verdict, and is not called inconclusive."""
    if report.error is not None:
        return REFUSED
    said = verdict_words(report.verdict, report.kind)
    said = replace(said, means=_stated(report) or detection_rate(report) or report.abstained or said.means)
    if report.timeline is not None and report.timeline.part and report.verdict not in _BY_THE_FILE:
        return replace(said, title=PART.title, icon=PART.icon, means=PART.means, does_not_show=PART.does_not_show)
    if report.verdict not in OPEN:
        return signed_words(said, report)
    thing = "clip" if report.kind is Kind.VIDEO else "picture"
    if captured_by(report.provenance) is not None:
        return replace(
            said,
            title="Captured by a camera, says its signer",
            icon="seal",
            tone="real",
            means="Intact Content Credentials of a trusted signer say so. That is the signer's word; it does not show "
            "what stood before the lens.",
        )
    if (hint := hint_of(report.provenance)) is not None:
        return replace(said, title=_title_of(hint), icon="wave", tone="mixed", means=_means_of(hint, report, thing))
    if (broken := broken_of(report.provenance)) is not None:
        why = _BROKEN.get(str(broken.detail.get("fault")), "They do not fit this file")
        return replace(
            said,
            title="Content Credentials are broken",
            icon="alert",
            tone="mixed",
            means=f"{why}, so nothing they say is relied on. That alone does not make it AI.",
        )
    return said


def signed_words(said: VerdictWords, report: Report) -> VerdictWords:
    """Who signed that AI made it, before all else, where a verified signer's credentials decide."""
    stated = statement_of(report.provenance)
    if (
        report.verdict is not Verdict.PROVEN_AI
        or stated is None
        or stated.family != "c2pa"
        or stated.grade is not Grade.SIGNED
    ):
        return said
    manifest = stated.detail.get("manifest") or {}
    issuer = str(manifest.get("issuer") or manifest.get("signer") or "a verified signer")[:60]
    with_what = f" with {stated.generator.partition(' (')[0]}" if stated.generator else " by AI"
    trusted = str(stated.detail.get("trust_words") or "").strip()
    return replace(
        said,
        title=f"Signed by {issuer}: made{with_what}",
        means=f"Its Content Credentials say so, and nothing was changed since they were signed. {trusted}".strip(),
    )


def detection_rate(report: Report) -> str | None:
    """What a low verdict is worth, in the shipped figures that the report carries; None for others and without them."""
    if report.verdict not in LOW:
        return None
    found = report.measured.generated_at_or_above.get(AI_BAND) if report.measured is not None else None
    if found is None:
        return None
    things = "clips" if report.kind is Kind.VIDEO else "pictures"
    share = round(100 * found)
    return f"In tests it found {share} of 100 AI {things} like this one; it missed the other {100 - share}."


def false_alarm(report: Report) -> str:
    """The conformal p-value in words; empty where there is none."""
    rate, things = report.false_alarm_rate, "clips" if report.kind is Kind.VIDEO else "pictures"
    if rate is None:
        return ""
    if rate < 0.0015:
        return f"Of 1,000 genuine {things} like this one, hardly any looks this AI-like."
    return f"Of 1,000 genuine {things} like this one, {round(1000 * rate)} look at least this AI-like."


def statement_of(findings: Sequence[Finding]) -> Finding | None:
    """The finding that speaks of AI, a signed one or a watermark first; hints are none."""
    spoken = (Meaning.GENERATED, Meaning.EDITED)
    stated = [one for one in findings if one.grade is not Grade.HINT and one.meaning in spoken]
    return next((one for one in stated if one.grade is not Grade.DECLARED), stated[0] if stated else None)


def _stated(report: Report) -> str | None:
    """What the file itself states, where that decides or joins what the score says."""
    stated = statement_of(report.provenance)
    if stated is None:
        return None
    if report.verdict in (Verdict.PROVEN_AI, Verdict.AI_EDITED):
        return stated.sentence
    if report.verdict in (Verdict.PROBABLE_AI, Verdict.STRONG_AI):
        by_score = report.score is not None and report.score >= PROBABLE_FROM
        so = ", and its score says so too" if by_score else ""
        return f"The file itself says that AI made it{so}; such a statement can be forged."
    return None


def captured_by(findings: Sequence[Finding]) -> Finding | None:
    """An intact capture credential of a trusted signer: the only thing a headline is green for."""
    return next(
        (
            one
            for one in findings
            if one.grade is Grade.SIGNED and one.meaning is Meaning.CAPTURED and one.detail.get("trust") == "trusted"
        ),
        None,
    )


def hint_of(findings: Sequence[Finding]) -> Finding | None:
    """A hint at a generator: damaged traces of its watermark first, then text in the form that it writes."""
    hints = [
        one
        for one in findings
        if one.grade is Grade.HINT and one.generator and one.meaning in (Meaning.GENERATED, None)
    ]
    return next((one for one in hints if one.family == "watermark"), hints[0] if hints else None)


def broken_of(findings: Sequence[Finding]) -> Finding | None:
    """Credentials that do not match the file."""
    return next((one for one in findings if one.meaning is None and one.detail.get("state") == "broken"), None)


def _title_of(hint: Finding) -> str:
    if hint.family == "watermark":
        return f"Traces of {_whose(hint.generator or '')} watermark, too damaged to prove"
    return f"A hint at {hint.generator}, no proof"


def _whose(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _means_of(hint: Finding, report: Report, thing: str) -> str:
    what = (
        "Far more of the watermark is there than chance gives, but less than its proof asks for."
        if hint.family == "watermark"
        else "The file holds text in the form that this program writes; anyone can copy such text."
    )
    seen = "could not be scored" if report.score is None else "shows no other sign of AI"
    return f"{what} The {thing} itself {seen}."


def evidence_of(report: Report) -> list[Evidence]:
    """The rules' evidence, strongest first. In calibrated scoring none: its ranges were set by hand, not measured."""
    if report.scoring is not Scoring.RULES:
        return []
    pieces = [piece for result in report.components.values() for piece in result.evidence]
    return sorted(pieces, key=lambda piece: -piece.strength)


def whole(score: float) -> int:
    """A score as it is shown: rounded down, so that no number is ever shown above the band that it lies in.

    >>> whole(29.8), whole(30.0)
    (29, 30)
    """
    return math.floor(score)


def band_title(score: float) -> str:
    """How the band of a score is called."""
    return VERDICTS[band(score)].title


def rank(report: Report) -> float:
    """Where a report stands in a list, the most AI-like first.

    The score, but not below the band of its verdict where the file's own word has raised that; above all scores where
    the file proves it, below all where there is no score.
    """
    if report.verdict is Verdict.PROVEN_AI:
        return 101.0
    raised = {verdict: least for least, verdict in BANDS} | {Verdict.AI_EDITED: PROBABLE_FROM}
    return max(-1.0 if report.score is None else report.score, raised.get(report.verdict, -1.0))


def light_detector(report: Report) -> str | None:
    """Say that the light detector answered, which ships with the engine; None where another did, or the rules."""
    if report.scoring is not Scoring.CALIBRATED or report.engine.get("detector", "").partition(",")[0] != _LIGHT:
        return None
    return "The light detector answered: the larger network could not be used on the server at that time."


def is_overruled(report: Report) -> bool:
    """Whether the file's own word says AI where the score says nothing of it."""
    return report.score is not None and report.score < AI_FROM and report.verdict not in OPEN


def certainty(report: Report) -> str | None:
    """The confidence in a word: low, medium or high; None where there is no score, or the verdict is not the score's.

    It is measured of the side that the score takes: under a verdict of the other side it would deny that.
    """
    confidence = report.confidence
    if confidence is None or report.score is None or is_overruled(report):
        return None
    return "high" if confidence >= _HIGH else "medium" if confidence >= _MEDIUM else "low"


def steadiness(scores: Sequence[float]) -> str:
    """What the same file's scores after common changes say, from all bands and the exact numbers."""
    low, high = min(scores), max(scores)
    if band_title(low) == band_title(high):
        return (
            f"After common changes of the file it scores from {whole(low)} to {whole(high)}: the answer stays the same."
        )
    return (
        f"After common changes of the file it scores from {whole(low)} to {whole(high)}, from “{band_title(low)}” to "
        f"“{band_title(high)}”: do not lean on one of these answers."
    )
