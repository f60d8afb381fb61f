"""The headline of a clip: what the detector sees of a few frames, over time; each shot by itself; what that is worth.

The answer rests on eight frames, evenly spread, however long the clip is; where there are several shots all sampled
frames are looked at, and each shot is judged. What follows the answer changes neither score nor verdict.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..backbones.installed import UnavailableError
from ..explain.scale import AI_FROM
from ..media.frames import Frame, Media
from ..report import Cut, FrameReading, Scoring, Timeline
from . import Scored
from .abstain import abstention
from .bands import score_of
from .clip_conditions import ANSWER_FRAMES, ORIGINAL, answer_frames, plausible_clip
from .conformal import Condition, calibrate
from .detector import Detector, DetectorOutput, open_detector
from .head import Linear
from .probability import LOWEST_CONFIDENCE, confidence_of
from .shots import ShotAnswer, judge_shots, spans
from .worth import detection_rate_sentence, fallback_sentences, worth_of

Floats = NDArray[np.float64]

NAMES = ("clips", "clips_light")
"""What was learned on clips, the preferred first; the last stands on the network that ships."""

_EXPERIMENTAL = (
    "Experimental: clips are told apart less surely than was aimed at, so weigh the frames and what the file says of "
    "itself."
)
_FACES = (
    "Faces seem to fill much of this clip: swapped faces and lip-sync are not what the detector was trained on, and a "
    "low score says nothing of them."
)


@dataclass(frozen=True)
class FrameOutput:
    """What the detector says of one frame: the raw output, why it is not judged, and whether a face fills it."""

    raw: float
    declined: str | None
    is_face: bool
    sight: DetectorOutput


class ClipDetector:
    """The detector as it was learned on frames of clips, and what its outputs over a clip are worth.

    Parameters
    ----------
    seer
        The backbone with the head of frames.

    Attributes
    ----------
    conditions, frame_conditions
        What was measured, by condition, on whole clips and on single frames.
    """

    def __init__(self, seer: Detector) -> None:
        self.seer = seer
        self.conditions = seer.conditions
        self.frame_conditions = {name: Condition.of(data) for name, data in seer.facts["frames"].items()}
        self._inputs: Mapping[str, float] = seer.facts["inputs"]
        self._middle: Mapping[str, float] = seer.facts["middle"]
        self._bias = float(seer.facts["bias"])
        self.answer_frames = int(seer.facts.get("answer_frames", ANSWER_FRAMES))
        self.is_experimental = bool(seer.facts["missed"])
        self._face = Linear.of(seer.arrays, "face")

    @property
    def version(self) -> str:
        """Which parameters, and when they were made."""
        return self.seer.version

    def see(self, frame: Frame) -> FrameOutput:
        """Look at one frame."""
        sight = self.seer.see(frame.pixels, frame.preview)
        why = abstention(frame.preview, self.seer.familiar.distance(sight.place))
        is_face = self._face is not None and float(self._face(sight.seen)) > 0
        return FrameOutput(sight.raw, why, is_face, sight)

    def raw(self, inputs: Mapping[str, float]) -> float:
        """The raw output of a clip: higher is more AI-like; an input that could not be measured counts as the middle.

        Parameters
        ----------
        inputs
            From :func:`inputs_of`.
        """
        known = {name: inputs[name] if math.isfinite(inputs[name]) else self._middle[name] for name in self._inputs}
        return self._bias + sum(weight * known[name] for name, weight in self._inputs.items())

    def ways(self, media: Media) -> tuple[str, ...]:
        """The conditions in which a clip may have arrived, of those that were measured."""
        return tuple(name for name in plausible_clip(media.facts) if name in self.conditions) or (ORIGINAL,)


def inputs_of(raws: Floats) -> dict[str, float]:
    """What a calibration may join, by name, of the raw outputs of a clip's frames in their order.

    Parameters
    ----------
    raws
        (n,) raw outputs.
    """
    return {
        "mean": float(raws.mean()),
        "median": float(np.median(raws)),
        "deviation": float(raws.std()),
        "highest": float(np.quantile(raws, 0.9)),
        "lowest": float(np.quantile(raws, 0.1)),
    }


@cache
def load_clips(folder: Path | None = None) -> ClipDetector:
    """What answers for clips: the first whose backbone is installed and intact.

    Parameters
    ----------
    folder
        Where networks are installed, beside the place that set-up uses.
    """
    missing: dict[str, str] = {}
    for name in NAMES:
        try:
            return ClipDetector(open_detector(folder, name, missing))
        except UnavailableError as problem:
            missing[name] = str(problem)
    raise UnavailableError("; ".join(f"{name}: {why}" for name, why in missing.items()))


@dataclass(frozen=True)
class AnsweredClip:
    """A clip whose answer stands.

    Attributes
    ----------
    scored
        The answer: final but for components.
    timeline
        Frames, cuts and shots; of frames that were not looked at yet without a score.
    """

    scored: Scored
    timeline: Timeline
    media: Media
    detector: ClipDetector
    seen: Mapping[int, FrameOutput]
    condition: str


def answer_clip(
    media: Media,
    cuts: Sequence[Cut],
    detector: ClipDetector,
    *,
    threads: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> AnsweredClip:
    """Score a clip.

    Parameters
    ----------
    media
        A clip with at least one frame.
    cuts
        Between which of its frames the scene changes.
    threads
        How many frames are looked at side by side; default: one a core.
    progress
        Called as ``progress(done, total, what)`` after each frame; what it raises ends the analysis.
    """
    count = len(media.frames)
    chosen = answer_frames(count, detector.answer_frames)
    seen = look(media, range(count) if cuts else chosen, detector, threads=threads, progress=progress)
    ways = detector.ways(media)
    answer = [seen[k] for k in chosen]
    judged = [one.raw for one in answer if one.declined is None]
    if 2 * len(judged) < len(answer):
        reasons = Counter(one.declined for one in answer if one.declined is not None)
        scored = Scored(
            score=None, confidence=LOWEST_CONFIDENCE, components={}, scoring=Scoring.CALIBRATED,
            abstained=f"Most frames cannot be judged. {reasons.most_common(1)[0][0]}",
        )  # fmt: skip
        timeline = _timeline(media, cuts, seen, detector.frame_conditions[ways[0]], ShotAnswer())
        return AnsweredClip(scored, timeline, media, detector, seen, ways[0])
    raw = detector.raw(inputs_of(np.array(judged)))
    whole = calibrate(dict.fromkeys(ways, raw), detector.conditions)
    raws = {k: one.raw for k, one in seen.items() if one.declined is None}
    shots = judge_shots(
        media, cuts, raws,
        clips={c: detector.conditions[c] for c in ways}, frames={c: detector.frame_conditions[c] for c in ways},
    )  # fmt: skip
    p, probability = whole.p, whole.probability
    if shots.part:
        p, probability = shots.p, detector.conditions[whole.condition].probability(shots.raw)
    score = score_of(p)
    measured = worth_of(detector.seer, whole.condition)
    scored = Scored(
        score=round(score, 1),
        confidence=round(confidence_of(probability, score), 1),
        components={},
        scoring=Scoring.CALIBRATED,
        false_alarm_rate=round(p, 6),
        told=(
            *fallback_sentences(detector.seer),
            *_of_part(shots),
            detection_rate_sentence(measured, "clips"),
            *([_FACES] if _are_faces(answer) else []),
            *([_EXPERIMENTAL] if detector.is_experimental else []),
        ),
        measured=measured,
    )
    timeline = _timeline(media, cuts, seen, detector.frame_conditions[whole.condition], shots)
    return AnsweredClip(scored, timeline, media, detector, seen, whole.condition)


def complete_clip(
    answered: AnsweredClip, by_rules: Scored, timeline: Timeline, *, threads: int | None = None
) -> tuple[Scored, Timeline]:
    """Add to the answer what was measured beside it, and the frames that it did not rest on.

    The components keep the rules' scores, for none of them was calibrated on clips, but not the rules' evidence: its
    ranges were set by hand.

    Parameters
    ----------
    by_rules
        What :func:`analysis.verdict.rules.score_video` gave.
    timeline
        Over the same frames, with everything that was measured over time.
    """
    media, detector = answered.media, answered.detector
    rest = [k for k in range(len(media.frames)) if k not in answered.seen]
    seen = dict(answered.seen) | look(media, rest, detector, threads=threads)
    components = {name: msgspec.structs.replace(one, evidence=()) for name, one in by_rules.components.items()}
    scores, strongest = _frame_scores(seen, detector.frame_conditions[answered.condition])
    frames = tuple(msgspec.structs.replace(frame, score=scores.get(frame.number)) for frame in timeline.frames)
    timeline = msgspec.structs.replace(
        timeline, frames=frames, strongest=strongest, shots=answered.timeline.shots, part=answered.timeline.part
    )
    return msgspec.structs.replace(answered.scored, components=components), timeline


def look(
    media: Media,
    numbers: Collection[int],
    detector: ClipDetector,
    *,
    threads: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[int, FrameOutput]:
    """See sampled frames of a clip, by number; parameters are those of :func:`answer_clip`."""
    seen, total = {}, len(numbers)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        outputs = [pool.submit(detector.see, media.frames[k]) for k in numbers]
        try:
            for done, (number, output) in enumerate(zip(numbers, outputs, strict=True), 1):
                seen[number] = output.result()
                if progress is not None:
                    progress(done, total, f"frame {done} of {total}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return seen


def _timeline(
    media: Media, cuts: Sequence[Cut], seen: Mapping[int, FrameOutput], condition: Condition, shots: ShotAnswer
) -> Timeline:
    scores, strongest = _frame_scores(seen, condition)
    scene = {k: number for number, span in enumerate(spans(len(media.frames), cuts)) for k in span}
    frames = tuple(
        FrameReading(number=k, index=frame.index, time=frame.time, score=scores.get(k), scene=scene[k])
        for k, frame in enumerate(media.frames)
    )
    return Timeline(frames=frames, cuts=tuple(cuts), strongest=strongest, shots=shots.shots, part=shots.part)


def _frame_scores(seen: Mapping[int, FrameOutput], condition: Condition) -> tuple[dict[int, float], tuple[int, ...]]:
    """The score of each frame by itself, and the frames by falling raw output."""
    scores = {k: round(score_of(condition.p_value(one.raw)), 1) for k, one in seen.items()}
    return scores, tuple(sorted(seen, key=lambda k: (-seen[k].raw, k)))


def _of_part(shots: ShotAnswer) -> list[str]:
    """That the verdict is of some shots only."""
    if not shots.part:
        return []
    judged = sum(shot.score is not None for shot in shots.shots)
    below = sum(shot.score is not None and shot.score < AI_FROM for shot in shots.shots)
    return [
        f"It has {judged} shots, each judged by itself. The score is that of the most AI-like one. AI-like: "
        f"{len(shots.part)}; without a sign of AI: {below}."
    ]


def _are_faces(answer: Sequence[FrameOutput]) -> bool:
    return 2 * sum(one.is_face for one in answer) >= len(answer)
