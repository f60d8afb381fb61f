"""The shots of a clip: each held against genuine clips by itself, and whether AI is in some of them only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..explain.scale import AI_FROM
from ..media.frames import Media
from ..report import Cut, ShotReading
from .bands import FLIP, score_of
from .conformal import Condition

_MOST = 12
"""Shots beyond which a clip is too finely cut for each of them to be judged."""


@dataclass(frozen=True)
class ShotAnswer:
    """What the shots say together.

    Attributes
    ----------
    shots
        All of them, in their order.
    part
        Numbers of those that look made by AI, where others do not; else empty.
    p
        The p-value of the most AI-like shot, times their number: so many chances to be wrong were taken. 1 where
        fewer than two were judged.
    raw
        The raw output of that shot.
    """

    shots: tuple[ShotReading, ...] = ()
    part: tuple[int, ...] = ()
    p: float = 1.0
    raw: float = 0.0


def spans(count: int, cuts: Sequence[Cut]) -> list[range]:
    """The sampled frames of each shot."""
    starts = [0, *(cut.after + 1 for cut in cuts), count]
    return [range(a, b) for a, b in pairwise(starts)]


def judge_shots(
    media: Media,
    cuts: Sequence[Cut],
    raws: Mapping[int, float],
    *,
    clips: Mapping[str, Condition],
    frames: Mapping[str, Condition],
) -> ShotAnswer:
    """Judge every shot by the mean over its frames.

    Few frames vary more than the many of a whole clip: the more cautious of what single frames and what whole clips of
    the same kind are worth counts.

    Parameters
    ----------
    cuts
        Where one shot ends and the next begins.
    raws
        Raw output of the sampled frames that could be judged, by number.
    clips, frames
        What was measured on whole clips and on single frames, by condition in which the clip may have arrived.
    """
    found: list[ShotReading] = []
    ps: dict[int, tuple[float, float]] = {}
    places = spans(len(media.frames), cuts)
    for number, span in enumerate(places):
        known = {k: raws[k] for k in span if k in raws}
        start = _time(cuts[number - 1]) if number else media.frames[0].time
        end = _time(cuts[number]) if number < len(cuts) else media.facts.duration or media.frames[-1].time
        score = None
        if known and len(places) <= _MOST:
            raw = float(np.mean(list(known.values())))
            p = max(max(clips[c].p_value(raw), frames[c].p_value(raw)) for c in clips)
            ps[number] = p, raw
            score = round(score_of(p), 1)
        found.append(
            ShotReading(
                number=number, first=span[0], last=span[-1], start=round(start, 3), end=round(end, 3), score=score,
                strongest=max(known, key=lambda k: known[k]) if known else None,
            )
        )  # fmt: skip
    if len(ps) < 2:
        return ShotAnswer(tuple(found))
    least, raw = min(ps.values())
    corrected = min(1.0, least * len(ps))
    ai = tuple(n for n, (p, _) in ps.items() if score_of(min(1.0, p * len(ps))) >= FLIP)
    others = [n for n, (p, _) in ps.items() if score_of(p) < AI_FROM]
    return ShotAnswer(tuple(found), ai if ai and others else (), corrected, raw)


def _time(cut: Cut) -> float:
    return (cut.start + cut.end) / 2 if cut.time is None else cut.time
