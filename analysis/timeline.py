"""A clip over time: what each frame scores, the curves of change, cuts, frozen stretches, repeated frames.

Cuts matter for more than the picture: a step across a cut is no motion, so the rules over time read the steps within
scenes only (:func:`within_scenes`), while the metrics stay those of all consecutive frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import clip_runner
from .clip_runner import ClipMeasurements
from .media.frames import Burst, Footage, Media
from .report import Cadence, ComponentResult, Cut, FrameReading, Freeze, Status, StepReading, Timeline
from .signal.steps import FrameStep, scene_change
from .verdict import rules

# Measured on 49 photographs: 85 % of the pairs of different ones pass, and none of the pairs that a camera moving over
# the same one gives until half of the picture is new.
_OTHER_PALETTE, _UNLIKE = 0.45, 0.7
_OTHER_PALETTE_AT_KEYFRAME = 0.3
_STILL = 0.1  # levels of mean difference; a camera on a tripod gives 0.5 and more, even after compression
_REPEAT, _MOVING = 0.1, 0.3  # of the median difference of neighbors; levels
_PERIODS = range(2, 13)


def build(media: Media, reading: ClipMeasurements, cuts: Sequence[Cut]) -> Timeline:
    """Everything the report says of a clip over time.

    Parameters
    ----------
    media
        A clip.
    reading
        What the analyzers gave on it.
    cuts
        From :func:`find_cuts`.
    """
    freezes = find_freezes(media, reading.steps)
    cadence = find_cadence(media.clip.burst, media.facts.fps) if media.clip is not None else None
    frames = _frames(media, reading, cuts)
    ranked = sorted((f for f in frames if f.score is not None), key=lambda f: -(f.score or 0.0))
    return Timeline(
        frames=frames,
        steps=_steps(media, reading.steps, cuts),
        cuts=tuple(cuts),
        freezes=freezes,
        cadence=cadence,
        strongest=tuple(frame.number for frame in ranked),
        notes=(
            *_notes(media, reading.steps, cuts, freezes),
            *([cadence.sentence] if cadence is not None else []),
        ),
    )


def within_scenes(media: Media, reading: ClipMeasurements, cuts: Sequence[Cut]) -> ComponentResult | None:
    """``temporal`` over the steps that cross no cut; None where that is what was measured, or nothing was.

    Where every step crosses one, it is not applicable.
    """
    over_time = reading.components.get("temporal")
    if over_time is None or over_time.status is not Status.OK or not cuts:
        return None
    crossing = {cut.after for cut in cuts}
    steps = tuple(s for i, s in enumerate(reading.steps) if s is not None and i not in crossing)
    return clip_runner.run_over_clip("temporal", Footage(media.facts, steps))


def find_cuts(media: Media) -> tuple[Cut, ...]:
    """The steps that lead into another scene: other colors and another outline, or another size.

    A keyframe that comes before its turn between the two frames is where the encoder saw a cut too: then less is asked
    of the pictures, and the keyframe tells the time.
    """
    keyframes = media.clip.keyframes if media.clip is not None else np.zeros(0)
    found = []
    for number, (before, after) in enumerate(pairwise(media.frames)):
        early = _early_keyframe(keyframes, before.time, after.time)
        palette = _OTHER_PALETTE if early is None else _OTHER_PALETTE_AT_KEYFRAME
        same_size = before.preview.shape == after.preview.shape
        change = scene_change(before.preview, after.preview) if same_size else None
        if change is None or (change.palette_distance >= palette and change.likeness < _UNLIKE):
            found.append(Cut(after=number, start=before.time, end=after.time, time=early))
    return tuple(found)


def _early_keyframe(keyframes: NDArray[np.float64], start: float, end: float) -> float | None:
    """The only keyframe after ``start`` up to ``end``, if it comes clearly sooner after the last than keyframes do."""
    inside = np.flatnonzero((keyframes > start + 1e-6) & (keyframes <= end + 1e-6))
    if len(inside) != 1 or inside[0] == 0 or len(keyframes) < 3:
        return None
    gaps = np.diff(keyframes)
    return round(float(keyframes[inside[0]]), 4) if gaps[inside[0] - 1] < 0.9 * gaps.max() else None


def find_freezes(media: Media, steps: Sequence[FrameStep | None]) -> tuple[Freeze, ...]:
    """Stretches in which one sampled frame after the other is the same picture."""
    found: list[Freeze] = []
    for number, step in enumerate(steps):
        if step is None or step.difference >= _STILL:
            continue
        first = number
        if found and found[-1].last == number:
            first = found.pop().first
        found.append(
            Freeze(first=first, last=number + 1, start=media.frames[first].time, end=media.frames[number + 1].time)
        )
    return tuple(found)


def find_cadence(burst: Burst | None, rate: float | None) -> Cadence | None:
    """Repeated frames among frames in a row: a frozen picture, or the trace of a conversion of the frame rate.

    A frame repeats the one before it when it differs from it by less than a tenth of what neighbors differ by in the
    median; a scene in which hardly anything moves says nothing.
    """
    if burst is None or len(burst.pictures) < 6:
        return None
    changes = _changes(burst)
    moving = changes[changes > 1e-3]
    typical = float(np.median(moving)) if moving.size else 0.0
    start, end = round(float(burst.times[0]), 4), round(float(burst.times[-1]), 4)
    if typical < _MOVING:
        return None
    repeats = changes < _REPEAT * typical
    repeated, of = int(repeats.sum()), len(repeats)
    if not repeated:
        return None
    period = _period(repeats)
    if period is None:
        sentence = (
            f"{repeated} of {of} frames in a row repeat the frame before, at no regular interval. Dropped frames, "
            "screen recording and streaming do this; so does slowing a clip down."
        )
        return Cadence(repeated=repeated, of=of, start=start, end=end, sentence=sentence)
    original = round(rate * (1 - repeated / of), 2) if rate else None
    speed = f", from about {_nearest_rate(original):g} to {rate:g} frames a second" if original and rate else ""
    sentence = (
        f"Frames repeat with a period of {period}: the frame rate was converted{speed}. Editors and web sites do this, "
        "and so do generators that make few frames a second."
    )
    return Cadence(
        repeated=repeated, of=of, start=start, end=end, sentence=sentence, period=period, original_rate=original
    )


def _changes(burst: Burst) -> NDArray[np.float64]:
    """Mean absolute difference of each two neighbors, in levels."""
    changes: NDArray[np.float64] = np.abs(np.diff(burst.pictures.astype(np.int16), axis=0)).mean(axis=(1, 2))
    return changes


def _period(repeats: NDArray[np.bool_]) -> int | None:
    """The shortest period after which the pattern of repeats comes again, allowing one frame in twelve to differ."""
    for period in _PERIODS:
        if len(repeats) < 3 * period:
            break
        again = np.mean(repeats[period:] == repeats[:-period])
        share = repeats.mean()
        by_chance = share**2 + (1 - share) ** 2
        if again >= 1 - 1 / 12 and again > by_chance + 0.1:
            return period
    return None


def _nearest_rate(rate: float) -> float:
    common = (6, 8, 10, 12, 12.5, 15, 16, 20, 24, 25, 30, 48, 50, 60)
    nearest = min(common, key=lambda c: abs(c - rate))
    return nearest if abs(nearest - rate) <= 0.06 * nearest else round(rate, 1)


def _frames(media: Media, reading: ClipMeasurements, cuts: Sequence[Cut]) -> tuple[FrameReading, ...]:
    keyframes = media.clip.keyframes if media.clip is not None else np.zeros(0)
    scene_starts = {cut.after + 1 for cut in cuts}
    scene, found = 0, []
    for number, (frame, results) in enumerate(zip(media.frames, reading.frames, strict=True)):
        scene += number in scene_starts
        scored = rules.score_frame(results, width=media.facts.width, height=media.facts.height)
        scores = {name: round(r.score, 2) for name, r in scored.components.items() if r.score is not None}
        found.append(
            FrameReading(
                number=number,
                index=frame.index,
                time=frame.time,
                score=None if scored.score is None else round(scored.score, 2),
                scene=scene,
                keyframe=bool(np.any(np.abs(keyframes - frame.time) < 1e-3)),
                components=scores,
            )
        )
    return tuple(found)


def _steps(media: Media, steps: Sequence[FrameStep | None], cuts: Sequence[Cut]) -> tuple[StepReading, ...]:
    crossing = {cut.after for cut in cuts}
    return tuple(
        StepReading(
            number=number,
            time=media.frames[number + 1].time,
            difference=round(step.difference, 3),
            flow=round(step.flow, 3),
            noise_correlation=round(step.noise_correlation, 4),
            color_shift=round(step.color_shift, 3),
            cut=number in crossing,
            still=step.difference < _STILL,
        )
        for number, step in enumerate(steps)
        if step is not None
    )


def _notes(
    media: Media, steps: Sequence[FrameStep | None], cuts: Sequence[Cut], freezes: Sequence[Freeze]
) -> list[str]:
    notes = []
    video = media.facts.video
    if video is not None and video.sampled_until is not None:
        notes.append(
            f"Only the first {video.sampled_until:.0f} seconds could be read in the time allowed; "
            "what comes after them was not looked at."
        )
    if video is not None and video.lost:
        chosen = video.sampled + video.lost
        notes.append(f"{video.lost} of the {chosen} frames chosen are damaged and were left out.")
    if video is not None and video.dolby_vision:
        notes.append(
            "The clip is in Dolby Vision's own colors, which cannot be converted here: it looks green and purple, and "
            "what is measured of its colors says nothing."
        )
    if cuts and len(cuts) == len(steps):
        notes.append("Every two consecutive sampled frames show different scenes, so nothing is said of motion.")
    elif cuts:
        scenes = f"{len(cuts)} cut" + ("s" if len(cuts) > 1 else "")
        notes.append(f"{scenes} found between the sampled frames; what is said of motion is read within the scenes.")
    still = sum(freeze.last - freeze.first for freeze in freezes)
    if steps and still == len(steps):
        burst = media.clip.burst if media.clip is not None else None
        repeats = burst is not None and _changes(burst).max() >= _STILL
        notes.append(
            "All sampled frames are the same picture although frames in a row differ: the clip repeats itself."
            if repeats
            else "The picture does not change at all: a still picture shown as a clip."
        )
    elif freezes:
        notes.append(f"{still} of {len(steps)} sampled frames are the same picture as the one before.")
    return notes
