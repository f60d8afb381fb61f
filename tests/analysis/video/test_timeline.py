"""A clip over time: cuts, frozen stretches, repeated frames, curves; and what cuts must not be taken for."""

from __future__ import annotations

import numpy as np
import pytest
from made_clips import clip, counted

from analysis import Scoring, analyze, from_json, open_media, to_json
from analysis.facts import Kind
from analysis.media.frames import Burst
from analysis.report import Status
from analysis.timeline import find_cadence

RNG = np.random.default_rng(3)
LEAPS = {"flicker_score", "flow_cv", "color_shift_std"}


def scene(seed, size=(192, 128)):
    """A smooth colored scene, larger than a frame, to move over."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 9, 3), np.uint8)
    color = np.random.default_rng(seed + 100).integers(40, 216, 3)
    rows = np.linspace(0, 5, size[1] * 2).astype(int)
    columns = np.linspace(0, 8, size[0] * 2).astype(int)
    return np.clip(small[rows][:, columns] * 0.35 + color * 0.65, 0, 255).astype(np.uint8)


def moving(seed, count, step=2):
    wide = scene(seed)
    return [np.ascontiguousarray(wide[8:136, 8 + step * i : 200 + step * i]) for i in range(count)]


def report_of(frames, scoring=Scoring.CALIBRATED, **how):
    return analyze(open_media(clip(frames, **how)), skip={"deep"}, threads=2, scoring=scoring)


@pytest.fixture(scope="module")
def two_scenes():
    return report_of([*moving(1, 45), *moving(2, 45)], rate=30)


def test_a_report_of_a_clip_holds_a_reading_of_every_sampled_frame(two_scenes):
    timeline = two_scenes.timeline
    assert two_scenes.kind is Kind.VIDEO
    assert [frame.number for frame in timeline.frames] == list(range(30))
    assert all(0 <= frame.score <= 100 for frame in timeline.frames)
    assert [step.number for step in timeline.steps] == list(range(29))
    assert sorted(timeline.strongest) == list(range(30))
    scores = [timeline.frames[number].score for number in timeline.strongest]
    assert scores == sorted(scores, reverse=True)
    assert {"frequency", "noise", "ela", "srm", "color", "texture", "pixels"} <= set(timeline.frames[0].components)
    assert from_json(to_json(two_scenes)) == two_scenes


def test_a_cut_is_found_where_it_is(two_scenes):
    (cut,) = two_scenes.timeline.cuts
    assert cut.start < 1.5 <= cut.end
    assert [step.number for step in two_scenes.timeline.steps if step.cut] == [cut.after]
    assert [frame.scene for frame in two_scenes.timeline.frames] == [0] * (cut.after + 1) + [1] * (29 - cut.after)


def test_a_cut_is_not_called_erratic_motion(two_scenes):
    component = two_scenes.components["temporal"]
    assert component.metrics["flicker_score"] > 1  # over all steps, the cut among them, the rule would speak
    assert not [
        piece for piece in component.evidence if piece.metric in ("flicker_score", "flow_cv", "color_shift_std")
    ]
    assert any("cut" in note for note in two_scenes.timeline.notes)


def test_the_same_leaps_without_a_cut_are_spoken_of():
    steady = moving(4, 60, step=1)
    flashing = [
        np.clip(f.astype(int) + (55 if i % 12 == 5 else 0), 0, 255).astype(np.uint8) for i, f in enumerate(steady)
    ]
    report = report_of(flashing, Scoring.RULES, rate=30, options={"qp": "12"})
    assert not report.timeline.cuts
    assert [
        piece
        for piece in report.components["temporal"].evidence
        if piece.metric in ("flicker_score", "color_shift_std")
    ]


def test_a_moving_camera_makes_no_cut():
    assert not report_of(moving(5, 60, step=3), rate=30).timeline.cuts


def test_where_every_step_is_a_cut_nothing_is_said_of_motion():
    report = report_of([frame for seed in range(20, 28) for frame in moving(seed, 1)], rate=1)
    temporal = report.components["temporal"]
    assert len(report.timeline.cuts) == 7
    assert temporal.status is Status.OK
    assert temporal.score is None
    assert temporal.evidence == ()
    assert temporal.metrics["frame_diff_mean"] > 10


def test_a_frozen_stretch_is_found():
    frames = moving(6, 30)
    frames = [*frames[:10], *[frames[9]] * 10, *frames[10:20]]
    report = report_of(frames, options={"qp": "0"}, codec="libx264", pixel_format="yuv444p")
    (freeze,) = report.timeline.freezes
    assert (freeze.first, freeze.last) == (9, 19)
    assert freeze.end - freeze.start == pytest.approx(10 / 25)


def test_a_still_picture_as_a_clip_is_called_that():
    report = report_of([moving(7, 1)[0]] * 20)
    assert any("still picture" in note for note in report.timeline.notes)
    assert not report.timeline.cuts


def burst(order, rate=30):
    pictures = np.stack([RNG.integers(0, 256, (20, 30), np.uint8) for _ in range(max(order) + 1)])
    return Burst(pictures[list(order)], np.arange(len(order)) / rate)


@pytest.mark.parametrize(
    ("order", "period", "rate"),
    [
        ([i * 4 // 5 for i in range(48)], 5, 24),  # 24 to 30
        ([i // 2 for i in range(48)], 2, 15),
        ([i // 3 for i in range(48)], 3, 10),  # 10 to 30
        ([i * 2 // 5 for i in range(48)], 5, 12),
    ],
)
def test_frame_rate_conversion_leaves_a_period(order, period, rate):
    found = find_cadence(burst(order), 30)
    assert found.period == period
    assert found.original_rate == pytest.approx(rate, rel=0.06)
    assert f"{rate} to 30" in found.sentence


def test_irregular_repeats_have_no_period():
    order = np.cumsum([0 if i in (7, 9, 21, 38) else 1 for i in range(48)])
    found = find_cadence(burst(list(order)), 30)
    assert (found.repeated, found.period) == (4, None)


def test_frames_that_all_differ_or_hardly_do_have_no_cadence():
    assert find_cadence(burst(range(48)), 30) is None
    assert find_cadence(Burst(np.full((48, 20, 30), 90, np.uint8), np.arange(48) / 30), 30) is None
    assert find_cadence(None, 30) is None


def test_progress_is_told_for_every_frame_and_may_end_the_analysis():
    media = open_media(counted(20))
    told = []
    analyze(media, skip={"deep"}, progress=lambda *step: told.append(step), threads=2)
    answer = told[0][1]  # so many frames for the answer, then all of them and the steps between them
    assert 0 < answer <= 20
    assert [(done, total) for done, total, _ in told] == [
        *((done, answer) for done in range(1, answer + 1)),
        *((done, 39) for done in range(1, 40)),
    ]
    assert sum(what.startswith("frame ") for _, _, what in told) == answer + 20

    class CancelledError(Exception):
        pass

    def cancel(done, *_):
        told.append(done)
        if done == 3:
            raise CancelledError

    told.clear()
    with pytest.raises(CancelledError):
        analyze(media, skip={"deep"}, progress=cancel, threads=2)
    assert told == [1, 2, 3]


def test_skipping_what_works_over_time_leaves_the_rest():
    report = analyze(open_media(counted(6)), skip={"deep", "temporal", "metadata"}, threads=1, scoring=Scoring.RULES)
    assert report.timeline.steps == ()
    assert "temporal" not in report.components
    assert report.score is not None


def test_frames_of_two_sizes_make_no_step_between_them():
    from dataclasses import replace

    from analysis.media.frames import Frame

    media = open_media(counted(8))
    half = tuple(
        Frame.from_pixels(np.ascontiguousarray(f.pixels[::2, ::2]), index=f.index, time=f.time) for f in media.frames
    )
    report = analyze(replace(media, frames=(*media.frames[:4], *half[4:])), skip={"deep"}, threads=2)
    assert len(report.timeline.steps) == 6
    assert [cut.after for cut in report.timeline.cuts] == [3]


def test_deep_reads_five_frames_and_the_others_all(monkeypatch):
    from analysis import clip_runner as video
    from analysis.registry import Analyzer, Over

    seen = {"deep": [], "all": []}

    def counting(name):
        def measure(frame):
            seen[name].append(frame.index)
            return {"index": float(frame.index)}

        return Analyzer(name, name, frozenset({Kind.VIDEO}), "", "", (), measure, over=Over.FRAME)

    monkeypatch.setattr(video, "all_analyzers", lambda: (counting("deep"), counting("all")))
    media = open_media(counted(20))
    reading = video.run_clip(media, threads=2)
    assert sorted(seen["deep"]) == [2, 6, 10, 14, 18]
    assert sorted(seen["all"]) == list(range(20))
    assert reading.components["deep"].metrics == {"index": 10}
    assert reading.components["all"].metrics == {"index": 9.5}


def test_one_analyzer_that_fails_stops_no_other(monkeypatch):
    from analysis import clip_runner as video
    from analysis.registry import Analyzer, all_analyzers

    def broken(frame):
        raise RuntimeError("on purpose")

    failing = Analyzer("broken", "Broken", frozenset({Kind.VIDEO}), "", "", (), broken)
    monkeypatch.setattr(video, "all_analyzers", lambda: (*all_analyzers(), failing))
    report = analyze(open_media(counted(6)), skip={"deep"}, threads=2, scoring=Scoring.RULES)
    assert report.components["broken"].status is Status.FAILED
    assert report.components["noise"].status is Status.OK
    assert report.score is not None
