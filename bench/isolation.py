"""What isolation costs: a child with and without walls, a second fork for a process namespace, a cold bubblewrap."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import worker
from webapp.sandbox import child as sandbox
from webapp.sandbox import confinement
from webapp.settings import Settings

RUNS = 40
ROOT = Path(__file__).parent.parent


def main() -> None:
    """Measure in turns, so that what else the machine does falls on all alike."""
    settings = Settings.from_env()
    worker.prepare(settings)
    limits = sandbox.ChildLimits(10, 256 << 20)
    confine = confinement.confine

    def child(walls: bool) -> None:
        confinement.confine = confine if walls else lambda *_: []
        sandbox.run_in_child(lambda _send: None, limits, lambda *_: None)

    def second_fork() -> None:
        confinement.confine = lambda *_: []
        sandbox.run_in_child(_fork_again, limits, lambda *_: None)

    measured: dict[str, Callable[[], None]] = {
        "child of a prepared worker, no wall": lambda: child(walls=False),
        "the same with all walls": lambda: child(walls=True),
        "no wall, but a second fork (for a process namespace)": second_fork,
    }
    bwrap = shutil.which("bwrap")
    if bwrap:
        own = [bwrap, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        measured["bubblewrap around /bin/true"] = lambda: _run([*own, "/bin/true"])
    times: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(RUNS):
        for name, once in measured.items():
            start = time.perf_counter()
            once()
            times[name].append(time.perf_counter() - start)
    if bwrap:
        engine = [sys.executable, "-c", "import analysis; analysis.prepare()"]
        times["bubblewrap around a cold engine that has loaded what it needs"] = [
            _timed(lambda: _run([*own, *engine])) for _ in range(3)
        ]
    for name, values in times.items():
        print(f"{name:<62} median {1000 * statistics.median(values):7.1f} ms   best {1000 * min(values):7.1f} ms")


def _fork_again(_send: sandbox.Send) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _timed(once: Callable[[], None]) -> float:
    start = time.perf_counter()
    once()
    return time.perf_counter() - start


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
