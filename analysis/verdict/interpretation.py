"""From a score and the file's own statements to a verdict, the sentences that explain it, and what to do next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from ..explain.headline import LOW, band_title, broken_of, captured_by, hint_of, whole
from ..explain.scale import band
from ..explain.words import RULES_CAUTION, VERDICTS
from ..facts import Kind
from ..report import Context, Finding, Grade, Meaning, Scoring, Verdict
from . import Scored

_DECIDING = (
    # What the file says of itself, the strongest first; hints are never among it, and neither is absence.
    ({Grade.SIGNED, Grade.WATERMARK}, Meaning.GENERATED, Verdict.PROVEN_AI),
    ({Grade.SIGNED, Grade.WATERMARK}, Meaning.EDITED, Verdict.AI_EDITED),
    ({Grade.DECLARED}, Meaning.GENERATED, Verdict.PROBABLE_AI),
    ({Grade.DECLARED}, Meaning.EDITED, Verdict.AI_EDITED),
)

_FAMILIES = {"c2pa": "its Content Credentials", "watermark": "a watermark in it"}

_FIND_OUT = (
    "look for the earliest copy, ask its source for the original file, and check whether the story holds without it."
)
_KEEP = "Keep this very file: copies and screenshots usually lose what it says of itself."
_ADVICE = {
    Verdict.PROVEN_AI: f"Treat it as made by AI unless its publisher shows otherwise. {_KEEP}",
    Verdict.AI_EDITED: f"Ask for the unedited original and find out what was changed. {_KEEP}",
    Verdict.STRONG_AI: f"Before relying on this {{thing}}, {_FIND_OUT}",
    Verdict.PROBABLE_AI: f"Before relying on this {{thing}}, {_FIND_OUT}",
    Verdict.SUSPICIOUS: f"Keep both readings open; {_FIND_OUT}",
    Verdict.MOSTLY_REAL: f"A low score clears no {{thing}}. Where much depends on it, {_FIND_OUT}",
    Verdict.CONSISTENT_WITH_REAL: f"A low score clears no {{thing}}. Where much depends on it, {_FIND_OUT}",
    Verdict.INCONCLUSIVE: f"Try the original file or a larger copy. Where much depends on it, {_FIND_OUT}",
}
_ADVICE_ON_DECLARED = (
    "Check whether that statement fits what else is known, since anyone can write or remove it. "
    f"Before relying on this {{thing}}, {_FIND_OUT}"
)


class Interpretation(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict, the sentences that explain it, and what to do next."""

    verdict: Verdict
    summary: str
    recommendation: str


def interpret(
    scored: Scored, context: Context, findings: Sequence[Finding], *, kind: Kind = Kind.IMAGE
) -> Interpretation:
    """Conclude from the score and from what the file says of itself.

    Signed statements and watermarks of AI decide; a bare declaration of AI gives at least "probable"; AI editing is a
    verdict of its own. Nothing a file says, and nothing it leaves out, lowers what the score says. Without a score and
    without such a statement the answer is inconclusive.
    """
    by_score = verdict_of(scored.score)
    deciding, verdict = decide(findings, by_score)
    sentences = [*_stated(deciding, verdict, by_score), *_captured(findings, by_score), *_hinted(deciding, findings)]
    thing = "clip" if kind is Kind.VIDEO else "picture"
    sentences += _scored(scored, context, by_score, thing, decided=deciding is not None)
    declared = deciding is not None and deciding.grade is Grade.DECLARED and deciding.meaning is Meaning.GENERATED
    advice = _ADVICE_ON_DECLARED if declared else _ADVICE[verdict]
    return Interpretation(verdict=verdict, summary=" ".join(sentences), recommendation=advice.format(thing=thing))


def verdict_of(score: float | None) -> Verdict:
    """The band a score falls in; without one, inconclusive."""
    return Verdict.INCONCLUSIVE if score is None else band(score)


def decide(findings: Collection[Finding], by_score: Verdict) -> tuple[Finding | None, Verdict]:
    """The finding that decides, if one does, and the verdict."""
    for grades, meaning, verdict in _DECIDING:
        for finding in findings:
            if finding.grade in grades and finding.meaning is meaning:
                # "at least probable": a score that says more keeps its word
                at_least = verdict is Verdict.PROBABLE_AI and by_score is Verdict.STRONG_AI
                return finding, by_score if at_least else verdict
    return None, by_score


def _stated(finding: Finding | None, verdict: Verdict, by_score: Verdict) -> Iterator[str]:
    """What the deciding finding says, and how far it goes."""
    if finding is None:
        return
    if verdict is Verdict.AI_EDITED:
        yield f"AI-edited, says {_who(finding)}."
    yield finding.sentence
    if finding.meaning is Meaning.GENERATED and finding.grade is Grade.DECLARED:
        yield f"That makes the verdict at least “{VERDICTS[Verdict.PROBABLE_AI].title}”."
    elif verdict is not by_score:
        yield "This decides the verdict; the score does not."


def _who(finding: Finding) -> str:
    return finding.generator or _FAMILIES.get(finding.family, "the file itself")


def _captured(findings: Sequence[Finding], by_score: Verdict) -> Iterator[str]:
    """An intact, trusted capture credential: what its signer claims, no more."""
    finding = captured_by(findings)
    if finding is not None:
        yield finding.sentence
        yield "That is what the signer claims; it does not show what stood before the lens."
        if by_score in (Verdict.STRONG_AI, Verdict.PROBABLE_AI):
            yield "The score points the other way: weigh both."


def _hinted(deciding: Finding | None, findings: Sequence[Finding]) -> Iterator[str]:
    """What proves nothing but is no silence either: a hint at a generator, credentials that do not match."""
    hint = hint_of(findings) if deciding is None else None
    for finding in (hint, broken_of(findings)):
        if finding is not None:
            yield finding.sentence


def _scored(scored: Scored, context: Context, by_score: Verdict, thing: str, *, decided: bool) -> Iterator[str]:
    """What the score says, what it rests on, and how little that may be."""
    if scored.score is None:
        why = f": {scored.abstained.rstrip('.')}" if scored.abstained else ""
        yield f"The {thing} itself was not scored{why}."
        return
    if by_score in LOW:
        yield f"The score by itself, {whole(scored.score)} of 100, shows no sign of AI."
    else:
        yield f"The score is {whole(scored.score)} of 100, in the band “{band_title(scored.score)}”."
    if not decided and scored.scoring is Scoring.RULES:
        yield from _evidence_sentence(scored)
        yield from _context_sentence(context, thing)
    if scored.scoring is Scoring.RULES:
        yield RULES_CAUTION
    yield from scored.told


def _evidence_sentence(scored: Scored) -> Iterator[str]:
    families = list(dict.fromkeys(piece.component for piece in sorted(scored.evidence, key=lambda e: -e.strength)))
    if not families:
        yield "No reading lies outside what cameras usually give."
        return
    count = len(scored.evidence)
    readings = "One reading lies" if count == 1 else f"{count} readings lie"
    named = families[0] if len(families) == 1 else f"{', '.join(families[:2][:-1])} and {families[:2][-1]}"
    among = "in" if len(families) <= 2 else "the strongest in"
    yield f"{readings} outside what cameras usually give, {among} {named}."


def _context_sentence(context: Context, thing: str) -> Iterator[str]:
    told = [
        word
        for holds, word in (
            (context.is_heavily_compressed, "compressed"),
            (context.is_small, "small"),
            (context.is_document_photo, "shaped like a photographed document"),
        )
        if holds
    ]
    if told:
        listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
        yield f"The {thing} is {listed}: that hides traces, so score and confidence are held down."
