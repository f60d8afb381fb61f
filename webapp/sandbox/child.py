"""Run a piece of work in a forked, limited, disposable child and hear from it over a pipe.

The child sees no network and no file but those it was handed (:mod:`webapp.sandbox.confinement`), writes none, starts
no process, and is killed when it takes too long, says too much, or its parent dies. The parent treats what it says as
untrusted.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from ..logs import Outline
from . import confinement

log = logging.getLogger(__name__)

ChildLimits = confinement.ChildLimits

Send = Callable[[str, bytes], None]
"""``send(kind, payload)``: one message to the parent; ``kind`` is one ASCII letter."""

_HEADER = struct.Struct(">cI")
_MOST = 64 << 20  # bytes a child may say in all: a report and its lenses are far below
_LOG = "g"
_walls_in_force: list[str] = []  # in a child: the walls around it
_TICK = 0.5


class Ending(StrEnum):
    """How a child ended; what it had said until then is with the caller."""

    DONE = "done"
    TIMED_OUT = "timed_out"
    DIED = "died"
    STOPPED = "stopped"


def run_in_child(
    work: Callable[[Send], None],
    limits: ChildLimits,
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
    confinement.prepare()
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _child(work, limits, parent, writer, keep)
    os.close(writer)
    try:
        ending = _listen(reader, time.monotonic() + limits.seconds, receive, stop)
        return ending if ending is not Ending.DONE or _exited_cleanly(pid) else Ending.DIED
    finally:
        os.close(reader)
        _kill_and_reap(pid)


def preload(work: Callable[[Send], None], limits: ChildLimits) -> None:
    """Import here every module that ``work`` has to load, so that no later child must; compute nothing here.

    The work is done in a child that may read libraries and tells the names, then in one like any later one: whatever
    is still missing there shows at start.

    Raises
    ------
    RuntimeError
        When a child does not end well.
    """
    modules: list[str] = []
    loaded = set(sys.modules)

    def tell(send: Send) -> None:
        work(send)
        send("m", "\n".join(sorted(set(sys.modules) - loaded)).encode())

    first = run_in_child(tell, replace(limits, network=True), lambda _, names: modules.extend(names.decode().split()))
    for name in modules:
        with contextlib.suppress(ImportError):  # names that a library put there by itself
            importlib.import_module(name)
    if first is not Ending.DONE or run_in_child(work, limits, lambda _kind, _payload: None) is not Ending.DONE:
        raise RuntimeError("analyses do not work on this machine; the reason is in the log")


class Level(StrEnum):
    """How much of the machine is closed to a child."""

    FULL = "full"
    PARTIAL = "partial"
    LIMITS = "limits only"


@dataclass(frozen=True)
class Isolation:
    """What a child could not do when it tried (:func:`isolation`), and what it still could."""

    walls: tuple[str, ...]
    """What stands between child and machine."""
    open: tuple[str, ...]
    """What the child still reached, in words; nothing at the full level."""

    @property
    def level(self) -> Level:
        """The level in force."""
        if not self.open:
            return Level.FULL
        return Level.PARTIAL if len(self.open) < len(_ATTEMPTS) else Level.LIMITS

    def __str__(self) -> str:
        behind = f"behind {', '.join(self.walls)}" if self.walls else "behind no wall"
        reached = f"; STILL OPEN to a child: {', '.join(self.open)}" if self.open else ": no network, files, processes"
        return f"isolation {self.level} ({behind}{reached}); memory, processor time and file size are limited"


def isolation() -> Isolation:
    """What protects this machine from a child, found by sending one that tries to get out."""
    messages: list[tuple[str, str]] = []
    run_in_child(_try_everything, ChildLimits(10, 64 << 20), lambda kind, text: messages.append((kind, text.decode())))
    walls = tuple(text for kind, text in messages if kind == _WALL)
    tried = dict(text.split(":") for kind, text in messages if kind == _TRIED)
    return Isolation(walls, tuple(name for name in _ATTEMPTS if tried.get(name) != "refused"))


def _try_everything(send: Send) -> None:
    for wall in _walls_in_force:
        send(_WALL, wall.encode())
    for name, attempt in _ATTEMPTS.items():
        try:
            attempt()
        except OSError:
            send(_TRIED, f"{name}:refused".encode())
        else:
            send(_TRIED, f"{name}:done".encode())


def _reach_the_network() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", 9))  # sends nothing: whether there is a way at all


def _read_a_file() -> None:
    Path("/etc/passwd").read_bytes()


def _start_a_process() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _signal_others() -> None:
    os.kill(os.getppid(), 0)


_TRIED, _WALL = "t", "w"
_ATTEMPTS = {
    "network": _reach_the_network,
    "files": _read_a_file,
    "processes": _start_a_process,
    "signals": _signal_others,
}


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


def _exited_cleanly(pid: int) -> bool:
    """Whether the child, having closed its pipe, exits by itself with 0; :func:`_kill_and_reap` takes its zombie."""
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


def _kill_and_reap(pid: int) -> None:
    """Kill the child and all it started, and bury it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)  # it had not made its group yet
    os.waitpid(pid, 0)


def _child(
    work: Callable[[Send], None], limits: ChildLimits, parent: int, writer: int, keep: tuple[int, ...]
) -> NoReturn:
    status = 70
    try:

        def send(kind: str, payload: bytes) -> None:
            view = memoryview(_HEADER.pack(kind.encode(), len(payload)) + payload)
            while view:
                view = view[os.write(writer, view) :]

        root = logging.getLogger()
        root.handlers = [_Forward(send)]
        try:
            _walls_in_force.extend(confinement.confine(limits, parent, {writer, *keep}))
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
        self.setFormatter(Outline())

    def emit(self, record: logging.LogRecord) -> None:
        self._send(_LOG, self.format(record).encode("utf-8", "backslashreplace")[:16384])
