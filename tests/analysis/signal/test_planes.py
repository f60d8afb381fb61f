"""Shared planes: computed once, also when two threads ask at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest

from analysis.signal.planes import Planes, shared


class Slow:
    """Counts how often its plane is computed."""

    def __init__(self):
        self.computed = 0
        self.may_go_on = Event()

    @shared
    def plane(self):
        """A plane."""
        self.computed += 1
        self.may_go_on.wait(5)
        return np.zeros(3)

    @shared
    def other(self):
        """Another plane; computing it lets the first one finish."""
        self.may_go_on.set()
        return {1: (np.ones(2),)}


def test_computed_once_and_two_planes_side_by_side():
    slow, start = Slow(), Barrier(3)

    def ask(name):
        start.wait(5)
        return getattr(slow, name)

    with ThreadPoolExecutor(3) as pool:
        one, same, other = pool.map(ask, ["plane", "plane", "other"])
    assert one is same is slow.plane
    assert slow.computed == 1
    assert other is slow.other


def test_read_only_to_the_innermost_array():
    slow = Slow()
    with pytest.raises(ValueError, match="read-only"):
        slow.other[1][0][0] = 5


def test_documented_like_any_member():
    assert "float32" in Planes.grey32.__doc__


def test_grey_is_the_usual_weighting():
    colors = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 200, 100]]], np.uint8)
    weighted = np.rint(colors @ np.array([0.299, 0.587, 0.114]))
    assert np.array_equal(Planes(colors).grey, weighted)


def test_spectrum_of_a_flat_picture_is_its_sum_alone():
    spectrum = Planes(np.full((64, 64, 3), 9, np.uint8)).spectrum
    assert spectrum.shape == (64, 33)
    assert spectrum[0, 0] == 64 * 64 * 9
    assert np.count_nonzero(spectrum) == 1
