"""Inputs made after public reports, by the command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from analysis.report import from_json
from tests.cases import cases, wrong_with

ROOT = Path(__file__).parents[3]


def test_every_input_gives_the_right_answer(shared):
    chosen = cases(shared)
    assert len(chosen) >= 32
    command = [sys.executable, "-m", "analysis", "--json", "--quiet", "--skip", "deep", "--scoring", "rules"]
    ran = subprocess.run([*command, *(str(case.path) for case in chosen)], cwd=ROOT, capture_output=True, check=False)
    reports = [from_json(line) for line in ran.stdout.splitlines()]
    assert len(reports) == len(chosen)
    wrong = {case.file: wrong_with(case, report) for case, report in zip(chosen, reports, strict=True)}
    assert {file: why for file, why in wrong.items() if why} == {}
