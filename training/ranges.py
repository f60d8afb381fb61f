"""What genuine pictures usually measure: the 5 to 95 % range of each metric in each condition, and what is beyond it.

Sources count as in training: the square root of their pictures, so that no large one makes the range. The likelihood
ratio beyond an end is the share of AI pictures there over that of genuine ones; its interval draws whole sources anew.
Where a condition has too few genuine pictures or sources, or an end too few pictures beyond it, nothing is written.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from analysis.verdict.conditions import CONDITIONS
from analysis.verdict.ranges import POINTS, Outside, Range, Ranges

from . import components, corpus, ship
from .command import say

Floats = NDArray[np.float64]

SHARE = 0.05
"""Of genuine pictures, below the range and above it."""
LEAST_PICTURES, LEAST_SOURCES, LEAST_BEYOND = 200, 10, 20
ROUNDS = 200


def learn(every: Sequence[corpus.Item], folder: Path, manifest: Path, target: Path) -> None:
    """Write ``ranges.json`` from the metrics that :func:`training.components.run` has measured."""
    items = [item for item in every if item.fold != corpus.UNTOUCHED]
    values = {condition: rows[:, :-1] for condition, rows in components.read(items, folder).items()}
    found = measure(items, values, components.names())
    out = Ranges(
        format=1,
        made=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        code=ship.code_version(),
        manifest_sha256=corpus.file_hash(manifest),
        pictures={word: sum(i.label == label for i in items) for label, word in enumerate(("genuine", "generated"))},
        conditions=found,
    )
    target.write_bytes(msgspec.json.format(msgspec.json.encode(out), indent=1) + b"\n")
    for condition, ranges in found.items():
        ends = [end for one in ranges.values() for end in (one.below, one.above) if end is not None]
        say(f"ranges: {condition}, {len(ranges)} metrics; {sum(e.least >= POINTS for e in ends)} ends point to AI")


def measure(
    items: Sequence[corpus.Item], values: Mapping[str, Floats], names: Sequence[str]
) -> dict[str, dict[str, Range]]:
    """Condition to metric to range.

    Parameters
    ----------
    items
        The pictures.
    values
        Condition to (n, k): a row a picture, a column a metric, NaN where it was not measured.
    names
        ``component.metric`` of each column.
    """
    labels = np.array([item.label for item in items])
    sources = np.array([item.group for item in items])
    weights = corpus.weights_of(items)
    drawn = _drawings(sources, weights)
    found: dict[str, dict[str, Range]] = {}
    for condition in CONDITIONS:
        ranges = {
            name: one
            for column, name in enumerate(names)
            if (one := _range(values[condition][:, column], labels, sources, weights, drawn)) is not None
        }
        if ranges:
            found[condition] = ranges
    return found


def _range(
    values: Floats, labels: NDArray[np.int64], sources: NDArray[np.str_], weights: Floats, drawn: Floats
) -> Range | None:
    there = np.isfinite(values)
    genuine = there & (labels == 0)
    if genuine.sum() < LEAST_PICTURES or len(np.unique(sources[genuine])) < LEAST_SOURCES:
        return None
    low, high = (_quantile(values[genuine], weights[genuine], q) for q in (SHARE, 1 - SHARE))
    generated = there & (labels == 1)
    below, above = (
        _outside(beyond, genuine, generated, drawn) for beyond in (there & (values < low), there & (values > high))
    )
    return Range(low=_short(low), high=_short(high), below=below, above=above)


def _outside(
    beyond: NDArray[np.bool_], genuine: NDArray[np.bool_], generated: NDArray[np.bool_], drawn: Floats
) -> Outside | None:
    """The likelihood ratio beyond one end; None where hardly anything lies there."""
    if (beyond & genuine).sum() + (beyond & generated).sum() < LEAST_BEYOND or not generated.any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        made = drawn @ (beyond & generated) / (drawn @ generated)
        real = drawn @ (beyond & genuine) / (drawn @ genuine)
        # half a genuine picture more than were found: an end where none lies is not infinitely telling
        ratios = made / np.maximum(real, 0.5 / genuine.sum())
    again = ratios[1:][np.isfinite(ratios[1:])]
    if not np.isfinite(ratios[0]) or not len(again):
        return None
    return Outside(ratio=round(float(ratios[0]), 2), least=round(float(np.quantile(again, 0.025)), 2))


def _drawings(sources: NDArray[np.str_], weights: Floats, seed: int = 1) -> Floats:
    """Weights of the pictures as they are, then with whole sources drawn anew: (1 + ROUNDS, n)."""
    rng = np.random.default_rng(seed)
    _, place = np.unique(sources, return_inverse=True)
    count = int(place.max()) + 1
    times = rng.multinomial(count, np.full(count, 1 / count), size=ROUNDS)
    return np.concatenate([weights[None], times[:, place] * weights])


def _quantile(values: Floats, weights: Floats, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])


def _short(value: float) -> float:
    return float(f"{value:.5g}")
