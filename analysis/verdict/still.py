"""The headline of a still: the detector's calibrated score in place of the rules', and the two axes beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ..media.frames import Media
from ..report import ComponentResult, EvidenceMap, Finding, Grade, Meaning, Measured, Scoring, Stability, Status
from . import Scored, quality
from .answer import Answer, answer
from .bands import score_of
from .components import rescored
from .conditions import plausible
from .detector import Detector
from .fusion import SHIPPED_WEIGHT
from .likeness import agrees
from .network import Missing, Network
from .probability import LOWEST_CONFIDENCE
from .stability import flips, strip


def score_still(
    media: Media,
    by_rules: Scored,
    findings: tuple[Finding, ...],
    detector: Detector,
    networks: Sequence[Network | Missing] = (),
    *,
    threads: int | None = None,
) -> Scored:
    """Replace the rules' score and confidence by the calibrated ones.

    The components get calibrated scores of their own and lose the rules' evidence. They are measurements for
    specialists: what they say changes neither score nor confidence.

    Parameters
    ----------
    media
        A decoded still.
    by_rules
        What :func:`analysis.verdict.rules.score_image` gave.
    findings
        Provenance; only whether a camera's own data is there is asked, which tells how the picture arrived.
    detector
        What scores.
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
    usable = [network for network in networks if isinstance(network, Network)]
    found = answer(detector, frame.pixels, frame.preview, ways, networks=usable)
    calibrated = found.calibrated
    scored = msgspec.structs.replace(
        by_rules,
        scoring=Scoring.CALIBRATED,
        score=None,
        confidence=LOWEST_CONFIDENCE,
        abstained=found.abstained,
        quality=quality.quality(media, calibrated.condition, has_camera=has_camera),
        components=rescored(by_rules.components, ways) | _of_networks(networks, found),
        evidence=(),
    )
    if found.abstained is not None:
        return scored
    joined = [network for network in usable if network.name in found.network_answers]
    again = strip(detector, frame.preview, networks=joined, threads=threads)
    head, measured = detector.head, _measured(detector, calibrated.condition)
    likeness = (
        detector.families.name(head.likeness(found.sight.seen))
        if detector.families is not None and head.likeness is not None
        else None
    )
    if likeness is not None and not agrees(likeness, calibrated.score):
        likeness = None
    return msgspec.structs.replace(
        scored,
        score=calibrated.score,
        confidence=_confidence(found, again, detector),
        false_alarm_rate=round(calibrated.p, 6),
        told=(
            *_lesser(detector),
            _power(measured),
            *([likeness.sentence] if likeness is not None else []),
            *_joined(joined),
        ),
        stability=Stability(scores={change: round(score, 1) for change, score in again.items()}),
        likeness=likeness,
        evidence_map=_map(detector, found),
        measured=measured,
    )


def _map(detector: Detector, found: Answer) -> EvidenceMap | None:
    values = detector.evidence(found.sight)
    if values is None:
        return None
    rows, columns = values.shape
    return EvidenceMap(rows=rows, columns=columns, values=tuple(round(float(v), 4) for v in values.ravel()))


def _from_a_camera(findings: tuple[Finding, ...]) -> bool:
    return any(f.family == "camera" and f.grade is Grade.HINT and f.meaning is Meaning.CAPTURED for f in findings)


def _confidence(found: Answer, strip: Mapping[str, float], detector: Detector) -> float:
    """The measured chance that the side taken is right; where the score flips, at most that of scores that flip."""
    confidence = found.calibrated.confidence
    if flips(found.calibrated.score, strip):
        confidence = min(confidence, 100 * float(detector.facts.get("right_where_it_flips", 1.0)))
    return round(max(LOWEST_CONFIDENCE, confidence), 1)


def _lesser(detector: Detector) -> list[str]:
    """That a preferred detector could not be used, and why."""
    return [
        f"This was scored by the detector “{detector.name}”, which finds much less than “{name}” does; that one is not "
        f"used: {why}."
        for name, why in detector.instead_of.items()
    ]


def _measured(detector: Detector, condition: str) -> Measured:
    """How much the detector is worth where the picture comes from: read from the figures that ship with it."""
    figures = detector.facts["figures"][condition]
    genuine = figures["genuine_at_or_above"]
    generated = figures.get("generated_at_or_above")
    if generated is None:  # the same figure, stated as balanced accuracy: (found + 1 - wronged) / 2
        found = 2 * figures["balanced_accuracy_at_30"] - 1 + genuine["30"]
        generated = {"30": round(found, 4)}
    return Measured(condition=condition, generated_at_or_above=generated, genuine_at_or_above=genuine)


def _power(measured: Measured) -> str:
    """The same in a sentence."""
    found, wronged = measured.generated_at_or_above["30"], measured.genuine_at_or_above["30"]
    return (
        f"In tests on pictures of sources it had never seen, the detector gave 30 or more to {100 * found:.0f} of 100 "
        f"AI pictures and to {100 * wronged:.0f} of 100 genuine ones."
    )


def _joined(joined: Sequence[Network]) -> list[str]:
    """Which networks had a say, how, and on what they were calibrated."""
    if not joined:
        return []
    share = (1 - SHIPPED_WEIGHT) / len(joined)
    told = [
        "The score joins that detector with what the operator of this system added; each answer is discounted "
        f"(the detector's rate of false alarms over {SHIPPED_WEIGHT:g}, each network's over {share:.2g}) so that the "
        "promise to genuine pictures still holds."
    ]
    for network in joined:
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


def _of_networks(networks: Sequence[Network | Missing], found: Answer) -> dict[str, ComponentResult]:
    """A component for each network that was asked for, with its own score, or why it has none."""
    results = {}
    for network in networks:
        network_answer = found.network_answers.get(network.name)
        if network_answer is not None:
            p = network_answer.p_value(found.calibrated.condition)
            result = ComponentResult(
                status=Status.OK,
                score=round(score_of(p), 1),
                metrics={"raw": network_answer.raw, "false_alarm_rate": p},
            )
        else:
            why = (
                network.why
                if isinstance(network, Missing)
                else found.silent.get(network.name, "the picture is not judged")
            )
            result = ComponentResult(status=Status.NOT_APPLICABLE, note=f"not available: {why}")
        results[f"network_{network.name}"] = result
    return results
