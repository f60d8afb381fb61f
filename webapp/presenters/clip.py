"""A clip over time: its sampled frames on a line, the curve of their scores, cuts and frozen stretches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from analysis.explain import words
from analysis.explain.rows import component_title, over_time, tone
from analysis.report import FrameReading, Pending, Report, StepReading, Timeline

_WIDE, _HIGH = 1000.0, 200.0  # of the drawing of the curves


@dataclass(frozen=True)
class LensView:
    """A lens to look through: its name, its words, the name of its picture."""

    name: str
    words: words.LensWords
    picture: str


@dataclass(frozen=True)
class Shown:
    """One sampled frame: its reading, the name of its small picture if there is one, and its place among the strongest.

    ``x`` and ``y`` are its point on the curve.
    """

    reading: FrameReading
    picture: str | None
    rank: int | None
    x: float
    y: float

    @property
    def tone(self) -> str:
        """The tone of its score's band."""
        return tone(self.reading.score)


def clip(found: Report, names: Collection[str]) -> dict[str, Any] | None:
    """Everything the timeline shows; None for a still."""
    timeline = found.timeline
    if timeline is None or not timeline.frames:
        return None
    start, end = _span(timeline)
    rank = {number: at for at, number in enumerate(timeline.strongest)}

    def across(time: float) -> float:
        return _WIDE * (time - start) / (end - start)

    frames = [
        Shown(
            reading=frame,
            picture=name if (name := words.FRAME_PICTURE.format(frame.number)) in names else None,
            rank=rank.get(frame.number),
            x=across(frame.time),
            y=_HIGH - _HIGH * (frame.score or 0.0) / 100,
        )
        for frame in timeline.frames
    ]
    return {
        "frames": frames,
        "strongest": sorted((one for one in frames if one.rank is not None), key=lambda one: one.rank or 0)[:3],
        "curve": " ".join(f"{one.x:.1f},{one.y:.1f}" for one in frames if one.reading.score is not None),
        "motion": _curve(timeline.steps, across),
        "cuts": [(across((cut.start + cut.end) / 2 if cut.time is None else cut.time), cut) for cut in timeline.cuts],
        "freezes": [(across(one.start), across(one.end) - across(one.start), one) for one in timeline.freezes],
        "notes": over_time(found),
        "titles": {name: component_title(found, name) for name in found.components},
        "start": start,
        "end": end,
    }


def lenses(found: Report, names: Collection[str], frame: int | None = None) -> list[LensView]:
    """The lenses of a still, of a clip's strongest frame, or of that ``frame`` of a clip; only those there are."""
    if frame is None or frame == strongest(found):
        pictures = {name: name for name in words.LENSES}
    else:
        pictures = {name: words.FRAME_LENS.format(frame, name) for name in words.LENSES}
        pictures["original"] = words.FRAME_PICTURE.format(frame)
    return [LensView(name, words.LENSES[name], picture) for name, picture in pictures.items() if picture in names]


def coming(found: Report, names: Collection[str]) -> list[str]:
    """Titles of the lenses that are still being drawn."""
    if Pending.LENSES not in found.pending:
        return []
    drawn = {name: one.title for name, one in words.LENSES.items() if name != "evidence" or found.evidence_map}
    return [title for name, title in drawn.items() if name not in names]


def strongest(found: Report) -> int | None:
    """The number of a clip's strongest frame, whose lenses are the largest; the first where none was scored."""
    if found.timeline is None or not found.timeline.frames:
        return None
    return found.timeline.strongest[0] if found.timeline.strongest else 0


def _span(timeline: Timeline) -> tuple[float, float]:
    start, end = timeline.frames[0].time, timeline.frames[-1].time
    return start, end if end > start else start + 1.0


def _curve(steps: Collection[StepReading], across: Any) -> str:
    """Mean change from frame to frame, the largest at the top."""
    most = max((step.difference for step in steps), default=0.0) or 1.0
    return " ".join(f"{across(step.time):.1f},{_HIGH - _HIGH * step.difference / most:.1f}" for step in steps)
