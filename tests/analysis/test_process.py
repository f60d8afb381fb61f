"""Freed arrays are used again instead of being handed back and fetched anew."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import resource, numpy as np
from analysis.process import keep_freed_memory
if {keep}:
    keep_freed_memory()
for turn in range(30):
    if turn == 5:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    planes = [np.ones(500_000) for _ in range(5)]
    del planes
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(*, keep: bool) -> int:
    program = [sys.executable, "-c", PROGRAM.format(keep=keep)]
    done = subprocess.run(program, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_planes_cause_no_page_faults_the_second_time():
    assert page_faults(keep=True) < 0.1 * page_faults(keep=False)
