"""Shots: where they begin and end, how each is judged, and when the verdict is of some of them only."""

from __future__ import annotations

import numpy as np
import pytest
from made_clips import clip

from analysis import open_media
from analysis.media.frames import Media
from analysis.report import Cut
from analysis.verdict import conformal
from analysis.verdict.conformal import Condition
from analysis.verdict.shots import judge_shots, spans

RNG = np.random.default_rng(5)


def condition(count: int = 1000) -> Condition:
    """What genuine clips give: a normal deviate each, of many sources."""
    raw = RNG.normal(size=count)
    sources = np.array([f"source {k % 50}" for k in range(count)])
    return Condition.of(conformal.measured(raw, np.zeros(count, dtype=np.int64), sources))


@pytest.fixture(scope="module")
def media() -> Media:
    """A clip of ten frames, one second each."""
    return open_media(clip([RNG.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(10)], rate=1))


CUT = Cut(after=3, start=3.0, end=4.0, time=3.8)
KNOWN = {"original": condition()}


def test_shots_run_from_cut_to_cut() -> None:
    assert spans(10, ()) == [range(10)]
    assert spans(10, (CUT, Cut(after=8, start=8, end=9))) == [range(4), range(4, 9), range(9, 10)]


def test_a_part_is_named_where_one_shot_looks_ai_made_and_another_does_not(media: Media) -> None:
    raws = dict.fromkeys(range(4), -0.5) | dict.fromkeys(range(4, 10), 5.0)
    found = judge_shots(media, (CUT,), raws, clips=KNOWN, frames=KNOWN)
    assert found.part == (1,)
    assert [(shot.first, shot.last) for shot in found.shots] == [(0, 3), (4, 9)]
    assert found.shots[0].end == found.shots[1].start == pytest.approx(3.8)
    first, second = (shot.score for shot in found.shots)
    assert first is not None
    assert second is not None
    assert first < 30
    assert second >= 60
    assert found.p == pytest.approx(2 * KNOWN["original"].p_value(5.0))  # two chances to be wrong were taken


def test_no_part_is_named_where_all_shots_are_alike_or_there_is_one(media: Media) -> None:
    everywhere = dict.fromkeys(range(10), 5.0)
    assert judge_shots(media, (CUT,), everywhere, clips=KNOWN, frames=KNOWN).part == ()
    assert judge_shots(media, (CUT,), dict.fromkeys(range(10), 0.0), clips=KNOWN, frames=KNOWN).part == ()
    (only,) = judge_shots(media, (), everywhere, clips=KNOWN, frames=KNOWN).shots
    assert only.score is not None


def test_a_shot_of_which_no_frame_can_be_judged_has_no_score(media: Media) -> None:
    found = judge_shots(media, (CUT,), dict.fromkeys(range(4, 10), 5.0), clips=KNOWN, frames=KNOWN)
    assert found.shots[0].score is None
    assert found.shots[0].strongest is None
    assert found.part == ()


def test_the_more_cautious_of_frames_and_clips_and_of_the_ways_to_arrive_counts(media: Media) -> None:
    shifted = Condition.of({
        "levels": KNOWN["original"].levels, "thresholds": KNOWN["original"].thresholds + 2, "slope": 1, "offset": 0,
        "genuine": 1000, "sources": 50,
    })  # fmt: skip
    raws = dict.fromkeys(range(10), 2.5)
    plain, by_frames, by_way = (
        judge_shots(media, (CUT,), raws, clips=clips, frames=frames).shots[0].score
        for clips, frames in (
            (KNOWN, KNOWN),
            (KNOWN, {"original": shifted}),
            ({**KNOWN, "platform": shifted}, {**KNOWN, "platform": shifted}),
        )
    )
    assert plain is not None
    assert by_frames == by_way
    assert by_frames is not None
    assert by_frames < plain
