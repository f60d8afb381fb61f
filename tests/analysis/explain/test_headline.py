"""What a report says first: low scores, hints, broken credentials, a camera's credential, numbers as they are shown."""

from __future__ import annotations

import msgspec
import pytest

from analysis.explain.headline import LOW, certainty, headline, steadiness, whole
from analysis.facts import Kind
from analysis.report import Finding, Grade, Meaning, Measured, Report, Scoring, Verdict

WATERMARK = Finding(
    family="watermark",
    grade=Grade.HINT,
    meaning=Meaning.GENERATED,
    sentence="Damaged traces.",
    generator="Stable Diffusion 1",
)
TEXT = Finding(family="generator_chunks", grade=Grade.HINT, meaning=None, sentence="Text.", generator="Fooocus")
BROKEN = Finding(family="c2pa", grade=Grade.HINT, meaning=None, sentence="Broken.", detail={"state": "broken"})
CAPTURED = Finding(
    family="c2pa", grade=Grade.SIGNED, meaning=Meaning.CAPTURED, sentence="Captured.", detail={"trust": "trusted"}
)
CAMERA = Finding(family="camera", grade=Grade.HINT, meaning=Meaning.CAPTURED, sentence="A camera's EXIF.")


def low(*findings: Finding, **changes: object) -> Report:
    given = {"kind": Kind.IMAGE, "scoring": Scoring.CALIBRATED, "verdict": Verdict.MOSTLY_REAL, "score": 20.0}
    measured = Measured(condition="web", generated_at_or_above={"30": 0.7994})
    return Report(**{**given, "measured": measured, "provenance": findings, **changes})


@pytest.mark.parametrize("verdict", LOW)
def test_a_low_score_is_neutral_and_says_what_it_is_worth(verdict):
    said = headline(low(verdict=verdict))
    assert said.title == "No sign of AI found"
    assert said.tone == "unknown"
    assert said.means == "In tests it found 80 of 100 AI pictures like this one; it missed the other 20."
    assert "pictures" not in headline(low(verdict=verdict, kind=Kind.VIDEO)).means
    assert headline(low(verdict=verdict, measured=None)).means == "AI pictures get here too."


@pytest.mark.parametrize(
    ("findings", "title", "tone"),
    [
        ((WATERMARK,), "Traces of Stable Diffusion 1's watermark, too damaged to prove", "mixed"),
        ((BROKEN, TEXT, WATERMARK), "Traces of Stable Diffusion 1's watermark, too damaged to prove", "mixed"),
        ((BROKEN, TEXT), "A hint at Fooocus, no proof", "mixed"),
        ((BROKEN,), "Content Credentials are broken", "mixed"),
        ((CAPTURED, BROKEN), "Captured by a camera, says its signer", "real"),
        ((CAMERA,), "No sign of AI found", "unknown"),
    ],
)
def test_hints_and_credentials_reach_a_low_headline(findings, title, tone):
    said = headline(low(*findings))
    assert (said.title, said.tone) == (title, tone)
    judged = low(*findings, verdict=Verdict.STRONG_AI, score=70.0)
    assert headline(judged).title == "Strong AI indicators"  # what is no proof changes no other headline
    unknown = headline(low(*findings, verdict=Verdict.INCONCLUSIVE, score=None))
    assert unknown.title == ("Inconclusive" if findings == (CAMERA,) else title)
    assert "no other sign" not in unknown.means


def test_only_a_trusted_cameras_credential_is_green():
    for detail in ({"trust": "untrusted"}, {}):
        untrusted = Finding(
            family="c2pa", grade=Grade.SIGNED, meaning=Meaning.CAPTURED, sentence="Captured.", detail=detail
        )
        assert headline(low(untrusted)).tone == "unknown"


def test_no_number_is_shown_above_its_band():
    assert [whole(score) for score in (17.99, 29.8, 30.0, 44.96, 59.999, 100.0)] == [17, 29, 30, 44, 59, 100]
    assert "from 4 to 29: the answer stays the same" in steadiness([4.0, 29.99])
    assert "“No sign of AI found” to “Suspicious" in steadiness([29.99, 30.0])


def test_confidence_is_a_word():
    assert [certainty(low(confidence=value)) for value in (None, 15.0, 59.9, 60.0, 79.9, 80.0)] == [
        None, "low", "low", "medium", "medium", "high",
    ]  # fmt: skip


def test_who_signed_it_is_said_before_all_else():
    finding = Finding(
        family="c2pa",
        grade=Grade.SIGNED,
        meaning=Meaning.GENERATED,
        sentence="The file's Content Credentials say so.",
        generator="DALL·E (OpenAI-API)",
        detail={"trust": "trusted", "trust_words": "Verified signer.", "manifest": {"issuer": "OpenAI"}},
    )
    said = headline(Report(verdict=Verdict.PROVEN_AI, summary="", provenance=(finding,)))
    assert said.title == "Signed by OpenAI: made with DALL·E"
    assert "nothing was changed since" in said.means
    watermark = Finding(family="watermark", grade=Grade.WATERMARK, meaning=Meaning.GENERATED, sentence="A mark.")
    assert "Signed" not in headline(Report(verdict=Verdict.PROVEN_AI, summary="", provenance=(watermark,))).title
    nameless = msgspec.structs.replace(finding, generator=None, detail={})
    assert headline(Report(verdict=Verdict.PROVEN_AI, summary="", provenance=(nameless,))).title == (
        "Signed by a verified signer: made by AI"
    )
