"""The headline of a still: the detector's calibrated score, at once; then what is measured beside it.

The answer rests on the detector, on networks beside it and on what the file says of itself. Measurements and the
stability strip follow: they change neither score nor verdict; where the score flips, the confidence falls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import msgspec

from ..media.frames import Media
from ..report import ComponentResult, EvidenceMap, Finding, Grade, Meaning, Scoring, Stability, Status
from . import Scored, quality, stability
from .answer import Answer, ask_detector
from .bands import score_of
from .components import score_components
from .conditions import plausible
from .detector import Detector
from .fusion import SHIPPED_WEIGHT
from .likeness import agrees
from .network import Missing, Network
from .probability import LOWEST_CONFIDENCE
from .worth import detection_rate_sentence, fallback_sentences, worth_of


@dataclass(frozen=True)
class Answered:
    """A still whose answer stands.

    Attributes
    ----------
    scored
        The answer: final but for components, quality, stability, and a confidence that may still fall.
    """

    scored: Scored
    media: Media
    detector: Detector
    found: Answer
    ways: tuple[str, ...]
    joined: tuple[Network, ...]
    has_camera: bool

    def begin_stability(self, pool: Executor) -> dict[str, Future[float]]:
        """Let a pool score the changed copies; nothing of a picture that is not scored."""
        if self.found.abstained is not None:
            return {}
        return stability.begin(pool, self.detector, self.media.frame.planes, self.joined)


def answer_still(
    media: Media,
    findings: tuple[Finding, ...],
    detector: Detector,
    networks: Sequence[Network | Missing] = (),
) -> Answered:
    """Score a still by the detector.

    Parameters
    ----------
    media
        A decoded still.
    findings
        Provenance; only whether a camera's own data is there is asked, which tells how the picture arrived.
    detector
        What scores.
    networks
        The operator's networks; those that can be used join the score, each is a component of its own.
    """
    frame, jpeg, has_camera = media.frame, media.facts.jpeg, _from_a_camera(findings)
    ways = plausible(
        max(media.facts.width, media.facts.height),
        lossless=media.facts.format in quality.LOSSLESS,
        jpeg_quality=jpeg.quality if jpeg is not None else None,
        has_camera=has_camera,
    )
    usable = [network for network in networks if isinstance(network, Network)]
    # a backbone that starts from the preview never asks for the whole picture, and making that takes time
    reduced = detector.backbone.entry.input.of == "preview" and not usable
    found = ask_detector(detector, frame.preview if reduced else frame.pixels, frame.preview, ways, networks=usable)
    joined = tuple(network for network in usable if network.name in found.network_answers)
    scored = Scored(
        scoring=Scoring.CALIBRATED,
        score=None,
        confidence=LOWEST_CONFIDENCE,
        abstained=found.abstained,
        components=_of_networks(networks, found),
    )
    if found.abstained is None:
        scored = _with_score(scored, found, detector, joined)
    return Answered(scored, media, detector, found, ways, joined, has_camera)


def _with_score(scored: Scored, found: Answer, detector: Detector, joined: Sequence[Network]) -> Scored:
    calibrated, head = found.calibrated, detector.head
    measured = worth_of(detector, calibrated.condition)
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
        confidence=_confidence(found, {}, detector),
        false_alarm_rate=round(calibrated.p, 6),
        told=(
            *fallback_sentences(detector),
            detection_rate_sentence(measured),
            *([likeness.sentence] if likeness is not None else []),
            *_network_sentences(joined),
        ),
        likeness=likeness,
        evidence_map=_map(detector, found),
        measured=measured,
    )


def complete(answered: Answered, measured: Mapping[str, ComponentResult], again: Mapping[str, float]) -> Scored:
    """Add to the answer what was measured beside it.

    The components get calibrated scores of their own. They are measurements for specialists: what they say, or that
    they failed, changes neither score nor confidence.

    Parameters
    ----------
    measured
        What :func:`analysis.runner.run_analyzers` gave.
    again
        Scores of the changed copies, by what was done, see :mod:`analysis.verdict.stability`; empty where the picture
        is not scored.
    """
    found, scored = answered.found, answered.scored
    scored = msgspec.structs.replace(
        scored,
        quality=quality.quality(answered.media, found.calibrated.condition, has_camera=answered.has_camera),
        components=score_components(measured, answered.ways) | scored.components,
    )
    if found.abstained is not None:
        return scored
    return msgspec.structs.replace(
        scored,
        confidence=_confidence(found, again, answered.detector),
        stability=Stability(scores={change: round(score, 1) for change, score in again.items()}),
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
    if stability.flips(found.calibrated.score, strip):
        confidence = min(confidence, 100 * float(detector.facts.get("right_where_it_flips", 1.0)))
    return round(max(LOWEST_CONFIDENCE, confidence), 1)


def _network_sentences(joined: Sequence[Network]) -> list[str]:
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
