"""The shipped detector does not get worse unnoticed. The pictures are among those trained on: no figure of accuracy."""

from __future__ import annotations

import json

import pytest

from training import guard


@pytest.fixture(scope="module")
def reference():
    return json.loads(guard.REFERENCE.read_text())


@pytest.fixture(scope="module")
def now(shared):
    return guard.measure(shared)


def test_no_figure_fell_below_what_chance_explains(reference, now):
    assert now["pictures"] == reference["pictures"]
    assert not guard.worse(reference, now), "after shipping better parameters: python -m training.guard"


def test_the_same_parameters_give_the_same_answers(reference, now):
    if now["parameters"] != reference["parameters"]:
        pytest.skip("SKIPPED LOUDLY: the parameters are newer than guard.json; run python -m training.guard")
    for name, answers in reference["raw"].items():
        assert now["raw"][name] == pytest.approx(answers, abs=0.05), name
