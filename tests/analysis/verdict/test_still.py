"""The calibrated headline: what it replaces, what it leaves, when it abstains, what lowers its confidence."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from analysis import Scoring, Verdict, analyze, open_media, runner
from analysis.facts import Kind
from analysis.registry import all_analyzers
from analysis.report import ComponentResult, Status
from analysis.verdict import bands, components, detector, still
from analysis.verdict.answer import ask_detector

SKIP = {"deep"}


def saved(pixels: np.ndarray, fmt: str = "PNG", **options) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, fmt, **options)
    return kept.getvalue()


def scene(width: int = 640, height: int = 480) -> np.ndarray:
    """Structure at every scale with grain on it; nobody's photograph."""
    rng = np.random.default_rng(5)
    picture = np.zeros((height, width, 3))
    for side, weight in ((4, 60), (16, 30), (64, 12)):
        tile = rng.normal(0, weight, (side, side, 3))
        layers = [np.asarray(Image.fromarray(tile[..., c]).resize((width, height), 3)) for c in range(3)]
        picture += np.dstack(layers)
    return np.clip(picture + 125 + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def test_it_is_the_default_and_says_what_it_means():
    report = analyze(open_media(saved(scene(), "JPEG", quality=92)), skip=SKIP)
    assert report.scoring is Scoring.CALIBRATED
    assert report.score is not None
    assert report.score == pytest.approx(bands.score_of(report.false_alarm_rate), abs=0.06)
    assert 15 <= report.confidence <= 90
    assert set(report.stability.scores) == {"JPEG 90", "JPEG 75", "JPEG 60", "half size", "cropped"}
    assert report.quality.arrived
    assert "never seen" in report.summary


def test_components_get_scores_of_their_own_and_lose_the_rules_evidence():
    media = open_media(saved(scene()))
    by_rules, headline = (analyze(media, skip=SKIP, scoring=scoring) for scoring in (Scoring.RULES, Scoring.CALIBRATED))
    for name, component in headline.components.items():
        assert not component.evidence
        assert component.metrics == by_rules.components[name].metrics
        if name in components.models():
            own = components.models()[name].score(component.metrics, ("clean", "screenshot"))
            assert component.score == pytest.approx(own, abs=0.06)
    assert any(component.evidence for component in by_rules.components.values())
    assert by_rules.false_alarm_rate is by_rules.measured is None


@pytest.mark.parametrize(
    ("pixels", "why"),
    [
        (np.full((300, 300, 3), 200, np.uint8), "flat"),
        (scene()[:40, :200], "small"),
        (np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8), "noise"),
    ],
    ids=["flat", "tiny", "noise"],
)
def test_what_was_not_calibrated_is_not_judged(pixels, why):
    report = analyze(open_media(saved(pixels)), skip=SKIP)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.score is None
    assert report.false_alarm_rate is None
    assert why in report.abstained


def test_the_answer_stands_when_every_analyzer_fails(monkeypatch):
    def fails(_analyzer, _frame):
        return ComponentResult(status=Status.FAILED, note="this analyzer failed")

    data = saved(scene())
    expected = analyze(open_media(data), skip=SKIP)
    monkeypatch.setattr(runner, "run_one", fails)
    given = analyze(open_media(data), skip=SKIP)
    assert (given.score, given.verdict, given.confidence) == (expected.score, expected.verdict, expected.confidence)
    stills = [one.component for one in all_analyzers() if Kind.IMAGE in one.kinds and one.component not in SKIP]
    measured = [given.components[name] for name in stills]
    assert measured
    assert all((result.status, result.score) == (Status.FAILED, None) for result in measured)


def test_a_flip_lowers_the_confidence_to_what_flips_are_worth(monkeypatch):
    media = open_media(saved(scene()))
    known = detector.load()
    sure = ask_detector(known, media.frame.pixels, media.frame.preview, ("clean", "screenshot"))
    sure = replace(sure, calibrated=replace(sure.calibrated, confidence=89.0))
    score = sure.calibrated.score
    other_side = 10.0 if score >= 45 else 90.0
    assert still._confidence(sure, {"JPEG 90": score}, known) == 89.0
    monkeypatch.setitem(known.facts, "right_where_it_flips", 0.62)
    assert still._confidence(sure, {"JPEG 90": other_side}, known) == 62.0
    assert still._confidence(sure, {"JPEG 90": score}, known) == 89.0


def test_what_was_lost_is_said_in_words():
    small = analyze(open_media(saved(scene(300, 220), "JPEG", quality=40)), skip=SKIP)
    assert any("small" in sentence for sentence in small.quality.lost)
    assert any("quality 40" in sentence for sentence in small.quality.lost)
    assert small.media.kind is Kind.IMAGE
