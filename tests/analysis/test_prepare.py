"""``prepare`` reads every file that ships: a worker's children, which come after it, can read none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import inspect, sys
from contextlib import suppress
from pathlib import Path
import analysis

here = Path(analysis.__file__).parent
opened = set()

def hear(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes, Path)):
        opened.add(Path(str(arguments[0])))

analysis.prepare()
sys.addaudithook(hear)
for name, module in sorted(sys.modules.items()):
    if not name.startswith("analysis."):
        continue
    for function in vars(module).values():
        if not hasattr(function, "cache_info") or function.__module__ != name or function.cache_info().currsize:
            continue
        if inspect.signature(function).parameters:
            continue
        opened.clear()
        with suppress(ImportError):  # of a component that is not installed here
            function()
        read = [file for file in opened if file.is_relative_to(here) and not file.suffix.startswith(".py")]
        if read:
            print(f"{name}.{function.__name__}")
"""


def test_everything_that_ships_is_read_before_a_child_is_made():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [], "analysis.prepare must call these"
