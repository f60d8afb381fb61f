"""From files to verdicts: the order in which what a file says decides (docs/specification.md)."""

from __future__ import annotations

import pytest
from made_files import SOURCE_TYPE, Files, findings_of, media_of

from analysis import provenance
from analysis.report import Context, Scoring, Verdict
from analysis.verdict import Scored, interpretation

AI = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "trainedAlgorithmicMedia"}
EDIT = {"action": "c2pa.edited", "digitalSourceType": SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia"}
CAMERA = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "digitalCapture"}
DRAWN = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "digitalCreation"}
LOW, MIDDLE, HIGH = 5.0, 40.0, 80.0
BY_SCORE = {LOW: Verdict.CONSISTENT_WITH_REAL, MIDDLE: Verdict.SUSPICIOUS, HIGH: Verdict.STRONG_AI}


def declared(code: str) -> bytes:
    return Files.with_xmp(Files.packet(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}{code}"'))


def interpret(findings, score):
    scored = Scored(score=score, confidence=50.0, components={}, evidence=(), scoring=Scoring.RULES)
    return interpretation.interpret(scored, Context(width=640, height=480), findings)


@pytest.mark.parametrize("score", [LOW, MIDDLE, HIGH])
def test_what_a_trusted_signer_says_decides_alone(notary, score):
    made = notary.sign(Files.photo(), AI)
    signed = interpret(provenance.read(media_of(made), notary.root), score)
    assert signed.verdict is Verdict.PROVEN_AI
    assert "signed in the name of “Test Maker”" in signed.summary
    opened = notary.sign(Files.photo(), {"action": "c2pa.opened"}, ingredients=(("parentOf", made),))
    assert interpret(provenance.read(media_of(opened), notary.root), score).verdict is Verdict.PROVEN_AI


@pytest.mark.parametrize(("score", "expected"), [(LOW, "probable_ai"), (MIDDLE, "probable_ai"), (HIGH, "strong_ai")])
def test_what_nobody_vouches_for_is_a_declaration(notary, score, expected):
    data = notary.sign(Files.photo(), AI)
    for anchors in (None, type(notary)("Somebody Else").root):
        declared_by_signature = interpret(provenance.read(media_of(data), anchors), score)
        assert declared_by_signature.verdict == expected
        assert "nobody vouches for" in declared_by_signature.summary


@pytest.mark.parametrize(("score", "expected"), [(LOW, "probable_ai"), (MIDDLE, "probable_ai"), (HIGH, "strong_ai")])
def test_declared_generated_gives_at_least_probable(score, expected):
    assert interpret(findings_of(declared("trainedAlgorithmicMedia")), score).verdict == expected


@pytest.mark.parametrize("score", [LOW, MIDDLE, HIGH])
def test_edited_is_its_own_verdict(notary, score):
    signed = interpret(findings_of(notary.sign(Files.photo(), DRAWN, EDIT)), score)
    only_declared = interpret(findings_of(declared("compositeWithTrainedAlgorithmicMedia")), score)
    assert signed.verdict is only_declared.verdict is Verdict.AI_EDITED
    assert "AI-edited, says" in signed.summary
    assert "AI-edited, says" in only_declared.summary


def test_the_stronger_grade_goes_first(notary):
    def trusted(data):
        return interpret(provenance.read(media_of(data), notary.root), LOW).verdict

    assert trusted(notary.sign(declared("trainedAlgorithmicMedia"), DRAWN, EDIT)) is Verdict.AI_EDITED
    assert trusted(notary.sign(declared("compositeWithTrainedAlgorithmicMedia"), AI)) is Verdict.PROVEN_AI
    assert trusted(notary.sign(declared("trainedAlgorithmicMedia"), CAMERA)) is Verdict.PROBABLE_AI


@pytest.mark.parametrize("score", [LOW, MIDDLE, HIGH])
def test_broken_credentials_are_told_and_decide_nothing(notary, score):
    data = notary.sign(Files.photo(), AI)
    at = len(data) - 400
    broken = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
    conclusion = interpret(findings_of(broken), score)
    assert conclusion.verdict is BY_SCORE[score]
    assert "changed after signing" in conclusion.summary


@pytest.mark.parametrize("score", [LOW, MIDDLE, HIGH])
def test_a_capture_is_its_signers_word_and_lowers_nothing(notary, score):
    media = media_of(notary.sign(Files.photo(), CAMERA))
    trusted = interpret(provenance.read(media, notary.root), score)
    unknown = interpret(provenance.read(media), score)
    assert trusted.verdict is unknown.verdict is BY_SCORE[score]
    assert "what the signer claims" in trusted.summary
    assert "what the signer claims" not in unknown.summary


@pytest.mark.parametrize("score", [LOW, MIDDLE, HIGH])
def test_hints_and_absence_change_nothing(score):
    capture = {0x829A: (1, 250), 0x829D: (28, 10), 0x8827: 200, 0x927C: b"maker note"}
    camera = Files.with_exif(Files.exif({0x010F: "Canon", 0x0110: "EOS 5D"}, capture))
    bare = Files.photo()
    remote = Files.with_xmp(Files.packet(attributes='dcterms:provenance="http://127.0.0.1:1/x.c2pa"'))
    unreadable = Files.with_xmp(b"<broken")
    for data in (camera, bare, remote, unreadable):
        assert interpret(findings_of(data), score).verdict is BY_SCORE[score]


def test_without_a_score_a_declaration_still_counts(notary):
    assert interpret(findings_of(declared("trainedAlgorithmicMedia")), None).verdict is Verdict.PROBABLE_AI
    assert interpret(findings_of(notary.sign(Files.photo(), AI)), None).verdict is Verdict.PROBABLE_AI
    assert interpret(findings_of(Files.photo()), None).verdict is Verdict.INCONCLUSIVE
