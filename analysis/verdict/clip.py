"""The headline of a clip: every sampled frame by itself, how what the detector sees changes, and what that is worth.

Few genuine clips could be had to hold a clip against, so this is experimental, and every report says so. The score is
on the same scale as a still's: of genuine clips as much like it, 1 in 100 at 60. So few were measured that it cannot
go as high as a still's.

References
----------
C. Zheng et al., "D3: Training-Free AI-Generated Video Detection Using Second-Order Features", ICCV 2025: generated
clips change more evenly than filmed ones, which shows in the second differences of what a network sees.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..media.frames import Burst, Frame, Media
from ..report import Measured, Scoring, Timeline
from . import Scored
from .abstain import abstention
from .bands import score_of
from .conformal import Condition, p_values
from .detector import Detector, load_light
from .probability import LOWEST_CONFIDENCE, confidence_of

CONDITION = "web"
"""Whose weights join a frame's views: clips are reduced and compressed on their way as web copies are."""


@dataclass(frozen=True)
class ClipOutput:
    """What the detector saw of a clip.

    Attributes
    ----------
    raws
        (n,) raw output of every sampled frame; higher is more AI-like.
    median
        Their median: a few odd frames do not decide.
    evenness_of_features, evenness_of_pixels
        log(mean size of the second differences / of the first), of what the network sees of the sampled frames, and
        of small grey frames in a row: the lower, the more evenly the clip changes. About 0.55 for what jumps about at
        random, falling without bound for steady change. NaN with fewer than three frames, or where nothing moves.
    """

    raws: NDArray[np.float64]
    median: float
    evenness_of_features: float
    evenness_of_pixels: float
    not_judged: str | None
    """Why most frames are not judged, or None."""

    @property
    def inputs(self) -> dict[str, float]:
        """What a calibration may join, by name."""
        return {
            "median": self.median,
            "evenness_of_features": self.evenness_of_features,
            "evenness_of_pixels": self.evenness_of_pixels,
        }


def evenness(points: NDArray[Any]) -> float:
    """log(mean |second difference| / mean |first difference|) of points in order, (n, k); NaN where it is undefined."""
    if len(points) < 3:
        return math.nan
    first = np.diff(points.astype(np.float64), axis=0)
    sizes = [float(np.linalg.norm(d, axis=1).mean()) for d in (np.diff(first, axis=0), first)]
    return math.log(sizes[0] / sizes[1]) if min(sizes) > 1e-9 else math.nan


def _of_burst(burst: Burst | None) -> float:
    if burst is None:
        return math.nan
    return evenness(burst.pictures.reshape(len(burst.pictures), -1))


def look(media: Media, *, detector: Detector | None = None, threads: int | None = None) -> ClipOutput:
    """See every sampled frame of a clip.

    Parameters
    ----------
    media
        A clip with at least one frame.
    detector
        By default the light one, on which clips were calibrated.
    threads
        How many frames are looked at side by side; default: one a core.
    """
    seer = detector or load_light()

    def see(frame: Frame) -> tuple[float, NDArray[np.float64], str | None]:
        sight = seer.see(frame.pixels, frame.preview)
        why = abstention(frame.preview, seer.familiar.distance(sight.place))
        return sight.raw, sight.place, why

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        seen = list(pool.map(see, media.frames))
    raws = np.array([raw for raw, _, _ in seen])
    features = np.stack([features for _, features, _ in seen])
    reasons = Counter(why for _, _, why in seen if why is not None)
    return ClipOutput(
        raws=raws,
        median=float(np.median(raws)),
        evenness_of_features=evenness(features / seer.familiar.scales),
        evenness_of_pixels=_of_burst(media.clip.burst if media.clip is not None else None),
        not_judged=reasons.most_common(1)[0][0] if 2 * reasons.total() > len(seen) else None,
    )


@dataclass(frozen=True)
class ClipCalibration:
    """What ``training.clips`` measured.

    Attributes
    ----------
    weights, middle, bias
        The join of a clip's inputs; an input that could not be measured counts as the middle.
    condition
        Thresholds over genuine clips, and the probability.
    frame_levels, frame_thresholds
        The same over the frames of genuine clips, for the curve.
    facts
        Counts and figures, out of source.
    """

    weights: Mapping[str, float]
    middle: Mapping[str, float]
    bias: float
    condition: Condition
    frame_levels: NDArray[np.float64]
    frame_thresholds: NDArray[np.float64]
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ClipCalibration:
        """From its JSON object."""
        return cls(
            weights=dict(data["inputs"]),
            middle=dict(data["middle"]),
            bias=float(data["bias"]),
            condition=Condition.of(data),
            frame_levels=np.asarray(data["frame_levels"], dtype=np.float64),
            frame_thresholds=np.asarray(data["frame_thresholds"], dtype=np.float64),
            facts={"clips": data["clips"], "figures": data["figures"]},
        )

    def raw(self, sight: ClipOutput) -> float:
        """The join: higher is more AI-like."""
        known = {name: value if math.isfinite(value) else self.middle[name] for name, value in sight.inputs.items()
                 if name in self.weights}  # fmt: skip
        return self.bias + sum(self.weights[name] * value for name, value in known.items())


@cache
def calibration() -> ClipCalibration:
    """The one that ships."""
    file = resources.files("analysis") / "models" / "clips.json"
    return ClipCalibration.of(json.loads(file.read_text(encoding="utf-8")))


def score_clip(
    media: Media, by_rules: Scored, timeline: Timeline, *, threads: int | None = None
) -> tuple[Scored, Timeline]:
    """Replace the rules' score and confidence, and every frame's score, by the calibrated ones.

    The components keep the rules' scores, for none of them was calibrated on clips, but not the rules' evidence: its
    ranges were set by hand.

    Parameters
    ----------
    media
        A clip.
    by_rules
        What :func:`analysis.verdict.rules.score_video` gave.
    timeline
        Its frames are those of ``media``.
    threads
        As in :func:`look`.
    """
    if by_rules.score is None:
        return by_rules, timeline  # every analyzer failed: nothing is known, whatever a network says
    sight, known = look(media, threads=threads), calibration()
    by_rules = _without_evidence(by_rules)
    frames = tuple(
        msgspec.structs.replace(frame, score=round(score_of(float(p)), 1))
        for frame, p in zip(
            timeline.frames, p_values(sight.raws, known.frame_levels, known.frame_thresholds), strict=True
        )
    )
    strongest = tuple(int(k) for k in np.argsort(-sight.raws, kind="stable"))
    timeline = msgspec.structs.replace(timeline, frames=frames, strongest=strongest)
    if sight.not_judged is not None:
        why = f"Most frames cannot be judged. {sight.not_judged}"
        headline = msgspec.structs.replace(
            by_rules, score=None, confidence=LOWEST_CONFIDENCE, scoring=Scoring.CALIBRATED, abstained=why
        )
        return headline, timeline
    raw = known.raw(sight)
    p = known.condition.p_value(raw)
    score = score_of(p)
    headline = msgspec.structs.replace(
        by_rules,
        score=round(score, 1),
        confidence=round(confidence_of(known.condition.probability(raw), score), 1),
        scoring=Scoring.CALIBRATED,
        false_alarm_rate=round(p, 6),
        told=(_worth(known),),
        measured=Measured(
            condition=CONDITION,
            generated_at_or_above=known.facts["figures"]["generated_at_or_above"],
            genuine_at_or_above=known.facts["figures"]["genuine_at_or_above"],
        ),
    )
    return headline, timeline


def _without_evidence(by_rules: Scored) -> Scored:
    components = {name: msgspec.structs.replace(result, evidence=()) for name, result in by_rules.components.items()}
    return msgspec.structs.replace(by_rules, components=components, evidence=())


def _worth(known: ClipCalibration) -> str:
    """How much a clip's score is worth, as measured."""
    clips, figures = known.facts["clips"], known.facts["figures"]
    return (
        f"Experimental: the score of clips was calibrated on {clips['genuine']} genuine and {clips['generated']} AI "
        f"clips of only {clips['sources']} sources, too few for a promise (AUC {figures['auc']:.2f} on sources left "
        "out; 0.5 is chance): weigh the frames and what the file says of itself."
    )
