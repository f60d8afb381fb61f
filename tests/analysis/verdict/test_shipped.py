"""The shipped parameters: they load without torch, say where they come from, and judge the same picture the same."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from analysis import analyze, open_media
from analysis.signal.planes import Planes
from analysis.verdict.answer import ask_detector
from analysis.verdict.conditions import CONDITIONS
from analysis.verdict.detector import load, open_detector
from analysis.verdict.stability import strip


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (12, 16, 3)).astype(np.float64)
    rows = np.linspace(0, 11, 480)
    columns = np.linspace(0, 15, 640)
    grown = np.stack([
        np.array([np.interp(columns, np.arange(16), row) for row in
                  np.array([np.interp(rows, np.arange(12), column) for column in small[..., c].T]).T])
        for c in range(3)
    ], axis=2)  # fmt: skip
    return np.clip(grown + rng.normal(0, 4, grown.shape), 0, 255).astype(np.uint8)


def test_the_parameters_say_where_they_come_from() -> None:
    facts = load().facts
    assert {"made", "manifest_sha256", "code", "figures", "recipe", "backbone"} <= facts.keys()
    assert set(load().conditions) == set(open_detector(None, "light").conditions) == set(CONDITIONS)


def test_a_verdict_is_finite_repeatable_and_in_range(scene: np.ndarray) -> None:
    first, second = (ask_detector(load(), scene, scene, ("clean", "web")) for _ in range(2))
    assert first.calibrated == second.calibrated
    assert 0 <= first.calibrated.score <= 100
    assert 15 <= first.calibrated.confidence <= 90
    assert 0 < first.calibrated.p <= 1
    assert math.isfinite(first.distance)


def test_the_strip_scores_every_change(scene: np.ndarray) -> None:
    scores = strip(load(), Planes(scene))
    assert set(scores) == {"JPEG 90", "JPEG 75", "JPEG 60", "half size", "cropped"}
    assert all(0 <= score <= 100 for score in scores.values())


def test_a_judged_picture_starts_no_more_threads_than_it_may(
    scene: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(threads: int) -> ThreadPoolExecutor:
        asked.append(threads)
        return ThreadPoolExecutor(threads)

    for module in ("analysis.engine", "analysis.runner", "analysis.verdict.stability"):
        monkeypatch.setattr(f"{module}.ThreadPoolExecutor", counted)
    _, data = cv2.imencode(".png", scene)
    assert analyze(open_media(data.tobytes()), skip={"deep"}, threads=1).stability
    assert asked == [1]


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (70, 70)])
def test_odd_sizes_are_judged_or_declined_but_never_fail(size: tuple[int, int]) -> None:
    pixels = np.zeros((*size, 3), np.uint8)
    assert ask_detector(load(), pixels, pixels, ("clean", "screenshot")).abstained
