"""What genuine pictures usually measure: the range of each metric in each condition, as the training pipeline found it.

A range holds 90 of 100 genuine pictures (5 to 95 %). Outside it a value is *unusual*, which one genuine picture in ten
is, by every metric. It *points to AI* only where AI pictures were found out there so much more often than genuine ones
that chance in the choice of sources does not explain it. Where nothing was measured nothing is said.

The ranges are made by ``training.ranges``; a product without the file says nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import msgspec

from ..report import MeasuredRange

POINTS = 2.0
"""The least likelihood ratio, at the lower end of its 95 % interval, that points to AI."""


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """How many times as often AI pictures are beyond one end of a range as genuine ones.

    ``least`` is the lower end of the 95 % interval when whole sources are drawn anew.
    """

    ratio: float
    least: float


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Where 90 of 100 genuine pictures are, and what lies beyond either end; None where too few are there to say."""

    low: float
    high: float
    below: Outside | None = None
    above: Outside | None = None


class Ranges(msgspec.Struct, frozen=True, kw_only=True):
    """The file: ``conditions`` leads from a condition to ``component.metric`` to its range."""

    format: int
    made: str
    code: str
    manifest_sha256: str
    pictures: dict[str, int]
    conditions: dict[str, dict[str, Range]]


@cache
def measured_ranges() -> Mapping[str, Mapping[str, Range]]:
    """The ranges that ship, by condition; empty where none do."""
    file = resources.files("analysis") / "models" / "ranges.json"
    if not file.is_file():
        return {}
    return msgspec.json.decode(file.read_bytes(), type=Ranges).conditions


def ranges_of(component: str, metrics: Mapping[str, float], ways: Sequence[str]) -> dict[str, MeasuredRange]:
    """What is usual of each metric, and where its value lies.

    A picture that may have arrived in several ways is unusual only where it is so in each, and points to AI only where
    it does in each.
    """
    known = measured_ranges()
    found = {}
    for name, value in metrics.items():
        each = [known.get(way, {}).get(f"{component}.{name}") for way in ways]
        ranges = [one for one in each if one is not None]
        if ranges and len(ranges) == len(each):
            found[name] = _place(value, ranges)
    return found


def _place(value: float, ranges: Sequence[Range]) -> MeasuredRange:
    low, high = min(one.low for one in ranges), max(one.high for one in ranges)
    if low <= value <= high:
        return MeasuredRange(low=low, high=high)
    beyond = [one.below if value < low else one.above for one in ranges]
    there = [one for one in beyond if one is not None]
    if len(there) < len(beyond):
        return MeasuredRange(low=low, high=high, unusual=True)
    return MeasuredRange(
        low=low,
        high=high,
        unusual=True,
        ratio=min(one.ratio for one in there),
        points_to_ai=min(one.least for one in there) >= POINTS,
    )
