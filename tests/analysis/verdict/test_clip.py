"""Clips under the calibrated scoring: what is looked at, what is told, when nothing is judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_clips import clip

from analysis import Scoring, Verdict, analyze, open_media
from analysis.backbones import installed
from analysis.facts import Kind, MediaFacts, VideoFacts
from analysis.report import Pending
from analysis.verdict import clip as clips
from analysis.verdict import clip_conditions
from analysis.verdict.bands import score_of

SKIP = {"deep"}


def wandering(count: int = 12, size: tuple[int, int] = (320, 240)) -> list[np.ndarray]:
    """A window that wanders over a large made scene."""
    rng = np.random.default_rng(3)
    coarse = rng.normal(0, 40, (60, 80, 3))
    scene = np.kron(coarse, np.ones((8, 8, 1))) + rng.normal(120, 12, (480, 640, 3))
    pixels = np.clip(scene, 0, 255).astype(np.uint8)
    return [np.ascontiguousarray(pixels[5 * k : 5 * k + size[1], 7 * k : 7 * k + size[0]]) for k in range(count)]


def test_the_score_of_a_clip_is_calibrated_by_default_and_says_what_it_is_worth() -> None:
    media = open_media(clip(wandering()))
    by_rules, headline = (analyze(media, skip=SKIP, scoring=scoring) for scoring in (Scoring.RULES, Scoring.CALIBRATED))
    assert headline.scoring is Scoring.CALIBRATED
    assert headline.false_alarm_rate is not None
    assert headline.score == pytest.approx(score_of(headline.false_alarm_rate), abs=0.06)
    assert by_rules.scoring is Scoring.RULES
    assert headline.components.keys() == by_rules.components.keys()
    assert headline.timeline is not None
    scores = [frame.score for frame in headline.timeline.frames]
    assert all(score is not None and 0 <= score <= 100 for score in scores)
    strongest = headline.timeline.strongest
    assert sorted(strongest) == list(range(len(scores)))
    assert scores[strongest[0]] == max(scores)


def test_the_light_network_answers_where_the_backbone_of_clips_is_missing_and_the_report_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "DEFAULT_FOLDER", tmp_path)
    clips.load_clips.cache_clear()
    try:
        report = analyze(open_media(clip(wandering())), skip=SKIP)
        known = clips.load_clips()
    finally:
        clips.load_clips.cache_clear()
    assert report.engine["detector"].startswith("light")
    assert "“clips”" in report.summary
    assert "Experimental" in report.summary
    condition = known.conditions["original"]
    assert condition.p_value(1e6) >= 1 / (condition.genuine + 1)  # few clips were measured: nothing rarer is promised


def test_the_answer_comes_first_and_what_follows_leaves_it_alone() -> None:
    told = []
    whole = analyze(open_media(clip(wandering())), skip=SKIP, on_answer=told.append)
    (first,) = told
    assert first.pending == (Pending.MEASUREMENTS,)
    assert first.components == {}
    assert whole.components
    assert whole.pending == ()
    for name in ("verdict", "score", "confidence", "summary", "abstained", "false_alarm_rate"):
        assert getattr(first, name) == getattr(whole, name)
    assert [frame.number for frame in first.timeline.frames] == [frame.number for frame in whole.timeline.frames]
    assert len([f for f in whole.timeline.frames if f.score is not None]) == len(whole.timeline.frames)


def test_flat_frames_are_not_judged() -> None:
    report = analyze(open_media(clip([np.full((240, 320, 3), 90 + k, np.uint8) for k in range(8)])), skip=SKIP)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.score is None
    assert "flat" in (report.abstained or "")


def test_frames_of_the_answer_are_spread_evenly_and_no_more_for_a_long_clip() -> None:
    assert clip_conditions.answer_frames(5) == [0, 1, 2, 3, 4]
    assert clip_conditions.answer_frames(30) == [1, 5, 9, 13, 16, 20, 24, 28]
    for count in range(1, 40):
        chosen = clip_conditions.answer_frames(count)
        assert chosen == sorted(set(chosen))
        assert len(chosen) == min(count, 8)
        assert chosen[-1] < count


def facts(width: int, height: int, rate: int | None, **tags: str) -> MediaFacts:
    video = VideoFacts(bit_rate=rate, tags=tags)
    return MediaFacts(
        kind=Kind.VIDEO, format="MP4", mime="video/mp4", width=width, height=height, bytes=1, fps=30.0, video=video
    )


def test_how_a_clip_may_have_arrived_is_told_by_its_size_and_by_what_is_spent_on_a_pixel() -> None:
    small, middling = facts(848, 480, 500_000), facts(1280, 720, 1_500_000)
    assert clip_conditions.plausible_clip(small) == ("original", "platform", "messenger")
    assert "messenger" not in clip_conditions.plausible_clip(middling)
    assert clip_conditions.plausible_clip(facts(1920, 1080, 40_000_000)) == ("original",)
    assert clip_conditions.plausible_clip(facts(848, 480, 500_000, make="Canon")) == ("original",)
    assert clip_conditions.plausible_clip(facts(480, 360, None)) == ("original",)  # an animation
