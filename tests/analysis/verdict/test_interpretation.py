"""The verdict's bands, the precedence of what a file says of itself, and the words."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from typing import Any

import pytest

from analysis.explain.scale import BANDS
from analysis.explain.words import LENSES, VERDICTS, verdict_words
from analysis.facts import Kind
from analysis.report import Context, Evidence, Finding, Grade, Meaning, Scoring, Verdict
from analysis.verdict import Scored
from analysis.verdict.interpretation import Interpretation, interpret, verdict_of
from analysis.verdict.rules import table as rule_table

PLAIN = Context(width=1200, height=800)


def scored(score: float | None, scoring: Scoring = Scoring.RULES, **more: Any) -> Scored:
    return Scored(score=score, confidence=None if score is None else 50.0, components={}, scoring=scoring, **more)


def finding(grade: Grade, meaning: Meaning | None, generator: str | None = None, **detail: object) -> Finding:
    sentence = f"A {grade} statement says {meaning}."
    return Finding(family="c2pa", grade=grade, meaning=meaning, sentence=sentence, generator=generator, detail=detail)


def verdict(score: float | None, *findings: Finding) -> Verdict:
    return interpret(scored(score), PLAIN, findings).verdict


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (100, Verdict.STRONG_AI),
        (60, Verdict.STRONG_AI),
        (59.99, Verdict.PROBABLE_AI),
        (45, Verdict.PROBABLE_AI),
        (44.99, Verdict.SUSPICIOUS),
        (30, Verdict.SUSPICIOUS),
        (29.99, Verdict.MOSTLY_REAL),
        (18, Verdict.MOSTLY_REAL),
        (17.99, Verdict.CONSISTENT_WITH_REAL),
        (0, Verdict.CONSISTENT_WITH_REAL),
        (None, Verdict.INCONCLUSIVE),
    ],
)
def test_bands(score: float | None, expected: Verdict) -> None:
    assert verdict_of(score) is expected
    assert verdict(score) is expected


@pytest.mark.parametrize("score", [None, 3, 25, 40, 50, 95])
@pytest.mark.parametrize("grade", [Grade.SIGNED, Grade.WATERMARK])
def test_signed_and_watermarked_decide_alone(score: float | None, grade: Grade) -> None:
    assert verdict(score, finding(grade, Meaning.GENERATED)) is Verdict.PROVEN_AI
    assert verdict(score, finding(grade, Meaning.EDITED)) is Verdict.AI_EDITED


@pytest.mark.parametrize(
    ("score", "expected"),
    [(None, Verdict.PROBABLE_AI), (3, Verdict.PROBABLE_AI), (50, Verdict.PROBABLE_AI), (80, Verdict.STRONG_AI)],
)
def test_declared_generated_gives_at_least_probable(score: float | None, expected: Verdict) -> None:
    assert verdict(score, finding(Grade.DECLARED, Meaning.GENERATED)) is expected


def test_declared_edited_is_ai_edited_and_names_who_says_so() -> None:
    found = interpret(scored(12), PLAIN, [finding(Grade.DECLARED, Meaning.EDITED, "Magic Eraser")])
    assert found.verdict is Verdict.AI_EDITED
    assert found.summary.startswith("AI-edited, says Magic Eraser. ")
    nameless = interpret(scored(12), PLAIN, [finding(Grade.SIGNED, Meaning.EDITED)])
    assert nameless.summary.startswith("AI-edited, says its Content Credentials. ")


def test_the_stronger_grade_goes_first_whatever_the_order() -> None:
    signed_edit, declared = finding(Grade.SIGNED, Meaning.EDITED), finding(Grade.DECLARED, Meaning.GENERATED)
    assert verdict(70, declared, signed_edit) is verdict(70, signed_edit, declared) is Verdict.AI_EDITED
    mark = finding(Grade.WATERMARK, Meaning.GENERATED)
    for order in itertools.permutations([signed_edit, declared, mark]):
        assert verdict(10, *order) is Verdict.PROVEN_AI


@pytest.mark.parametrize("score", [None, 5, 20, 35, 50, 75])
def test_hints_captures_and_broken_credentials_leave_the_verdict_alone(score: float | None) -> None:
    others = [
        finding(Grade.HINT, Meaning.GENERATED),
        finding(Grade.HINT, Meaning.EDITED),
        finding(Grade.HINT, Meaning.CAPTURED),
        finding(Grade.DECLARED, Meaning.CAPTURED),
        finding(Grade.SIGNED, Meaning.CAPTURED, trust="trusted"),
        finding(Grade.SIGNED, Meaning.CAPTURED, trust="untrusted"),
        finding(Grade.HINT, None, state="broken"),
        finding(Grade.SIGNED, None),
    ]
    for some in ([], others, *([one] for one in others)):
        assert verdict(score, *some) is verdict_of(score)


def test_a_trusted_capture_is_told_as_its_signers_claim() -> None:
    credential = finding(Grade.SIGNED, Meaning.CAPTURED, trust="trusted")
    low, high = (interpret(scored(score), PLAIN, [credential]).summary for score in (10, 70))
    assert credential.sentence in low
    assert "what the signer claims" in low
    assert "other way" not in low
    assert "other way" in high
    untrusted = interpret(scored(10), PLAIN, [finding(Grade.SIGNED, Meaning.CAPTURED, trust="untrusted")]).summary
    assert "claims" not in untrusted


def test_broken_credentials_are_told() -> None:
    broken = finding(Grade.HINT, None, state="broken")
    assert broken.sentence in interpret(scored(10), PLAIN, [broken]).summary


def test_the_rules_say_what_they_are_and_the_calibrated_score_does_not() -> None:
    for score in (3.0, 22.0, 35.0, 50.0, 90.0):
        summary = interpret(scored(score), PLAIN, []).summary
        assert "rule-based reading" in summary
        assert "hardly separates AI from genuine" in summary
        assert "0.64" in summary
        assert "0.47" in summary
        assert f"{score:.0f} of 100" in summary
        assert "rule-based" not in interpret(scored(score, Scoring.CALIBRATED), PLAIN, []).summary


def test_without_a_score_the_reason_is_given() -> None:
    found = interpret(scored(None, abstained="nothing could be measured on it"), PLAIN, [])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "nothing could be measured" in found.summary
    assert "original file" in found.recommendation


def test_what_the_score_rests_on() -> None:
    pieces = [
        Evidence(sentence=".", component=name, metric="m", strength=strength, value=1, expected=(0, 0))
        for name, strength in (("noise", 0.5), ("noise", 0.3), ("ela", 0.7), ("color", 0.2))
    ]

    def told(count: int, context: Context = PLAIN) -> str:
        return interpret(scored(30, evidence=tuple(pieces[:count])), context, []).summary

    assert "No reading lies outside" in told(0)
    assert "One reading lies outside what cameras usually give, in noise." in told(1)
    assert "2 readings lie outside what cameras usually give, in noise." in told(2)
    assert "3 readings lie outside what cameras usually give, in ela and noise." in told(3)
    assert "4 readings lie outside what cameras usually give, the strongest in ela and noise." in told(4)
    hard = Context(width=300, height=300, is_small=True, is_heavily_compressed=True)
    assert "The picture is compressed and small: that hides traces" in told(1, hard)


def every_conclusion() -> list[Interpretation]:
    kinds = [None, *(finding(grade, meaning) for grade in Grade for meaning in (*Meaning, None))]
    return [interpret(scored(score), PLAIN, [k] if k else []) for score in (None, 5, 20, 35, 50, 75) for k in kinds]


def test_no_words_accuse_or_clear() -> None:
    texts = [text for one in every_conclusion() for text in (one.summary, one.recommendation)]
    texts += [text for words in VERDICTS.values() for text in (words.title, words.does_not_show)]
    texts += [text for words in LENSES.values() for text in (words.title, words.reads, words.misleads)]
    for text in texts:
        assert text.strip() == text
        assert "  " not in text
        assert not re.search(r"authentic|fake|\bproof\b|liar|definitely|certainly", text.lower()), text
    assert all(one.summary and one.recommendation for one in every_conclusion())


def test_every_verdict_has_its_words_and_the_bands_fall() -> None:
    assert set(VERDICTS) == set(Verdict)
    assert [least for least, _ in BANDS] == [60, 45, 30, 18, 0]
    assert len({words.title for words in VERDICTS.values()}) == len(Verdict) - 1  # both low bands are called the same
    assert all(words.tone not in ("real", "mild") for words in VERDICTS.values())  # green is for credentials


def test_the_words_need_nothing_heavy() -> None:
    program = (
        "import sys; import analysis.explain.words; "
        "heavy = {'cv2', 'torch', 'numpy', 'scipy', 'PIL'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_words_on_a_clip_speak_of_no_picture():
    for verdict in Verdict:
        said, of_picture = verdict_words(verdict, Kind.VIDEO), verdict_words(verdict, Kind.IMAGE)
        assert of_picture == VERDICTS[verdict]
        assert "pictur" not in said.means + said.does_not_show
        assert said.title == of_picture.title
    assert "genuine clips" in verdict_words(Verdict.STRONG_AI, Kind.VIDEO).does_not_show


def test_evidence_speaks_of_no_single_picture():
    for sentence in (rule.sentence for rule in rule_table.VIDEO_RULES):
        assert not re.search(r"\b(the|this) picture\b", sentence, re.IGNORECASE), sentence
