"""A clip over time as a drawing: made here once, for the page and for the command's HTML.

Everything is laid out over a width of 1000 and a height of 100, times from left to right, the score 100 at the top.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..report import Cut, Freeze, Report, ShotReading, Timeline
from .headline import whole
from .rows import Rows, clock, tone

WIDE, HIGH = 1000.0, 100.0


@dataclass(frozen=True)
class DrawnShot:
    """A shot as a stretch of the line: its reading, where it is drawn, and whether the verdict is of it."""

    reading: ShotReading
    x: float
    width: float
    in_part: bool

    @property
    def tone(self) -> str:
        """The tone of its score's band."""
        return tone(self.reading.score)


@dataclass(frozen=True)
class ClipCurves:
    """The curves of a clip.

    Attributes
    ----------
    start, end
        Seconds at the left and at the right.
    scores, change, motion
        Points of three lines: the score of each frame, how much changes from frame to frame, how fast things move.
    most_change, most_motion
        What the tops of the last two stand for, in levels and in pixels.
    cuts, freezes
        Where they are, and what they are.
    shots
        Empty where there is only one.
    """

    start: float
    end: float
    scores: str
    change: str
    motion: str
    most_change: float
    most_motion: float
    cuts: tuple[tuple[float, Cut], ...]
    freezes: tuple[tuple[float, float, Freeze], ...]
    shots: tuple[DrawnShot, ...]

    def across(self, time: float) -> float:
        """Where a moment is drawn."""
        return WIDE * min(1.0, max(0.0, (time - self.start) / (self.end - self.start)))


def height(score: float | None) -> float:
    """Where a score is drawn, from the top."""
    return HIGH - HIGH * (score or 0.0) / 100


def curves(timeline: Timeline) -> ClipCurves:
    """Lay out a timeline that has frames."""
    start, end = timeline.frames[0].time, timeline.frames[-1].time
    empty = ClipCurves(start, end if end > start else start + 1.0, "", "", "", 0.0, 0.0, (), (), ())
    across = empty.across
    most_change = max((step.difference for step in timeline.steps), default=0.0)
    most_motion = max((step.flow for step in timeline.steps), default=0.0)
    shots = timeline.shots if len(timeline.shots) > 1 else ()
    return ClipCurves(
        start=empty.start,
        end=empty.end,
        scores=_points((across(f.time), height(f.score)) for f in timeline.frames if f.score is not None),
        change=_points((across(s.time), HIGH - HIGH * s.difference / (most_change or 1.0)) for s in timeline.steps),
        motion=_points((across(s.time), HIGH - HIGH * s.flow / (most_motion or 1.0)) for s in timeline.steps),
        most_change=most_change,
        most_motion=most_motion,
        cuts=tuple((across((c.start + c.end) / 2 if c.time is None else c.time), c) for c in timeline.cuts),
        freezes=tuple((across(one.start), across(one.end) - across(one.start), one) for one in timeline.freezes),
        shots=tuple(
            DrawnShot(shot, across(shot.start), across(shot.end) - across(shot.start), shot.number in timeline.part)
            for shot in shots
        ),
    )


def shots_in_words(report: Report) -> str | None:
    """Which shots the verdict is of, where it is not of the whole clip."""
    timeline = report.timeline
    if timeline is None or not timeline.part:
        return None
    chosen = [shot for shot in timeline.shots if shot.number in timeline.part]
    places = ", ".join(f"{clock(shot.start)}–{clock(shot.end)}" for shot in chosen)
    return f"The verdict is of these parts of the clip: {places}."


def shot_rows(report: Report) -> Rows:
    """Each shot in a line; nothing where there is only one."""
    shots = report.timeline.shots if report.timeline is not None else ()
    return [
        (
            f"Shot {shot.number + 1}, {clock(shot.start)}–{clock(shot.end)}",
            "not judged" if shot.score is None else f"{whole(shot.score)} of 100",
        )
        for shot in shots
        if len(shots) > 1
    ]


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
