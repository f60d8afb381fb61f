"""The nine metrics over time: the reference values, and what a few made sequences must give."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from analysis.analyzers import metadata, temporal
from analysis.errors import NotApplicable
from analysis.facts import Kind, MediaFacts
from analysis.media.frames import Footage
from analysis.signal.steps import step

FACTS = MediaFacts(kind=Kind.VIDEO, format="MP4", mime="video/mp4", width=640, height=480, bytes=1, duration=4, fps=25)
SCENE = np.random.default_rng(5).integers(40, 215, (48, 64, 3), np.uint8).repeat(4, 0).repeat(4, 1)


def footage(frames):
    return Footage(FACTS, tuple(step(before, after) for before, after in pairwise(frames)))


def grain(seed, strength=6):
    noise = np.random.default_rng(seed).normal(0, strength, SCENE.shape)
    return np.clip(128 + noise, 0, 255).astype(np.uint8)


def test_agrees_with_the_reference(shared):
    golden = json.loads((shared / "reference" / "golden.json").read_text())["frames"]
    frames = []
    for name in golden["files"]:
        with Image.open(shared / "reference" / "frames" / name) as file:
            frames.append(np.asarray(file.convert("RGB")))
    measured = temporal.measure(footage(frames))
    assert measured == pytest.approx(golden["temporal"], rel=1e-3, abs=1e-6)


def test_a_still_clip_shows_no_change():
    measured = temporal.measure(footage([SCENE] * 4))
    assert {name: value for name, value in measured.items() if "noise" not in name} == pytest.approx(
        dict.fromkeys(("flicker_score", "motion_jerk", "color_shift_mean", "color_shift_std", "flow_mean", "flow_cv",
                       "frame_diff_mean"), 0), abs=1e-3
    )  # fmt: skip
    assert measured["noise_corr_mean"] == pytest.approx(1)


def test_new_grain_in_every_frame_correlates_less_than_grain_that_stays():
    fresh = temporal.measure(footage([grain(seed) for seed in range(4)]))
    kept = temporal.measure(footage([grain(1)] * 4))
    assert fresh["noise_corr_abs_mean"] < 0.1 < kept["noise_corr_abs_mean"] <= 1


def test_flow_is_as_long_as_the_motion():
    smooth = np.asarray(Image.fromarray(SCENE).resize((512, 384), Image.Resampling.BICUBIC))
    moved = temporal.measure(footage([np.ascontiguousarray(smooth[20:320, x : x + 400]) for x in (40, 43, 46, 49)]))
    assert 2.4 < moved["flow_mean"] < 3.3
    assert moved["flow_cv"] < 0.1


def test_one_bright_frame_flickers_more_than_steady_grain():
    steady = [grain(seed) for seed in range(6)]
    flash = [*steady[:3], np.clip(steady[3].astype(int) + 60, 0, 255).astype(np.uint8), *steady[4:]]
    assert temporal.measure(footage(flash))["flicker_score"] > 3 * temporal.measure(footage(steady))["flicker_score"]


def test_says_nothing_without_a_step():
    with pytest.raises(NotApplicable):
        temporal.measure(Footage(FACTS, ()))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 5), (33, 17)])
def test_small_frames_give_finite_numbers_and_stay_untouched(size):
    frames = [np.random.default_rng(i).integers(0, 256, (*size, 3), np.uint8) for i in range(3)]
    kept = [frame.copy() for frame in frames]
    measured = temporal.measure(footage(frames))
    assert all(np.isfinite(value) for value in measured.values())
    assert all((frame == before).all() for frame, before in zip(frames, kept, strict=True))
    declared = {metric.name: metric for metric in temporal_metrics()}
    assert measured.keys() == declared.keys()
    for name, value in measured.items():
        assert declared[name].low is None or value >= declared[name].low
        assert declared[name].high is None or value <= declared[name].high


def temporal_metrics():
    from analysis.registry import all_analyzers

    return next(a.metrics for a in all_analyzers() if a.component == "temporal")


def test_metadata_are_the_facts():
    assert metadata.measure(Footage(FACTS, ())) == {
        "duration": 4, "frame_rate": 25, "width": 640, "height": 480, "aspect_ratio": pytest.approx(4 / 3),
    }  # fmt: skip
