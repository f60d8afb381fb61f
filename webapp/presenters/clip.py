"""A clip over time: its sampled frames on a line, the curve of their scores, cuts and frozen stretches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from analysis.explain import words
from analysis.explain.curves import curves, height, shots_in_words
from analysis.explain.rows import component_title, over_time, tone
from analysis.report import FrameReading, Pending, Report


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
    drawn = curves(timeline)
    rank = {number: at for at, number in enumerate(timeline.strongest)}
    frames = [
        Shown(
            reading=frame,
            picture=name if (name := words.FRAME_PICTURE.format(frame.number)) in names else None,
            rank=rank.get(frame.number),
            x=drawn.across(frame.time),
            y=height(frame.score),
        )
        for frame in timeline.frames
    ]
    return {
        "frames": frames,
        "strongest": sorted((one for one in frames if one.rank is not None), key=lambda one: one.rank or 0)[:3],
        "curves": drawn,
        "part": shots_in_words(found),
        "notes": over_time(found),
        "titles": {name: component_title(found, name) for name in found.components},
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
