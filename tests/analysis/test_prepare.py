"""``prepare`` reads every file that ships: a worker's children, which come after it, can read none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import inspect, sys
import analysis
analysis.prepare()
for name, module in sorted(sys.modules.items()):
    if not name.startswith("analysis."):
        continue
    for function in vars(module).values():
        if not hasattr(function, "cache_info") or function.__module__ != name or function.cache_info().currsize:
            continue
        source = inspect.getsource(function)
        if inspect.signature(function).parameters or not ("read_text(" in source or "read_bytes(" in source):
            continue
        try:
            function()
        except FileNotFoundError:
            continue  # what it reads does not ship yet
        print(f"{name}.{function.__name__}")
"""


def test_everything_that_ships_is_read_before_a_child_is_made():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [], "analysis.prepare must call these"
