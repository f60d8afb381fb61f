"""Run a piece of work in a forked, limited, disposable child and hear from it over a pipe.

The child sees no network (where the machine permits a namespace), opens nothing it was not handed, writes no file,
and is killed when it takes too long, says too much, or its parent dies. The parent treats what it says as untrusted.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import logging
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

log = logging.getLogger(__name__)

Send = Callable[[str, bytes], None]
"""``send(kind, payload)``: one message to the parent; ``kind`` is one ASCII letter."""

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_HEADER = struct.Struct(">cI")
_MOST = 64 << 20  # bytes a child may say in all: a report and its lenses are far below
_LOG = "g"
_TICK = 0.5


class Ending(StrEnum):
    """How a child ended; what it had said until then is with the caller."""

    DONE = "done"
    TIMED_OUT = "timed_out"
    DIED = "died"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Limits:
    """What a child may use."""

    seconds: float
    memory: int
    """Bytes it may allocate on top of what the parent holds."""
    file: int = 0
    """How large a file it was handed may grow."""
    network: bool = False
    """Whether it keeps the network: for a child that fetches and opens nothing."""


def run(
    work: Callable[[Send], None],
    limits: Limits,
    receive: Callable[[str, bytes], None],
    *,
    keep: tuple[int, ...] = (),
    stop: Callable[[], bool] = lambda: False,
) -> Ending:
    """Fork, run ``work(send)`` in the child, hand its messages to ``receive`` in the parent; see the child out.

    Parameters
    ----------
    work
        Runs in the child. An exception in it is logged and ends the child as *died*.
    receive
        Called in the parent as ``receive(kind, payload)``. An exception in it kills the child and is raised.
    keep
        File descriptors the child may use; all others but the standard three are closed in it.
    stop
        Asked twice a second; True kills the child.
    """
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _child(work, limits, parent, writer, keep)
    os.close(writer)
    try:
        ending = _listen(reader, time.monotonic() + limits.seconds, receive, stop)
        return ending if ending is not Ending.DONE or _left_well(pid) else Ending.DIED
    finally:
        os.close(reader)
        _end(pid)


def preload(work: Callable[[Send], None], limits: Limits) -> None:
    """Import here every module that ``work`` has to load, so that no later child must; compute nothing here.

    The work is done in a child like any other, which tells the names; that it succeeds also shows that children work.

    Raises
    ------
    RuntimeError
        When the child does not end well.
    """
    told: list[str] = []
    loaded = set(sys.modules)

    def tell(send: Send) -> None:
        work(send)
        send("m", "\n".join(sorted(set(sys.modules) - loaded)).encode())

    if run(tell, limits, lambda _kind, names: told.extend(names.decode().split())) is not Ending.DONE:
        raise RuntimeError("analyses do not work on this machine; the reason is in the log")
    for name in told:
        with contextlib.suppress(ImportError):  # names that a library put there by itself
            importlib.import_module(name)


def isolation() -> str:
    """What protects the machine from a child here, in words for the log."""
    cut = os.fork()
    if cut == 0:
        os._exit(0 if _cut_network() else 1)
    cut_off = os.waitstatus_to_exitcode(os.waitpid(cut, 0)[1]) == 0
    network = "no network (namespace)" if cut_off else "NETWORK NOT CUT OFF: namespaces are not permitted here"
    return f"{network}, limits on memory, processor time and processes, no writing of files"


def _listen(reader: int, deadline: float, receive: Callable[[str, bytes], None], stop: Callable[[], bool]) -> Ending:
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    buffer, said = bytearray(), 0
    look = time.monotonic() + _TICK
    while True:
        now = time.monotonic()
        if now >= deadline:
            return Ending.TIMED_OUT
        if now >= look:
            if stop():
                return Ending.STOPPED
            look = now + _TICK
        if not poll.poll(max(0.0, min(deadline, look) - now) * 1000):
            continue
        data = os.read(reader, 1 << 18)
        if not data:
            return Ending.DONE
        said += len(data)
        if said > _MOST:
            log.error("the analysis said more than %d bytes and was stopped", _MOST)
            return Ending.DIED
        buffer += data
        while len(buffer) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(buffer)
            end = _HEADER.size + length
            if len(buffer) < end:
                break
            payload = bytes(buffer[_HEADER.size : end])
            del buffer[:end]
            if kind == _LOG.encode():
                log.warning("child: %s", payload.decode("utf-8", "backslashreplace"))
            else:
                receive(kind.decode("ascii", "replace"), payload)


def _left_well(pid: int) -> bool:
    """Whether the child, having closed its pipe, exits by itself with 0; its zombie is left for :func:`_end`."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        facts = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if facts is not None:
            if facts.si_code != os.CLD_EXITED or facts.si_status != 0:
                log.warning("the analysis died: %s", _cause(facts))
            return facts.si_code == os.CLD_EXITED and facts.si_status == 0
        time.sleep(0.001)
    return False


def _cause(facts: os.waitid_result) -> str:
    return f"exit status {facts.si_status}" if facts.si_code == os.CLD_EXITED else signal.Signals(facts.si_status).name


def _end(pid: int) -> None:
    """Kill the child and all it started, and bury it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)  # it had not made its group yet
    os.waitpid(pid, 0)


def _child(work: Callable[[Send], None], limits: Limits, parent: int, writer: int, keep: tuple[int, ...]) -> NoReturn:
    status = 70
    try:

        def send(kind: str, payload: bytes) -> None:
            view = memoryview(_HEADER.pack(kind.encode(), len(payload)) + payload)
            while view:
                view = view[os.write(writer, view) :]

        root = logging.getLogger()
        root.handlers = [_Forward(send)]
        try:
            _confine(limits, parent, {writer, *keep})
            work(send)
            status = 0
        except BaseException:  # noqa: BLE001 -- the child ends here whatever it was; the traceback is logged
            root.exception("the analysis failed")
    finally:
        os._exit(status)


class _Forward(logging.Handler):
    """Log records go to the parent: the child itself can write nowhere."""

    def __init__(self, send: Send) -> None:
        super().__init__(logging.WARNING)
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        self._send(_LOG, self.format(record).encode("utf-8", "backslashreplace")[:16384])


def _confine(limits: Limits, parent: int, keep: set[int]) -> None:
    """Everything a child gives up before it touches a stranger's file."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if os.getppid() != parent:
        os._exit(70)  # the parent died before the death signal was set
    _close_all_but({0, 1, 2, *keep})
    os.nice(5)
    seconds = int(limits.seconds * (os.cpu_count() or 1)) + 1
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_DATA, _data_size() + limits.memory),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 4096),
    ):
        _, hard = resource.getrlimit(what)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))
    if not limits.network:
        _cut_network()


def _close_all_but(keep: set[int]) -> None:
    first = 0
    for number in [*sorted(keep), 1 << 20]:
        if number > first:  # an empty range would close everything (the kernel reads its end as unsigned)
            os.closerange(first, number)
        first = number + 1


def _data_size() -> int:
    """Bytes of private writable memory this process has (``data`` in /proc/self/statm), as RLIMIT_DATA counts them."""
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 -- a kernel file, read in one line
        return int(statm.read().split()[5]) * resource.getpagesize()


def _cut_network() -> bool:
    """Leave for a network namespace without interfaces; False where that is not permitted."""
    return any(_libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))
