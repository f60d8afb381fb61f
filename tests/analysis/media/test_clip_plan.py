"""Which frames are looked at and what must be decoded for them, on time stamps alone."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.media.clip_plan import BURST, SAMPLED, Packets, choose, plan, schedule

PIXELS = 1920 * 1080


def packets(times, keys=(0,), tick=1e-3):
    key = np.zeros(len(times), bool)
    key[list(keys)] = True
    return Packets(pts=np.rint(np.asarray(times) / tick).astype(np.int64), key=key, tick=tick)


def even(count, rate=30, every=250):
    return packets(np.arange(count) / rate, range(0, count, every))


@pytest.mark.parametrize("count", [31, 45, 300, 5000])
def test_even_over_the_whole_clip(count):
    found = even(count, every=10_000)
    shown = schedule(found)
    times = shown.times[choose(found, shown)]
    assert len(times) == SAMPLED
    slice_ = shown.duration / SAMPLED
    assert times == pytest.approx((np.arange(SAMPLED) + 0.5) * slice_, abs=1 / 30 + 1e-3)


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_few_frames_are_all_taken(count):
    found = even(count)
    assert choose(found, schedule(found)) == list(range(count))


def test_a_keyframe_near_the_middle_of_a_slice_is_taken_instead():
    found = even(30 * 600, every=45)  # ten minutes, slices of 20 s, a keyframe every 1.5 s
    shown = schedule(found)
    chosen = choose(found, shown)
    assert all(index % 45 == 0 for index in chosen)
    assert np.abs(shown.times[chosen] - (np.arange(SAMPLED) + 0.5) * 20).max() <= 2


def test_a_rare_keyframe_is_not_waited_for():
    found = even(3000, every=1000)
    assert len([i for i in choose(found, schedule(found)) if i % 1000 == 0]) <= 1


def test_a_frame_that_stays_long_is_taken_once():
    found = packets([*np.arange(60), 90, 91])  # frame 59 is on screen for a third of the clip
    chosen = choose(found, schedule(found))
    assert len(set(chosen)) == len(chosen) == pytest.approx(20, abs=1)
    assert 59 in chosen


def test_frames_are_counted_where_nearly_all_time_lies_in_one_of_them():
    found = packets([*np.arange(100) / 30, 3600])
    chosen = choose(found, schedule(found))
    assert len(chosen) == SAMPLED
    assert max(np.diff(chosen)) <= 4


@pytest.mark.parametrize("times", [np.zeros(90), np.repeat([0.0, 1.0], 45)])
def test_time_stamps_that_say_nothing_are_replaced_by_counting(times):
    found = packets(times)
    shown = schedule(found)
    assert not shown.trusted
    assert choose(found, shown) == list(range(1, 90, 3))


def test_order_of_presentation_differs_from_order_of_decoding():
    found = packets([0, 3, 1, 2, 6, 4, 5])
    shown = schedule(found)
    assert list(shown.order) == [0, 2, 3, 1, 5, 6, 4]
    assert list(shown.times) == [0, 1, 2, 3, 4, 5, 6]
    assert shown.duration == 7


def test_a_short_clip_is_read_on():
    todo = plan(even(300), schedule(even(300)), PIXELS)
    assert len(todo.stretches) == 1
    assert todo.stretches[0].stop == max(todo.wanted) + 1


def test_a_long_clip_costs_one_frame_a_slice_and_the_burst():
    found = even(216_000, every=250)
    todo = plan(found, schedule(found), PIXELS)
    assert len(todo.wanted) == SAMPLED
    assert sum(map(len, todo.stretches)) <= SAMPLED + BURST + 20


def test_where_exact_frames_cost_too_much_keyframes_of_the_slice_serve():
    found = even(30 * 3600, every=30 * 40)  # an hour, slices of 120 s, a keyframe every 40 s
    dear, cheap = (plan(found, schedule(found), pixels) for pixels in (8 * PIXELS, 100))
    assert sum(map(len, dear.stretches)) < sum(map(len, cheap.stretches)) / 10
    assert all(found.key[number] for number in dear.wanted)


def test_every_stretch_begins_where_decoding_can():
    found = even(20_000, every=300)
    for stretch in plan(found, schedule(found), PIXELS).stretches:
        assert found.key[stretch.start]


def test_frames_stored_after_a_keyframe_but_shown_before_it_start_at_the_one_before():
    times = np.arange(100) / 10
    times[[50, 51, 52]] = times[[52, 50, 51]]  # the keyframe 50 is shown after the two that follow it
    found = packets(times, keys=(0, 50))
    todo = plan(found, schedule(found), PIXELS, sampled=100)
    assert todo.stretches[0].start == 0
