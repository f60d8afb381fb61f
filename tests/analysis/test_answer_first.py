"""The answer comes before the measurements, and nothing that follows turns it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from analysis import Scoring, analyze, open_media
from analysis.explain.headline import headline
from analysis.report import Pending, Report, from_json, to_json
from analysis.verdict import detector, stability
from tests.webapp.given import animation

SKIP = {"deep"}


def saved(pixels: np.ndarray, fmt: str = "JPEG", **options) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, fmt, **options)
    return kept.getvalue()


def made(seed: int, height: int, width: int, grain: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 120.0)
    for cells, weight in ((4, 60), (16, 25), (64, 12)):
        tile = rng.normal(0, weight, (cells, cells, 3)).astype(np.float32)
        picture += np.dstack([np.asarray(Image.fromarray(tile[..., c]).resize((width, height), 3)) for c in range(3)])
    return np.clip(picture + rng.normal(0, grain, picture.shape), 0, 255).astype(np.uint8)


PICTURES = {
    "photograph-like": lambda: saved(made(1, 480, 640, 4.0), quality=92),
    "large": lambda: saved(made(2, 1200, 1600, 6.0), quality=88),
    "small and poor": lambda: saved(made(3, 300, 400, 2.0), quality=35),
    "lossless": lambda: saved(made(4, 600, 500, 0.5), "PNG"),
    "soft": lambda: saved(made(5, 512, 512, 0.0), "WEBP", quality=80),
    "flat, so not scored": lambda: saved(np.full((300, 300, 3), 180, np.uint8), "PNG"),
}


def both(data: bytes, **asked) -> tuple[list[Report], Report]:
    answers: list[Report] = []
    return answers, analyze(open_media(data), skip=SKIP, on_answer=answers.append, **asked)


@pytest.mark.parametrize("name", PICTURES)
def test_what_follows_the_answer_turns_nothing(name):
    (first,), last = both(PICTURES[name]())
    for part in ("score", "verdict", "summary", "recommendation", "abstained", "false_alarm_rate", "likeness",
                 "evidence_map", "measured", "provenance", "context", "engine", "sha256", "media"):  # fmt: skip
        assert getattr(first, part) == getattr(last, part), part
    assert headline(first) == headline(last)
    assert last.pending == ()
    assert not first.components
    assert last.components
    assert last.quality
    if last.score is None:
        assert first.pending == (Pending.MEASUREMENTS,)
        assert first.confidence == last.confidence
    else:
        assert first.pending == (Pending.MEASUREMENTS, Pending.STABILITY)
        assert first.stability is None
        assert last.stability
    assert from_json(to_json(first)) == first


@pytest.mark.parametrize("flips", [True, False])
def test_only_the_confidence_may_fall(monkeypatch, flips):
    known = detector.load(None)
    monkeypatch.setattr(stability, "flips", lambda _score, again: flips and bool(again))
    monkeypatch.setitem(known.facts, "right_where_it_flips", 0.2)
    (first,), last = both(PICTURES["photograph-like"]())
    assert first.confidence > 20.0
    assert last.confidence == (20.0 if flips else first.confidence)
    assert headline(first) == headline(last)


def test_the_answer_is_told_before_anything_is_measured(monkeypatch):
    heard: list[str] = []
    analyze(
        open_media(PICTURES["photograph-like"]()),
        skip=SKIP,
        progress=lambda _done, _total, name: heard.append(name),
        on_answer=lambda _report: heard.append("answer"),
    )
    assert heard[0] == "answer"
    assert heard.count("answer") == 1
    assert len(heard) > 5


def test_what_the_listener_raises_ends_the_analysis():
    def stop(_report: Report) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        analyze(open_media(PICTURES["photograph-like"]()), skip=SKIP, on_answer=stop)


def test_a_clip_by_the_rules_is_told_when_it_is_whole():
    answers: list[Report] = []
    media = open_media(animation(), animations=True)
    last = analyze(media, skip=SKIP, scoring=Scoring.RULES, on_answer=answers.append)
    assert answers == [last]
    assert last.pending == ()


def test_by_the_rules_the_answer_is_the_whole_report():
    answers, last = both(PICTURES["lossless"](), scoring=Scoring.RULES)
    assert answers == [last]
