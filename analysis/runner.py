"""Run every analyzer on a decoded file: isolate failures, measure time, report progress."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import nullcontext

from .errors import NotApplicable
from .facts import Kind
from .media.frames import Footage, Frame, Media
from .process import keep_freed_memory
from .registry import Analyzer, all_analyzers
from .report import ComponentResult, Status

log = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
"""Called as ``progress(done, total, component)`` after each analyzer, from the caller's thread."""


def run_one(analyzer: Analyzer, subject: Frame | Footage) -> ComponentResult:
    """Run one analyzer on one frame or clip; whatever happens, the answer is a result."""
    start = time.perf_counter()
    try:
        measured = analyzer.measure(subject)
    except NotApplicable as reason:
        return ComponentResult(
            status=Status.NOT_APPLICABLE, note=str(reason), seconds=round(time.perf_counter() - start, 6)
        )
    except Exception:
        log.exception("analyzer %s failed", analyzer.component)
        return ComponentResult(
            status=Status.FAILED, note="this analyzer failed", seconds=round(time.perf_counter() - start, 6)
        )
    metrics = {name: float(value) for name, value in measured.items()}
    broken = sorted(name for name, value in metrics.items() if not math.isfinite(value))
    if broken:
        log.error("analyzer %s gave values that are not finite: %s", analyzer.component, ", ".join(broken))
        metrics = {name: value for name, value in metrics.items() if name not in broken}
    return ComponentResult(status=Status.OK, metrics=metrics, seconds=round(time.perf_counter() - start, 6))


def run_analyzers(
    media: Media,
    *,
    skip: Collection[str] = (),
    progress: Progress | None = None,
    threads: int | None = None,
    pool: Executor | None = None,
) -> dict[str, ComponentResult]:
    """Run all analyzers that know stills on ``media.frame``, side by side over ``threads`` (default: the cores).

    With a ``pool`` they run there, after what it was given before. For clips see :mod:`analysis.clip_runner`.

    Returns
    -------
    dict
        Component name to result, in the order of names. A component in ``skip`` is absent.
    """
    chosen = [a for a in all_analyzers() if Kind.IMAGE in a.kinds and a.component not in skip]
    chosen.sort(key=lambda a: not a.heavy)  # so that no long one is left for the end
    results: dict[str, ComponentResult] = {}
    keep_freed_memory()
    media.frame.planes.grey  # noqa: B018 -- decode and reduce once, before the threads ask for it together
    with nullcontext(pool) if pool is not None else ThreadPoolExecutor(threads or os.cpu_count() or 1) as workers:
        running = {workers.submit(run_one, a, media.frame): a.component for a in chosen}
        for done, future in enumerate(as_completed(running), start=1):
            results[running[future]] = future.result()
            if progress is not None:
                progress(done, len(chosen), running[future])
    return dict(sorted(results.items()))
