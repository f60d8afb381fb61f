"""docs/rules.md names every rule that is in force, with the range it calls usual, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.verdict.rules.table import IMAGE_RULES, IMAGE_WEIGHTS, VIDEO_RULES, VIDEO_WEIGHTS

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("title", "rules"), [("Pictures", IMAGE_RULES), ("Clips", VIDEO_RULES)])
def test_the_page_lists_every_rule(title, rules):
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| (\S+) to (\S+) \|", section(title), re.M)
    assert {(c, m, float(low), float(high)) for c, m, low, high in rows} == {
        (rule.component, rule.metric, *map(float, rule.expected)) for rule in rules
    }


@pytest.mark.parametrize(("column", "weights"), [(2, IMAGE_WEIGHTS), (3, VIDEO_WEIGHTS)])
def test_the_page_states_the_weights(column, weights):
    row = next(line for line in PAGE.splitlines() if line.startswith("| weights |")).split("|")
    assert {name: float(value) for name, value in re.findall(r"(\w+) (0\.\d+)", row[column])} == weights
