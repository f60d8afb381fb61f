"""Clips under the calibrated scoring: what is looked at, what is told, when nothing is judged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_clips import clip

from analysis import Scoring, Verdict, analyze, open_media
from analysis.verdict import clip as clips
from analysis.verdict.bands import score_of

SKIP = {"deep"}


def wandering(count: int = 12, size: tuple[int, int] = (320, 240)) -> list[np.ndarray]:
    """A window that wanders over a large made scene."""
    rng = np.random.default_rng(3)
    coarse = rng.normal(0, 40, (60, 80, 3))
    scene = np.kron(coarse, np.ones((8, 8, 1))) + rng.normal(120, 12, (480, 640, 3))
    pixels = np.clip(scene, 0, 255).astype(np.uint8)
    return [np.ascontiguousarray(pixels[5 * k : 5 * k + size[1], 7 * k : 7 * k + size[0]]) for k in range(count)]


def test_the_score_of_a_clip_is_calibrated_by_default_and_says_how_little_it_is_worth() -> None:
    media = open_media(clip(wandering()))
    by_rules, headline = (analyze(media, skip=SKIP, scoring=scoring) for scoring in (Scoring.RULES, Scoring.CALIBRATED))
    assert headline.scoring is Scoring.CALIBRATED
    assert headline.false_alarm_rate is not None
    assert headline.score == pytest.approx(score_of(headline.false_alarm_rate), abs=0.06)
    assert "Experimental" in headline.summary
    assert by_rules.scoring is Scoring.RULES
    assert headline.components.keys() == by_rules.components.keys()
    assert headline.timeline is not None
    scores = [frame.score for frame in headline.timeline.frames]
    assert all(score is not None and 0 <= score <= 100 for score in scores)
    strongest = headline.timeline.strongest
    assert sorted(strongest) == list(range(len(scores)))
    assert scores[strongest[0]] == max(scores)


def test_too_few_genuine_clips_were_measured_for_the_highest_scores() -> None:
    condition = clips.calibration().condition
    best = condition.p_value(1e6)
    assert best >= 1 / (condition.genuine + 1)
    assert clips.calibration().facts["clips"]["genuine"] == condition.genuine


def test_flat_frames_are_not_judged() -> None:
    report = analyze(open_media(clip([np.full((240, 320, 3), 90 + k, np.uint8) for k in range(8)])), skip=SKIP)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.score is None
    assert "flat" in (report.abstained or "")


def test_evenness_tells_steady_change_from_jumps() -> None:
    rng = np.random.default_rng(1)
    steady = np.arange(20)[:, None] * np.ones((1, 8)) + rng.normal(0, 0.01, (20, 8))
    jumping = rng.normal(0, 1, (2000, 8))
    assert clips.evenness(steady) < -2
    assert clips.evenness(jumping) == pytest.approx(math.log(math.sqrt(3)), abs=0.05)
    assert math.isnan(clips.evenness(steady[:2]))
    assert math.isnan(clips.evenness(np.zeros((5, 3))))
