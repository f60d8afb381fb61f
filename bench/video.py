"""Clips: the whole analysis against the time PyAV needs to decode the file, two hours against ten seconds, memory."""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av

from analysis import analyze, open_media, prepare

from ._clip import ten_seconds, two_hours

SKIP = {"deep"}
ROUNDS = 5
TARGET_ANSWER, TARGET, TARGET_LONG, TARGET_MEMORY = 3.0, 6.0, 1.1, 1200

# VmHWM: what getrusage says would begin with the memory of the process that started this one
_CHILD = (
    "import re, sys; from pathlib import Path; from analysis import analyze, open_media; "
    "analyze(open_media(Path(sys.argv[1]).read_bytes()), skip={'deep'}); "
    "print(int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
)


def main() -> None:
    """Take turns, so that all see the same machine; print ratios of wall-clock and of processor time."""
    ten, two = ten_seconds(), two_hours()
    prepare(skip=SKIP)
    runs: dict[str, Callable[[], object]] = {
        "PyAV decodes ten seconds (its default)": lambda: _decode(ten, "SLICE"),
        "PyAV decodes ten seconds (all cores)": lambda: _decode(ten, "AUTO"),
        "open_media, ten seconds": lambda: open_media(ten),
        "answer, ten seconds": lambda: _answer(ten),
        "whole analysis, ten seconds": lambda: analyze(open_media(ten), skip=SKIP),
        "whole analysis, two hours": lambda: analyze(open_media(two), skip=SKIP),
    }
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start, worked = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - start)
            cpu[name].append(time.process_time() - worked)
    base, all_cores, _, answer, short, long = runs
    print(f"1080p, 30 frames a second, H.264: ten seconds {len(ten) / 1e6:.1f} MB, two hours {len(two) / 1e6:.0f} MB")
    print(f"{os.cpu_count()} cores; best of {ROUNDS} turns, in seconds\n")
    print(f"{'':<42} {'wall':>7} {'median':>7} {'processor':>10}")
    for name in runs:
        print(f"{name:<42} {min(wall[name]):7.2f} {statistics.median(wall[name]):7.2f} {min(cpu[name]):10.2f}")
    print(f"\n{'ratio':<42} {'wall':>7} {'median':>7} {'processor':>10}   target")
    compared = (
        (answer, base, TARGET_ANSWER),
        (short, base, TARGET),
        (short, all_cores, TARGET),
        (long, short, TARGET_LONG),
    )
    for name, over, target in compared:
        ratios = min(wall[name]) / min(wall[over]), statistics.median(wall[name]) / statistics.median(wall[over])
        figures = f"{ratios[0]:7.2f} {ratios[1]:7.2f} {min(cpu[name]) / min(cpu[over]):10.2f}"
        print(f"{name} : {over}\n{'':<42} {figures}   {target} ×")
    for name, data in (("ten seconds", ten), ("two hours", two)):
        print(f"peak memory of a process that analyzes {name}: {_peak(data)} MB (target: at most {TARGET_MEMORY} MB)")


def _decode(data: bytes, threads: str) -> int:
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        stream.thread_type = threads
        return sum(1 for _ in container.decode(stream))


class _AnsweredError(Exception):
    """Ends an analysis once its answer is there."""


def _answer(data: bytes) -> None:
    """From the bytes of a clip to its answer."""

    def stop(_report: object) -> None:
        raise _AnsweredError

    with suppress(_AnsweredError):
        analyze(open_media(data), skip=SKIP, on_answer=stop)


def _peak(data: bytes) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip")
        path.write_bytes(data)
        done = subprocess.run([sys.executable, "-c", _CHILD, path], capture_output=True, text=True, check=True)
    return int(done.stdout)


if __name__ == "__main__":
    main()
