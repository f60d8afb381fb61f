"""Rule scoring: the documented hand-set baseline. It explains; measured alone it hardly tells AI from genuine.

The thresholds are in :mod:`analysis.verdict.rules.table`. On 598 pictures of unseen sources the score reaches an AUC of
0.64 where size and format match and 0.47 among PNGs: it must never be read as a finding by itself.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import msgspec

from ...report import ComponentResult, Context, Evidence, Status
from .. import Scored
from .table import COMMON_SIZES, GENERATOR_SIDES, IMAGE_RULES, IMAGE_WEIGHTS, VIDEO_RULES, VIDEO_WEIGHTS, Rule

OPTIONAL = frozenset({"deep"})
"""Components whose absence leaves the scale alone, see :func:`weighted_sum`."""

CLIP_ONLY = frozenset({"temporal", "metadata"})
"""Components of a clip that a single frame does not have."""


def score_image(measured: Mapping[str, ComponentResult], context: Context) -> Scored:
    """Score a still picture.

    Parameters
    ----------
    measured
        Component name to what its analyzer gave. A component without status ``ok`` keeps it and gets no score.
    context
        How the picture arrived.

    Returns
    -------
    Scored
        ``score`` is None only when nothing at all could be measured.
    """
    camera_size = 0.0 if context.width == context.height and context.width in GENERATOR_SIDES else 1.0
    known = dict(measured) | {"metadata": _with_facts(measured, camera_size=camera_size)}
    components, evidence = _assess(known, known, IMAGE_RULES, context, IMAGE_WEIGHTS)
    if not _anything_measured(measured, IMAGE_WEIGHTS):
        return _nothing_measured(components)
    total = weighted_sum(components, IMAGE_WEIGHTS)
    agreeing = _components_with(evidence, 0.4)
    total *= 1.25 if agreeing >= 4 else {3: 1.15, 2: 1.05}.get(agreeing, 1.0)
    if not evidence:
        total = min(total, 15.0)
    for holds, factor in (
        (context.is_heavily_compressed, 0.7),
        (context.is_small, 0.8),
        (context.is_document_photo, 0.75),
    ):
        total *= factor if holds else 1.0

    if not evidence:
        confidence = 25.0
    elif agreeing >= 4:
        confidence = min(75.0, 55.0 + 5 * agreeing)
    elif agreeing == 3:
        confidence = min(70.0, 50.0 + 5 * agreeing)
    else:
        confidence = min(60.0, 35.0 + 5 * len(evidence))
    for holds, most in (
        (context.is_heavily_compressed, 55.0),
        (context.is_small, 60.0),
        (context.is_document_photo, 50.0),
    ):
        confidence = min(confidence, most) if holds else confidence
    return Scored(
        score=_clip(total, 0, 100), confidence=_clip(confidence, 15, 80), components=components, evidence=evidence
    )


def score_video(
    measured: Mapping[str, ComponentResult],
    *,
    duration: float | None,
    width: int,
    height: int,
    within_scenes: ComponentResult | None = None,
) -> Scored:
    """Score a clip from its metrics' means over the sampled frames, its length in seconds and its frame size.

    The rules over time read ``within_scenes`` where it is given: ``temporal``, measured over the steps that cross no
    cut. Errors and result are those of :func:`score_image`.
    """
    common = any(abs(width - w) <= 10 and abs(height - h) <= 10 for w, h in COMMON_SIZES)
    length = {} if duration is None else {"duration": duration}
    facts = {"metadata": _with_facts(measured, **length, common_size=float(common))}
    read = dict(measured) if within_scenes is None else {**measured, "temporal": within_scenes}
    context = Context(width=width, height=height)
    components, evidence = _assess({**measured, **facts}, read | facts, VIDEO_RULES, context, VIDEO_WEIGHTS)
    if not _anything_measured(read, VIDEO_WEIGHTS):
        return _nothing_measured(components)
    return _score_footage(components, evidence, VIDEO_WEIGHTS)


def score_frame(measured: Mapping[str, ComponentResult], *, width: int, height: int) -> Scored:
    """Score one sampled frame by the thresholds of a clip, leaving out what only a clip has (time, length, size)."""
    rules = [rule for rule in VIDEO_RULES if rule.component not in CLIP_ONLY]
    weights = {name: weight for name, weight in VIDEO_WEIGHTS.items() if name not in CLIP_ONLY}
    components, evidence = _assess(measured, measured, rules, Context(width=width, height=height), weights)
    if not _anything_measured(measured, weights):
        return _nothing_measured(components)
    return _score_footage(components, evidence, weights)


def _score_footage(
    components: dict[str, ComponentResult], evidence: tuple[Evidence, ...], weights: Mapping[str, float]
) -> Scored:
    total = weighted_sum(components, weights)
    agreeing = _components_with(evidence, 0.4)
    total *= 1.4 if agreeing >= 5 else {4: 1.25, 3: 1.15, 2: 1.05}.get(agreeing, 1.0)
    total = min(total, 100.0)
    if evidence:
        mean_deviation = sum(map(deviation, evidence)) / len(evidence)
        total *= 1.15 if mean_deviation > 2 else 1.08 if mean_deviation > 1 else 1.0
    if not evidence:
        total = min(total, 15.0)
    elif len(evidence) == 1 and evidence[0].strength < 0.3:
        total = min(total, 30.0)

    noticing = _components_with(evidence, 0.25)
    if not evidence:
        confidence = 25.0
    elif agreeing >= 4:
        confidence = min(85.0, 60.0 + 5 * agreeing)
    elif agreeing == 3:
        confidence = min(80.0, 55.0 + 5 * agreeing)
    elif noticing >= 3:
        confidence = min(70.0, 45.0 + 5 * noticing)
    else:
        confidence = min(60.0, 35.0 + 5 * len(evidence))
    return Scored(
        score=_clip(total, 0, 100), confidence=_clip(confidence, 15, 90), components=components, evidence=evidence
    )


def deviation(piece: Evidence) -> float:
    """How far the value lies outside its expected range, in widths of that range; 0 inside."""
    low, high = piece.expected
    if low == high == 0:
        return piece.strength
    return max(low - piece.value, piece.value - high, 0.0) / (high - low)


def component_score(evidence: Sequence[Evidence]) -> float:
    """0 to 100 from the pieces of one component: the strongest, raised by their number and by the largest deviation."""
    if not evidence:
        return 0.0
    boost = {1: 1.0, 2: 1.1}.get(len(evidence), 1.2)
    stretch = min(1.5, 1 + 0.3 * max(map(deviation, evidence)))
    return _clip(max(piece.strength for piece in evidence) * boost * stretch * 100, 0, 100)


def weighted_sum(components: Mapping[str, ComponentResult], weights: Mapping[str, float]) -> float:
    """Σ weight × score; the weight of a component that could not be measured is shared out among the others.

    The one exception is ``deep``. The documented values of the 14 reference pictures hold no deep metrics and yet the
    full scale, without the 1 / 0.92 that sharing out would bring, so a missing ``deep`` counts as one that found
    nothing. Its score is reported as None all the same: no zero is invented for it.
    """
    scores = {name: components[name].score for name in weights if name in components}
    present = {name: score for name, score in scores.items() if score is not None}
    counted = sum(weight for name, weight in weights.items() if name in present or name in OPTIONAL)
    return sum(weights[name] * score for name, score in present.items()) * sum(weights.values()) / counted


def _with_facts(measured: Mapping[str, ComponentResult], **facts: float) -> ComponentResult:
    """The component ``metadata``: what an analyzer made of the file, if one did, and the facts that the rules read."""
    known = measured.get("metadata", ComponentResult(status=Status.OK))
    return msgspec.structs.replace(known, status=Status.OK, metrics={**known.metrics, **facts})


def _assess(
    measured: Mapping[str, ComponentResult],
    read: Mapping[str, ComponentResult],
    rules: Collection[Rule],
    context: Context,
    weights: Mapping[str, float],
) -> tuple[dict[str, ComponentResult], tuple[Evidence, ...]]:
    """Evidence of every rule, in their order, and the measured components with score and evidence filled in.

    The rules ``read`` the same components, but of those over time perhaps other steps.
    """
    components = dict(measured)
    found = [piece for rule in rules if (piece := _apply(rule, read, context)) is not None]
    for name, result in read.items():
        own = tuple(piece for piece in found if piece.component == name)
        if result.status is Status.OK and (name in weights or own or name == "metadata"):
            components[name] = msgspec.structs.replace(components[name], score=component_score(own), evidence=own)
    return components, tuple(found)


def _apply(rule: Rule, components: Mapping[str, ComponentResult], context: Context) -> Evidence | None:
    result = components.get(rule.component)
    if result is None or result.status is not Status.OK or not rule.applies(context):
        return None
    value = result.metrics.get(rule.metric, math.nan)
    if rule.needs is not None and not result.metrics.get(rule.needs[0], math.nan) > rule.needs[1]:
        return None
    if not math.isfinite(value):
        return None
    value = abs(value) if rule.magnitude else value
    for matches, strength in rule.rows:
        if matches(value):
            return Evidence(
                sentence=rule.sentence,
                component=rule.component,
                metric=rule.metric,
                strength=strength(value) if callable(strength) else strength,
                value=value,
                expected=rule.expected,
            )
    return None


def _components_with(evidence: Collection[Evidence], strength: float) -> int:
    return len({piece.component for piece in evidence if piece.strength >= strength})


def _anything_measured(measured: Mapping[str, ComponentResult], weights: Mapping[str, float]) -> bool:
    return any(name in weights and result.status is Status.OK for name, result in measured.items())


def _nothing_measured(components: dict[str, ComponentResult]) -> Scored:
    return Scored(score=None, confidence=None, components=components, abstained="nothing could be measured on it")


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
