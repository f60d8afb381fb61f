"""From what a worker tells to what a waiting person is shown: honest counts, and how soon to ask again."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from analysis.media.sniff import VIDEO_FORMATS

from ..queue.jobs import JobProgress, QueuePosition
from ..storage.rows import Analysis, JobState

_FRAME = re.compile(r"frame (\d{1,3}) of (\d{1,3})")  # what the engine calls a step on a clip


@dataclass(frozen=True)
class Stage:
    """A part of the work that is under way: how much of it is done."""

    title: str
    done: int
    of: int


def progress(row: Analysis, waiting: QueuePosition | None, told: JobProgress) -> dict[str, Any]:
    """Everything the progress fragment shows: the steps to the answer, with which the report comes."""
    is_clip = row.format in VIDEO_FORMATS or row.as_clip
    stages = _clip_stages(told) if is_clip else _still_stages(told)
    known = 0 if is_clip or not told.done else len(stages)  # a clip's frames are counted by the worker
    if not row.format:
        stages = [Stage("Fetching the file", 0, 1)]  # what it is, and so what follows, is not known yet
    age = time.time() - row.created_at
    return {
        "running": row.state == JobState.RUNNING,
        "waiting": waiting,
        "stages": stages,
        "done": len(told.done),
        "total": told.total or known,  # 0 while it is not known: then nothing is shown of which more may turn up
        "frames": _frames_done(told),
        "delay": 150 if age < 3 else 500 if age < 15 else 1500,
    }


def _still_stages(told: JobProgress) -> list[Stage]:
    return [Stage("Opening the file", int("open" in told.done), 1), Stage("The detector looks at it", 0, 1)]


def _clip_stages(told: JobProgress) -> list[Stage]:
    """A clip is measured frame by frame, all analyzers at once: so that is how far it is told."""
    frames = _frames_done(told)
    stages = [Stage("Opening the clip", int("open" in told.done), 1)]
    if frames:
        stages.append(Stage("Frames", sum(frames), len(frames)))
    if len(frames) > 1:
        stages.append(Stage("From frame to frame", told.done.count("motion"), len(frames) - 1))
    return stages


def _frames_done(told: JobProgress) -> list[bool]:
    """Of a clip: which of its sampled frames are measured; empty until the first one is."""
    named = [found for found in map(_FRAME.fullmatch, told.done) if found]
    if not named:
        return []
    done = {int(found[1]) for found in named}
    return [number in done for number in range(1, int(named[0][2]) + 1)]
