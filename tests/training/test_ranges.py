"""Ranges of genuine pictures: found on made values whose truth is known, and read by the product as they mean it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from analysis.report import ComponentResult, Status
from analysis.verdict import components, ranges
from analysis.verdict.conditions import CONDITIONS
from analysis.verdict.ranges import Outside, Range
from training import measured as shares
from training import ranges as pipeline
from training.corpus import Item

NAMES = ["noise.noise_std", "noise.noise_kurtosis", "color.color_entropy"]


def items(sources: int = 20, each: int = 30) -> list[Item]:
    """Every other source is of AI pictures."""
    return [
        Item(blob=f"{s}-{k}", label=s % 2, kind="photo", generator="", group=f"source{s}", repo="",
             fold=s % 3)
        for s in range(2 * sources) for k in range(each)
    ]  # fmt: skip


@pytest.fixture
def made():
    """Of the first metric, genuine pictures lie between 0 and 1, and a third of AI ones at 2; the second tells nothing.

    The third was measured of too few.
    """
    chosen = items()
    labels = np.array([one.label for one in chosen])
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 1, (len(chosen), 3))
    values[(labels == 1) & (rng.uniform(size=len(chosen)) < 1 / 3), 0] = 2.0
    values[150:, 2] = np.nan
    return chosen, dict.fromkeys(CONDITIONS, values)


def test_a_range_holds_nine_in_ten_and_says_how_telling_its_ends_are(made):
    chosen, values = made
    found = pipeline.measure(chosen, values, NAMES)
    assert set(found) == set(CONDITIONS)
    telling, silent = (found["web"][name] for name in NAMES[:2])
    for one in (telling, silent):
        assert one.low == pytest.approx(0.05, abs=0.03)
        assert one.high == pytest.approx(0.95, abs=0.03)
    assert telling.above is not None
    assert telling.above.ratio == pytest.approx((1 / 3 + 0.05 * 2 / 3) / 0.05, rel=0.3)
    assert 2 < telling.above.least < telling.above.ratio
    assert silent.above is not None
    assert silent.above.ratio == pytest.approx(1, abs=0.4)
    assert silent.above.least < 1
    assert NAMES[2] not in found["web"]


def test_one_odd_source_makes_nothing_telling(made):
    chosen, values = made
    array = values["web"].copy()
    array[:, 1] = np.where([one.group == "source1" for one in chosen], 5.0, array[:, 1])
    found = pipeline.measure(chosen, dict.fromkeys(CONDITIONS, array), NAMES)
    above = found["web"][NAMES[1]].above
    assert above is not None
    assert above.least < ranges.POINTS  # one AI source of twenty lies there: it may be drawn, or not


@pytest.fixture
def shipped(monkeypatch):
    known = {
        "web": {
            "noise.noise_std": Range(
                low=1, high=3, below=Outside(ratio=1.1, least=0.8), above=Outside(ratio=6, least=4)
            )
        },
        "hard": {"noise.noise_std": Range(low=0.5, high=4, above=Outside(ratio=3, least=1.5))},
    }  # fmt: skip
    monkeypatch.setattr(ranges, "measured_ranges", lambda: known)


def place(value: float, *ways: str):
    return ranges.ranges_of("noise", {"noise_std": value}, ways).get("noise_std")


@pytest.mark.usefixtures("shipped")
def test_the_product_says_what_was_measured_and_no_more():
    usual, below, above = place(2, "web"), place(0.7, "web"), place(5, "web")
    assert (usual.unusual, usual.points_to_ai, usual.ratio) == (False, False, None)
    assert (below.unusual, below.points_to_ai, below.ratio) == (True, False, 1.1)
    assert (above.unusual, above.points_to_ai, above.ratio) == (True, True, 6)
    both = place(5, "web", "hard")
    assert (both.low, both.high, both.unusual, both.points_to_ai, both.ratio) == (0.5, 4, True, False, 3)
    assert place(3.5, "web", "hard").unusual is False
    unknown = place(0.1, "hard")  # beyond an end of which nothing was measured
    assert (unknown.unusual, unknown.points_to_ai, unknown.ratio) == (True, False, None)
    assert place(2, "clean") is None
    assert place(2, "web", "clean") is None  # not measured in a way that it may have come
    assert ranges.ranges_of("noise", {"other": 1.0}, ["web"]) == {}


@pytest.mark.usefixtures("shipped")
def test_reports_carry_the_ranges_beside_the_metrics():
    given = {"noise": ComponentResult(status=Status.OK, score=50.0, metrics={"noise_std": 5.0, "noise_kurtosis": 1.0})}
    result = components.score_components(given, ["web"])["noise"]
    assert set(result.ranges) == {"noise_std"}
    assert result.ranges["noise_std"].points_to_ai
    assert result.evidence == ()


def test_ranges_that_ship_are_of_metrics_that_are_measured():
    for condition, known in ranges.measured_ranges().items():
        assert condition in CONDITIONS
        assert set(known) <= set(pipeline.components.names())
        for one in known.values():
            assert one.low <= one.high
            assert all(end.least <= end.ratio for end in (one.below, one.above) if end is not None)


def test_shares_by_kind_are_of_classes_that_are_large_enough():
    chosen = [
        Item(
            blob=str(k),
            label=k % 2,
            kind="photo" if k < 120 else "face",
            generator="",
            group=f"s{k % 9}",
            repo="",
            fold=0,
        )
        for k in range(140)
    ]
    p = np.where([one.label == 1 for one in chosen], 0.001, 0.5)
    p[[0, 2, 4]] = 0.04  # three genuine photographs of sixty
    calibrated = SimpleNamespace(
        p=dict.fromkeys(CONDITIONS, p), declined=dict.fromkeys(CONDITIONS, np.zeros(140, bool))
    )
    found = shares.by_kind(chosen, calibrated)
    assert set(found) == {"photo"}  # ten faces are too few
    assert found["photo"]["pictures"] == {"genuine": 60, "generated": 60}
    assert found["photo"]["generated_at_or_above"]["60"] == 1
    assert found["photo"]["genuine_at_or_above"] == {"60": 0, "45": 0.05, "30": 0.05, "18": 1}
