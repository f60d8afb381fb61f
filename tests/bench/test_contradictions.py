"""The reader of reports finds no contradiction in real ones, and each kind of it where one is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from flask import Flask

from analysis import analyze, open_media
from analysis.report import Finding, Grade, Likeness, Meaning, Report, Scoring, Stability, Verdict
from bench._said import contradictions, read
from bench.contradictions import ENOUGH, broken_ranges, pages_of, site
from tests.extension.gallery import scene
from tests.made_stills import encode, noise

BOTH = ("page", "HTML report")


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    """The web application."""
    with site() as made:
        yield made


@pytest.fixture(scope="module")
def found() -> Report:
    """The report of a drawn picture as the shipped detector makes it, with a score and a steadiness set here."""
    report = analyze(open_media(scene(5)))
    assert report.score is not None
    return msgspec.structs.replace(
        report,
        score=41.7,
        verdict=Verdict.SUSPICIOUS,
        false_alarm_rate=0.07,
        confidence=71.0,
        likeness=None,
        summary="The score is 41 of 100.",
        stability=Stability(scores={"JPEG 90": 44.9, "half size": 29.8}),
    )


def problems(app: Flask, report: Report, old: str = "", new: str = "") -> dict[str, list[str]]:
    """What is wrong on each page, after a change of its text."""
    told = {}
    for name, html in pages_of(app, report).items():
        assert old in re.sub(r"\s+", " ", html)
        told[name] = list(contradictions(report, re.sub(r"\s+", " ", html).replace(old, new) if old else html))
    return told


@pytest.mark.parametrize("scoring", list(Scoring))
@pytest.mark.parametrize("data", [scene(5), encode(noise(), "PNG"), encode(noise(40, 30), "JPEG")])
def test_real_reports_say_nothing_that_they_deny(app, data, scoring):
    assert problems(app, analyze(open_media(data), scoring=scoring)) == {"page": [], "HTML report": []}


def test_what_was_set_for_these_tests_is_no_contradiction(app, found):
    assert problems(app, found) == {"page": [], "HTML report": []}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("The detector gives it 41 of 100.", "The detector gives it 42 of 100.", "is said of a score"),
        ("from 29 to 44", "from 31 to 44", "its table of 29"),
        ("it scores from 29", "the answer stays the same, it scores from 29", "2 answers"),
        (">29<", ">30<", "stands beside"),
        ("70 look at least this AI-like", "170 look at least this AI-like", "more than its band promises"),
        ("Confidence: 71", "Confidence: 81", "is called medium"),
        ("What this does not show", "What this does not show</h2><p>Heavily compressed</p><h2>", "Heavily compressed"),
    ],
)  # fmt: skip
def test_each_sentence_that_another_denies_is_found(app, found, old, new, told):
    for wrong in problems(app, found, old, new).values():
        assert any(told in one for one in wrong), wrong


def test_a_reason_against_the_verdict_is_found(app, found):
    made = Likeness(family="diffusion", sentence="It resembles pictures of diffusion models.", precision=0.8)
    calm = msgspec.structs.replace(
        found, score=12.0, verdict=Verdict.CONSISTENT_WITH_REAL, false_alarm_rate=0.7, likeness=made, stability=None
    )
    assert all("yet it resembles" in str(wrong) for wrong in problems(app, calm).values())
    camera = Likeness(family="camera", sentence="It resembles a camera's photographs.", precision=0.8)
    sure = msgspec.structs.replace(
        found, score=70.0, verdict=Verdict.STRONG_AI, false_alarm_rate=0.004, likeness=camera, stability=None
    )
    assert all("yet it resembles" in str(wrong) for wrong in problems(app, sure).values())


def test_a_hint_under_a_calm_headline_and_green_without_a_camera_are_found(app, found):
    hint = Finding(
        family="watermark", grade=Grade.HINT, meaning=Meaning.GENERATED, sentence="Traces.", generator="FLUX"
    )
    calm = msgspec.structs.replace(
        found, score=12.0, verdict=Verdict.CONSISTENT_WITH_REAL, false_alarm_rate=0.7, stability=None
    )
    hinted = msgspec.structs.replace(calm, provenance=(hint,))
    for name, html in pages_of(app, calm).items():
        assert "does not reach" not in str(list(contradictions(calm, html)))
        assert any("reach the headline" in one for one in contradictions(hinted, html)), name
        green = html.replace("tone-unknown", "tone-real").replace('data-tone="unknown"', 'data-tone="real"')
        assert read(green).tone == "real"
        assert any("tone real" in one for one in contradictions(calm, green)), name


def test_a_measurement_on_the_wrong_side_of_its_range_is_found(app, found):
    for html in pages_of(app, found).values():
        row = re.search(r"usual (?:<[^>]*>)?\s*(\d[\d.]*) to (\d[\d.]*)", html)
        assert row is not None, "no usual range is shown"
        low, high = map(float, row.groups())
        moved = html.replace(row[0], f"usual {high + 1000:g} to {high + 2000 + low:g}", 1)
        assert any("is called otherwise" in one for one in contradictions(found, moved))


def test_ranges_that_do_not_hold_for_genuine_pictures_are_found():
    held = {"bad": [False] * 20 + [True] * 20, "good": [True] * 38 + [False] * 4, "few": [False] * (ENOUGH - 1)}
    assert [problem.partition(":")[0] for problem in broken_ranges(held)] == ["bad"]
