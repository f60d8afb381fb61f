"""One file's crash, hang or exit costs that file alone, and every file gets exactly one answer, in order."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from analysis.cli.batch import AHEAD, examine_all
from analysis.cli.examined import Examined
from analysis.cli.inputs import Source
from analysis.report import Report


def examine(source: Source) -> Examined:
    """Do what the path says, as a decoder under attack might."""
    match source.path:
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # as deaf as a loop in native code
            time.sleep(600)
        case "exit":
            os._exit(7)
        case "last":
            return Examined(Report(path="last", summary="x" * 3_000_000), b"")
        case "die idle":
            signal.setitimer(signal.ITIMER_REAL, 0.05)  # after the answer, between two files
            return Examined(Report(path="die idle", summary=str(os.getpid())), b"")
    return Examined(Report(path=source.path), b"")


def answers(*paths: str, workers: int = 2, timeout: float = 60.0) -> list[tuple[str, str | None]]:
    examined = examine_all(examine, [Source(path) for path in paths], workers=workers, timeout=timeout)
    return [(str(one.report.path), one.report.error and one.report.error.code) for one in examined]


def test_answers_come_in_order_for_more_files_than_are_handed_out_at_once() -> None:
    paths = [str(i) for i in range(3 * AHEAD + 1)]
    assert answers(*paths, workers=2) == [(path, None) for path in paths]


def test_a_crash_costs_one_file() -> None:
    assert answers("a", "crash", "b", "crash", "crash", "exit", "last") == [
        ("a", None),
        ("crash", "analysis_crashed"),
        ("b", None),
        ("crash", "analysis_crashed"),
        ("crash", "analysis_crashed"),
        ("exit", "analysis_crashed"),
        ("last", None),
    ]


def test_a_hang_costs_one_file_and_its_process() -> None:
    assert answers("hang", "a", "b", timeout=1.0) == [("hang", "timeout"), ("a", None), ("b", None)]
    assert not workers_left()


@pytest.mark.parametrize(("path", "code"), [("a", None), ("crash", "analysis_crashed"), ("hang", "timeout")])
def test_one_file_alone_is_as_safe(path: str, code: str | None) -> None:
    assert answers(path, workers=1, timeout=1.0) == [(path, code)]


def test_a_worker_that_dies_between_two_files_costs_none() -> None:
    def after_the_death() -> Iterator[tuple[str, str | None]]:
        sources = [Source("die idle"), *(Source(str(i)) for i in range(2 * AHEAD))]
        for examined in examine_all(examine, sources, workers=1, timeout=60):
            while examined.report.path == "die idle" and psutil.pid_exists(int(examined.report.summary)):
                time.sleep(0.01)
            yield str(examined.report.path), examined.report.error and examined.report.error.code

    assert list(after_the_death()) == [("die idle", None), *((str(i), None) for i in range(2 * AHEAD))]


def test_stopping_early_leaves_no_process() -> None:
    running = examine_all(examine, [Source("a"), Source("hang"), Source("hang")], workers=2, timeout=600)
    assert next(running).report.path == "a"
    running.close()
    assert not workers_left()


def workers_left() -> list[psutil.Process]:
    """Workers that still run. The server they are forked from, and the tracker beside it, Python keeps for later."""
    kept = [p for p in psutil.Process().children() if "from multiprocessing." in " ".join(p.cmdline())]
    assert kept
    _, alive = psutil.wait_procs([worker for p in kept for worker in p.children(recursive=True)], timeout=0.5)
    return alive
