"""Many files over many processes: a file that crashes or hangs its worker costs that file alone."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice

from pebble import CONSTS, ProcessExpired, ProcessFuture, ProcessPool

from ..errors import ErrorCode, MediaError
from .examine import crashed, refused_source
from .examined import Examined
from .inputs import Source
from .safe_text import printable

AHEAD = 8  # files handed out for each worker: enough to stay busy behind a slow file, few enough to hold in memory
TRIES = 2  # how often a file is handed out when the pool as a whole broke

# what the server that workers are forked from loads once
PRELOAD = ["analysis.media.opening", "analysis.engine", "analysis.explain.lenses", "cv2"]

CONSTS.sleep_unit = 0.02  # seconds between two looks at the workers
CONSTS.term_timeout = 0.5  # seconds a worker in native code has before it is killed


@dataclass
class _HandedOut:
    source: Source
    answer: ProcessFuture[Examined]
    tries: int = 1


def examine_all(
    examine: Callable[[Source], Examined],
    sources: Sequence[Source],
    *,
    workers: int,
    timeout: float,
    verbose: bool = False,
) -> Generator[Examined, None, None]:
    """Examine every source in processes of their own; the answers come in the order of the sources.

    Parameters
    ----------
    examine
        What to do with one source; it is pickled.
    workers
        How many processes. For a single source one is forked from this process, which has loaded nothing heavy;
        otherwise they are forked from a server that has loaded the engine once.
    timeout
        Seconds a source may take before its worker is killed.

    Yields
    ------
    Examined
        Exactly one for each source: a worker that dies gives ``analysis_crashed``, one that hangs ``timeout``.
    """
    alone = len(sources) == 1
    pool = _start(workers, alone=alone, verbose=verbose)
    todo = iter(sources)
    waiting: deque[_HandedOut] = deque()

    def hand_out(source: Source) -> ProcessFuture[Examined]:
        try:
            return pool.schedule(examine, [source], timeout=timeout)
        except RuntimeError as error:  # the pool has just broken
            broken: ProcessFuture[Examined] = ProcessFuture()
            broken.set_exception(BrokenProcessPool(str(error)))
            return broken

    try:
        while True:
            for source in islice(todo, max(0, workers * AHEAD - len(waiting))):
                waiting.append(_HandedOut(source, hand_out(source)))
            if not waiting:
                return
            first = waiting.popleft()
            answer = _answer(first, timeout)
            if answer is None:
                # A worker died between two files, and nothing says whose fault it was: those without answer start anew.
                _stop(pool)
                pool = _start(workers, alone=alone, verbose=verbose)
                waiting.appendleft(first)
                for entry in waiting:
                    if not entry.answer.done() or isinstance(entry.answer.exception(), BrokenProcessPool):
                        entry.answer, entry.tries = hand_out(entry.source), entry.tries + 1
                continue
            yield answer
    finally:
        _stop(pool)


def _answer(entry: _HandedOut, timeout: float) -> Examined | None:
    """What came back for a file; None when the pool broke and it deserves another try."""
    try:
        return entry.answer.result()
    except TimeoutError:
        sentence = f"The analysis took longer than {timeout:g} seconds and was stopped."
        return refused_source(entry.source, MediaError(ErrorCode.TIMEOUT, sentence))
    except BrokenProcessPool:
        return None if entry.tries < TRIES else refused_source(entry.source, crashed())
    except ProcessExpired:
        sentence = "The analysis of this file ended its process; the file may be damaged on purpose."
        return refused_source(entry.source, MediaError(ErrorCode.ANALYSIS_CRASHED, sentence))


def _start(workers: int, *, alone: bool, verbose: bool) -> ProcessPool:
    available = multiprocessing.get_all_start_methods()
    method = next(m for m in (*(["fork"] if alone else []), "forkserver", "spawn") if m in available)
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    return ProcessPool(workers, initializer=_prepare_worker, initargs=[verbose], context=context)


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble types all but this
    pool.join()


def _prepare_worker(verbose: bool) -> None:
    """Keep standard error for the command: decoders in C write to it too. Leave no core file: it holds the picture."""
    if verbose:
        handler = logging.StreamHandler()
        handler.setFormatter(_PrintableFormatter("%(levelname)s %(name)s: %(message)s"))
        logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
        logging.captureWarnings(True)
    else:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        import resource  # noqa: PLC0415 -- POSIX only
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _PrintableFormatter(logging.Formatter):
    """Log lines and tracebacks can repeat text of a file."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), keep="\n\t")
