"""The headline of a still: the detector's calibrated score in place of the rules', and the two axes beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ..media import Media
from ..report import ComponentResult, Finding, Grade, Meaning, Scoring, Status
from . import Scored, quality
from .assess import Assessment, assess, stability
from .bands import score_of
from .components import rescored
from .conditions import plausible
from .detector import load
from .fusion import SHIPPED_WEIGHT
from .network import Missing, Network
from .probability import LOWEST_CONFIDENCE

_FLIP = 45.0  # from here on a score says at least "probable"
_MANY = 2  # families that speak for AI by chance seldom come in pairs: each does so on 5 genuine pictures in 100


def judge(
    media: Media,
    by_rules: Scored,
    findings: tuple[Finding, ...],
    networks: Sequence[Network | Missing] = (),
    *,
    threads: int | None = None,
) -> Scored:
    """Replace the rules' score and confidence by the calibrated ones.

    The components get calibrated scores of their own and keep the rules' evidence, which explains; where they
    contradict the headline that is said, and the confidence falls.

    Parameters
    ----------
    media
        A decoded still.
    by_rules
        What :func:`analysis.verdict.rules.score_image` gave.
    findings
        Provenance; only whether a camera's own data is there is asked, which tells how the picture arrived.
    networks
        The operator's networks; those that can be used join the score, each is a component of its own.
    threads
        How many of the five further scorings run side by side; default: one a core.
    """
    if by_rules.score is None:
        return by_rules  # every analyzer failed: nothing is known, whatever a network says
    frame, jpeg, has_camera = media.frame, media.facts.jpeg, _from_a_camera(findings)
    ways = plausible(
        max(media.facts.width, media.facts.height),
        lossless=media.facts.format in quality.LOSSLESS,
        jpeg_quality=jpeg.quality if jpeg is not None else None,
        has_camera=has_camera,
    )
    measured = rescored(by_rules.components, ways)
    assessed = assess(
        frame.pixels,
        frame.preview,
        ways,
        networks=[network for network in networks if isinstance(network, Network)],
    )
    found = assessed.calibrated
    arrived = quality.quality(media, found.condition, has_camera=has_camera)
    if assessed.abstained is not None:
        return msgspec.structs.replace(
            by_rules,
            score=None,
            confidence=LOWEST_CONFIDENCE,
            scoring=Scoring.CALIBRATED,
            abstained=assessed.abstained,
            quality=arrived,
            components=measured | _of_networks(networks, assessed),
        )
    heard = [network for network in networks if isinstance(network, Network) and network.name in assessed.opinions]
    strip = stability(frame.preview, networks=heard, threads=threads)
    conflict = _conflict(found.score, measured)
    return msgspec.structs.replace(
        by_rules,
        score=found.score,
        confidence=_confidence(assessed, strip, conflict=conflict is not None),
        scoring=Scoring.CALIBRATED,
        false_alarm_rate=round(found.p, 6),
        told=(*([conflict] if conflict else []), _power(found.condition), *_joined(heard)),
        components=measured | _of_networks(networks, assessed),
        quality=arrived,
        stability={"scores": {change: round(score, 1) for change, score in strip.items()}},
    )


def _from_a_camera(findings: tuple[Finding, ...]) -> bool:
    return any(f.family == "camera" and f.grade is Grade.HINT and f.meaning is Meaning.CAPTURED for f in findings)


def _conflict(score: float, components: Mapping[str, ComponentResult]) -> str | None:
    """How families of measurements contradict the detector, in words; None where they do not.

    A score of 45 says the same of a family as of the headline: 5 genuine pictures in 100 get there.
    """
    scores = [c.score for c in components.values() if c.score is not None]
    speaking = sum(1 for family in scores if family >= _FLIP)
    if score >= _FLIP and scores and not speaking:
        return (
            f"The evidence disagrees: the detector finds the picture AI-like, and none of {len(scores)} families of "
            "measurements does by itself."
        )
    if score < _FLIP and speaking >= _MANY:
        return (
            f"The evidence disagrees: {speaking} of {len(scores)} families of measurements find the picture AI-like by "
            "themselves, and the detector does not."
        )
    return None


def _confidence(assessed: Assessment, strip: Mapping[str, float], *, conflict: bool) -> float:
    """The measured chance of being right, less a fifth where the score flips and a tenth where families disagree."""
    confidence, score = assessed.calibrated.confidence, assessed.calibrated.score
    if any((again >= _FLIP) is not (score >= _FLIP) for again in strip.values()):
        confidence *= 0.8
    if conflict:
        confidence *= 0.9
    return round(max(LOWEST_CONFIDENCE, confidence), 1)


def _power(condition: str) -> str:
    """How much the detector is worth where the picture comes from, as measured; read from the shipped figures."""
    figures = load().facts["figures"][condition]
    return (
        f"On pictures of sources it had never seen, the detector found {100 * figures['tpr_at_1_percent_fpr']:.0f} of "
        "100 AI pictures where it may wrong one genuine picture in 100 "
        f"(AUC {figures['auc']:.2f}; 0.5 is chance): a low score clears nothing."
    )


def _joined(heard: Sequence[Network]) -> list[str]:
    """Which networks had a say, how, and on what they were calibrated."""
    if not heard:
        return []
    share = (1 - SHIPPED_WEIGHT) / len(heard)
    told = [
        "The score joins that detector with what the operator of this system added; each answer is discounted "
        f"(the detector's rate of false alarms over {SHIPPED_WEIGHT:g}, each network's over {share:.2g}) so that the "
        "promise to genuine pictures still holds."
    ]
    for network in heard:
        pictures = network.calibration.pictures if network.calibration is not None else {}
        told.append(
            f"The network {network.name} was calibrated here on {pictures.get('genuine', 0):,} genuine pictures"
            + (
                f" and {made:,} made by AI."
                if (made := pictures.get("generated"))
                else "; what it finds was not measured."
            )
        )
    return told


def _of_networks(networks: Sequence[Network | Missing], assessed: Assessment) -> dict[str, ComponentResult]:
    """A component for each network that was asked for, with its own score, or why it has none."""
    found = {}
    for network in networks:
        opinion = assessed.opinions.get(network.name)
        if opinion is not None:
            p = opinion.p_value(assessed.calibrated.condition)
            result = ComponentResult(
                status=Status.OK, score=round(score_of(p), 1), metrics={"raw": opinion.raw, "false_alarm_rate": p}
            )
        else:
            why = (
                network.why
                if isinstance(network, Missing)
                else assessed.silent.get(network.name, "the picture is not judged")
            )
            result = ComponentResult(status=Status.NOT_APPLICABLE, note=f"not available: {why}")
        found[f"network_{network.name}"] = result
    return found
