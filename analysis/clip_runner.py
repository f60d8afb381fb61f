"""Runs the analyzers on a clip: every sampled frame, every step between two, then the analyzers over the whole clip.

Frames are spread over the cores, one analyzer after another within a frame: so a frame's planes are computed once,
shared, and gone when the frame is done.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2

from .facts import Kind
from .media.frames import Footage, Media
from .process import keep_freed_memory
from .registry import Analyzer, Over, all_analyzers
from .report import ComponentResult, Status
from .runner import Progress, run_one
from .signal.steps import FrameStep, step

DEEP_FRAMES = 5
_FEW = frozenset({"deep"})
"""Components that read only ``DEEP_FRAMES`` of the frames."""

Results = dict[str, ComponentResult]


@dataclass(frozen=True)
class ClipMeasurements:
    """What the analyzers gave: over the clip (means over the frames), frame by frame, and step by step.

    ``steps[i]`` leads from frame i to frame i + 1; None where the two differ in size.
    """

    components: Results
    frames: tuple[Results, ...]
    steps: tuple[FrameStep | None, ...]


def run_clip(
    media: Media, *, skip: Collection[str] = (), progress: Progress | None = None, threads: int | None = None
) -> ClipMeasurements:
    """Run all analyzers that know video.

    Parameters
    ----------
    media
        A clip with at least one frame.
    skip
        Components to leave out.
    progress
        Called as ``progress(done, total, what)`` after each frame and each step, from the caller's thread. What it
        raises ends the analysis at once.
    threads
        How many frames are looked at side by side; default: one a core.
    """
    chosen = [a for a in all_analyzers() if Kind.VIDEO in a.kinds and a.component not in skip]
    on_frames = [a for a in chosen if a.over is Over.FRAME]
    over_clip = [a for a in chosen if a.over is Over.CLIP]
    frames = media.frames
    few = {int((k + 0.5) * len(frames) / DEEP_FRAMES) for k in range(DEEP_FRAMES)}
    keep_freed_memory()

    def look(number: int) -> Results:
        mine = [a for a in on_frames if a.component not in _FEW or number in few]
        results = {a.component: run_one(a, frames[number]) for a in mine}
        frames[number].forget_planes()
        return results

    def compare(number: int) -> FrameStep | None:
        before, after = frames[number].preview, frames[number + 1].preview
        return step(before, after) if before.shape == after.shape else None

    pairs = len(frames) - 1 if any(a.component == "temporal" for a in over_clip) else 0
    with _one_thread_each(), ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        looks = [pool.submit(look, number) for number in range(len(frames))]
        compared = [pool.submit(compare, number) for number in range(pairs)]
        names = {future: f"frame {i + 1} of {len(frames)}" for i, future in enumerate(looks)}
        _await([*looks, *compared], names, progress)
        by_frame = tuple(future.result() for future in looks)
        steps = tuple(future.result() for future in compared)
    components = {a.component: mean(by_frame, a) for a in on_frames}
    footage = Footage(media.facts, tuple(s for s in steps if s is not None))
    components |= {a.component: run_one(a, footage) for a in over_clip}
    return ClipMeasurements(dict(sorted(components.items())), by_frame, steps)


def run_over_clip(component: str, footage: Footage) -> ComponentResult:
    """Run the analyzer of one component over a clip, or over some of its steps."""
    return run_one(next(a for a in all_analyzers() if a.component == component), footage)


def mean(by_frame: Sequence[Mapping[str, ComponentResult]], analyzer: Analyzer) -> ComponentResult:
    """The means of a component's metrics over the frames on which it could be measured."""
    results = [results[analyzer.component] for results in by_frame if analyzer.component in results]
    seconds = round(sum(result.seconds for result in results), 6)
    measured = [result.metrics for result in results if result.status is Status.OK]
    if not measured:
        first = next((r for r in results if r.status is Status.FAILED), results[0])
        return ComponentResult(status=first.status, note=first.note, seconds=seconds)
    names = dict.fromkeys(name for metrics in measured for name in metrics)
    means = {}
    for name in names:
        values = [metrics[name] for metrics in measured if name in metrics]
        means[name] = sum(values) / len(values)
    return ComponentResult(status=Status.OK, metrics=means, seconds=seconds)


def _await(running: Sequence[Future[Any]], names: Mapping[Future[Any], str], progress: Progress | None) -> None:
    """Wait for all; when one fails, or the listener raises, what has not begun does not begin."""
    try:
        for done, future in enumerate(as_completed(running), start=1):
            future.result()
            if progress is not None:
                progress(done, len(running), names.get(future, "motion"))
    except BaseException:
        for future in running:
            future.cancel()
        raise


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep OpenCV from splitting each filter over all cores while every core has a frame of its own."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
