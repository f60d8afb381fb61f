"""Measure a network on an operator's own pictures and turn that into its calibration."""

from __future__ import annotations

import datetime
import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..backbones.installed import NetworkCalibration
from ..errors import MediaError
from ..facts import Kind
from ..media.frames import Limits
from ..media.opening import open_media
from ..verdict import conditions as arrival
from ..verdict import conformal, evaluation
from ..verdict.abstain import abstention
from ..verdict.bands import score_of
from ..verdict.conditions import CONDITIONS
from ..verdict.detector import Detector, load, parameters_hash
from ..verdict.fusion import combine
from ..verdict.network import Network
from ..verdict.probability import platt
from .labelled import Picture

FEWEST = 30
"""Genuine pictures below which nothing is calibrated."""

_FOLDS = 5
_MOST_BYTES = 200 * 1024 * 1024

Array = NDArray[Any]


@dataclass(frozen=True)
class Answers:
    """What both detectors said of one picture, by condition; a condition in which it is not judged is absent."""

    sha256: str
    network: dict[str, float]
    shipped: dict[str, float]


def ask(network: Network, picture: Picture, detector: Detector) -> Answers | None:
    """Show a picture to both, as it is and in the three copies; None where it is no readable still.

    Raises
    ------
    UnavailableError
        When the network fails on it.
    """
    try:
        data = picture.path.read_bytes()
        media = open_media(data, Limits(_MOST_BYTES, 120_000_000))
        if media.facts.kind is not Kind.IMAGE:
            return None
        pixels = media.frame.pixels
    except (MediaError, OSError):
        return None
    network_says, shipped_says = {}, {}
    made = arrival.copies(pixels, zlib.crc32(media.sha256.encode()))
    for condition in CONDITIONS:
        seen = pixels if condition == "clean" else arrival.decode(made[condition])
        preview = media.frame.preview if condition == "clean" else arrival.reduce(seen, 768)
        sight = detector.see(seen, preview)
        if abstention(preview, detector.familiar.distance(sight.place)) is None:
            shipped_says[condition] = sight.raw
            network_says[condition] = network.raw(seen)
    return Answers(media.sha256, network_says, shipped_says)


def measure_pictures(
    network: Network,
    pictures: Sequence[Picture],
    kept: Path,
    *,
    jobs: int,
    step: Callable[[], None] = lambda: None,
) -> list[tuple[Picture, Answers]]:
    """Ask about every picture; ``kept`` remembers the answers, so that a run that was cut short goes on.

    Pictures that cannot be read are left out. Parameters else as in :func:`ask`.
    """
    detector, digest = load(), network.entry.run_sha256
    known: dict[tuple[str, int, int], Answers] = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            row = _whole(line)
            if row is not None and row["by"] == [digest, parameters_hash()]:
                known[row["at"][0], row["at"][1], row["at"][2]] = Answers(**row["answers"])

    def one(picture: Picture) -> Answers | None:
        facts = picture.path.stat()
        at = (str(picture.path.resolve()), facts.st_size, facts.st_mtime_ns)
        answers = known.get(at) or ask(network, picture, detector)
        if answers is not None and at not in known:
            row = {"by": [digest, parameters_hash()], "at": at, "answers": vars(answers)}
            with kept.open("a") as file:
                file.write(json.dumps(row) + "\n")
        step()
        return answers

    cv2.setNumThreads(1)
    with ThreadPoolExecutor(jobs) as pool:
        found = zip(pictures, pool.map(one, pictures), strict=True)
        return [(picture, answers) for picture, answers in found if answers is not None]


def calibration_of(network: Network, measured: Sequence[tuple[Picture, Answers]]) -> NetworkCalibration:
    """Thresholds by condition, and what was measured with them.

    Raises
    ------
    ValueError
        With a sentence, when there are too few genuine pictures.
    """
    conditions, measured_figures, probability = {}, {}, {}
    for condition in CONDITIONS:
        rows = [(p, a) for p, a in measured if condition in a.network]
        labels = np.array([int(p.generated) for p, _ in rows], dtype=np.int64)
        if (labels == 0).sum() < FEWEST:
            raise ValueError(
                f"{int((labels == 0).sum())} genuine pictures can be judged as {condition} copies; "
                f"{FEWEST} are the least, some 170 let a strong network reach the top band, and more are better"
            )
        raw = np.array([a.network[condition] for _, a in rows])
        shipped = np.array([a.shipped[condition] for _, a in rows])
        sources = np.array([p.source for p, _ in rows])
        conditions[condition] = conformal.measured(raw, labels, sources)
        detector = load().conditions[condition]
        fused = _fused(raw, np.array([detector.p_value(float(r)) for r in shipped]), labels, sources)
        measured_figures[condition] = _figures(raw, fused, labels)
        if (labels == 1).sum() >= FEWEST:
            slope, offset = platt(-np.log10(fused), labels, conformal.balanced_weights(labels, sources))
            probability[condition] = (round(slope, 5), round(offset, 5))
    pictures = [p for p, _ in measured]
    listed = sorted(f"{a.sha256} {int(p.generated)} {p.source}" for p, a in measured)
    return NetworkCalibration(
        format=1,
        made=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        network_sha256=network.entry.run_sha256,
        list_sha256=hashlib.sha256("\n".join(listed).encode()).hexdigest(),
        detector=parameters_hash(),
        pictures={
            "genuine": sum(not p.generated for p in pictures),
            "generated": sum(p.generated for p in pictures),
            "sources": len({p.source for p in pictures}),
        },
        conditions=conditions,
        figures=measured_figures,
        probability=probability if len(probability) == len(CONDITIONS) else None,
    )


def highest_alone(calibration: NetworkCalibration) -> float:
    """The score the network can give by itself at the most: few genuine pictures allow no small p-value."""
    lowest = min(condition["levels"][-1] for condition in calibration.conditions.values())
    return score_of(combine(1.0, [lowest]))


def _fused(raw: Array, shipped_p: Array, labels: Array, sources: Array) -> Array:
    """Fused p-values; a genuine picture's by thresholds from other sources (where there are few: other pictures)."""
    groups, genuine = sources, labels == 0
    if len(set(sources[genuine])) < _FOLDS:
        groups = np.char.mod("%d", np.cumsum(genuine) % _FOLDS)
    p = conformal.out_of_source(raw, labels, sources, groups)
    return np.array([combine(s, [n]) for s, n in zip(shipped_p, p, strict=True)])


def _figures(raw: Array, fused: Array, labels: Array) -> dict[str, Any]:
    """Shares of either class from each band on, and where both classes are there, how well they are told apart."""
    reached: dict[str, Any] = {}
    for label, word in ((0, "genuine_at_or_above"), (1, "generated_at_or_above")):
        if (labels == label).any():
            reached[word] = evaluation.at_or_above(fused[labels == label])
    if (labels == 1).any():
        reached |= {
            "auc_alone": round(evaluation.auc(raw, labels), 4),
            "auc": round(evaluation.auc(-np.log10(fused), labels), 4),
            "tpr_at_1_percent_fpr": round(evaluation.tpr_at_fpr(-np.log10(fused), labels), 4),
        }
    return reached


def _whole(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:  # the last line of a run that was cut short
        return None
