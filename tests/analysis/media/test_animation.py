"""Animations opened as clips, when asked; and as the stills they are otherwise."""

from __future__ import annotations

import io

import numpy as np
import pytest
from made_clips import numbers, picture
from PIL import Image

from analysis import analyze, open_media
from analysis.errors import ErrorCode, MediaError
from analysis.facts import Kind
from analysis.media.frames import Limits


def animation(count, fmt="GIF", durations=100, size=(96, 64)):
    pictures = [Image.fromarray(picture(number, size)) for number in range(count)]
    buffer = io.BytesIO()
    lossless = {"lossless": True} if fmt == "WEBP" else {}
    pictures[0].save(buffer, fmt, save_all=True, append_images=pictures[1:], duration=durations, **lossless)
    return buffer.getvalue()


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_a_clip_when_asked(fmt):
    data = animation(45, fmt)
    media = open_media(data, animations=True)
    assert media.facts.kind is Kind.VIDEO
    assert media.facts.format == fmt
    assert (media.facts.frames, len(media.frames)) == (45, 30)
    assert media.facts.duration == pytest.approx(4.5)
    assert media.facts.fps == pytest.approx(10)
    assert numbers(media) == [frame.index for frame in media.frames]
    assert [frame.time for frame in media.frames] == pytest.approx([frame.index / 10 for frame in media.frames])
    assert open_media(data).facts.kind is Kind.IMAGE


def test_uneven_durations_are_obeyed():
    media = open_media(animation(40, durations=[50] * 20 + [200] * 20), animations=True)
    assert media.facts.duration == pytest.approx(5)
    assert sum(frame.index >= 20 for frame in media.frames) > 15


def test_absurdly_short_durations_are_those_of_browsers():
    assert open_media(animation(10, durations=10), animations=True).facts.duration == pytest.approx(1)


@pytest.mark.parametrize("data", [animation(1), animation(3), animation(3, "WEBP")], ids=["one", "few", "few WebP"])
def test_a_few_pictures_are_no_clip(data):
    assert open_media(data, animations=True).facts.kind is Kind.IMAGE


def test_other_pictures_are_unmoved():
    buffer = io.BytesIO()
    Image.fromarray(picture(1)).save(buffer, "JPEG")
    assert open_media(buffer.getvalue(), animations=True).facts.format == "JPEG"


def test_a_damaged_end_leaves_what_came_before():
    data = animation(40)
    media = open_media(data[: len(data) // 2], animations=True)
    assert 4 <= len(media.frames) <= 30
    assert numbers(media) == [frame.index for frame in media.frames]


def test_limits_hold():
    with pytest.raises(MediaError) as caught:
        open_media(animation(10), Limits(max_pixels=96 * 64 - 1), animations=True)
    assert caught.value.code is ErrorCode.TOO_MANY_PIXELS


def test_it_is_analyzed_as_a_clip():
    report = analyze(open_media(animation(12, size=(320, 240)), animations=True), skip={"deep"}, threads=2)
    assert len(report.timeline.frames) == 12
    assert report.components["temporal"].metrics["frame_diff_mean"] > 0
    assert np.isfinite(report.score)
