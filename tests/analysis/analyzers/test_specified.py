"""docs/specification.md names every metric of every analyzer."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.registry import Analyzer, all_analyzers

PAGE = (Path(__file__).parents[3] / "docs" / "specification.md").read_text()
SHORT = {"ela": ("ela_mean_q", "ela_std_q"), "deep": ("_sparsity", "_std", "_kurtosis")}  # written once for several


@pytest.mark.parametrize(
    "analyzer", [a for a in all_analyzers() if a.component != "metadata"], ids=lambda a: a.component
)
def test_every_metric_is_defined(analyzer: Analyzer) -> None:
    part = PAGE.split(
        f"\n**{analyzer.component}**" if f"\n**{analyzer.component}**" in PAGE else f"\n**{analyzer.component}.**"
    )
    text = part[1].split("\n\n")[0]
    families = SHORT.get(analyzer.component, ())
    missing = [m.name for m in analyzer.metrics if f"`{m.name}`" not in text and not any(f in m.name for f in families)]
    assert not missing
