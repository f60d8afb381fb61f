"""What an analysis asks of the process it runs in: freed memory is kept, BLAS and OpenMP stay on one thread."""

from __future__ import annotations

import ctypes
import sys
from contextlib import AbstractContextManager
from functools import cache
from types import ModuleType

from threadpoolctl import ThreadpoolController

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # <malloc.h>
_LARGE = 32 * 1024 * 1024  # the most glibc allows; larger arrays always go back at once
_KEEP = 128 * 1024 * 1024


@cache
def keep_freed_memory() -> None:
    """Tell the C library (glibc) to keep freed arrays of up to 32 MB, and at most 128 MB in all a heap.

    By default every plane of a preview goes back to the system when it is freed and is handed out again page by
    page: 13,000 page faults an analysis, a third of its time. Elsewhere than on glibc this does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _KEEP)


def on_one_blas_thread() -> AbstractContextManager[object]:
    """Within it BLAS (OpenBLAS, MKL) starts no threads of its own.

    The analyzers are the parallelism. The products here are small, and OpenBLAS's threads wait for the next one by
    spinning: they took the second core for the whole analysis and made it a third longer.
    """
    return find_libraries().limit(limits=1, user_api="blas")


def on_one_openmp_thread(extension: ModuleType) -> None:
    """Tell the OpenMP that an extension module is linked to that the calling thread works alone.

    GNU OpenMP's threads do not survive a fork: in the child of a process that has used them, the next parallel loop
    waits for ever. The library is in memory already, so this opens no file. Without OpenMP it does nothing.
    """
    set_threads = getattr(ctypes.CDLL(extension.__file__), "omp_set_num_threads", None)
    if set_threads is not None:
        set_threads(1)


@cache
def find_libraries() -> ThreadpoolController:
    """The BLAS libraries loaded by now. Looks into ``/proc`` once and for all: call it when all are loaded."""
    return ThreadpoolController()
