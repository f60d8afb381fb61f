"""The walls around a child: each closes by itself what it is there for, and all together leave nothing open.

Where a machine has no such wall (no Landlock in the kernel, no namespaces permitted, no libseccomp) its tests skip.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from webapp.sandbox import confinement
from webapp.sandbox.child import ChildLimits, Ending, Isolation, Level, isolation, run_in_child
from webapp.sandbox.confinement import EMPTY_ROOT, LANDLOCK, NAMESPACES, SECCOMP

ROOT = Path(__file__).parents[3]
LIMITS = ChildLimits(seconds=10, memory=512 << 20)
OFF = {
    NAMESPACES: ("_unshare", lambda limits: []),
    LANDLOCK: ("landlock", lambda *a, **k: False),
    SECCOMP: ("seccomp", lambda **_: False),
}


@pytest.fixture(scope="module")
def walls():
    """The walls of this machine."""
    return isolation().walls


@pytest.fixture
def only(monkeypatch, walls):
    """Take away every wall but the named one (none: limits alone)."""

    def stand(name):
        if name is not None and name not in walls:
            pytest.skip(f"SKIPPED LOUDLY: this machine has no {name}")
        for other, (function, nothing) in OFF.items():
            if other != (NAMESPACES if name == EMPTY_ROOT else name):
                monkeypatch.setattr(confinement, function, nothing)

    return stand


def attempt(work, limits=LIMITS, **kwargs):
    """What a child says of its attempt: its result, or the name of the error."""

    def tell(send):
        try:
            send("a", str(work()).encode())
        except (OSError, MemoryError) as problem:
            send("a", type(problem).__name__.encode())

    heard = []
    ending = run_in_child(tell, limits, lambda _kind, payload: heard.append(payload.decode()), **kwargs)
    assert ending is Ending.DONE
    return heard[0]


def read(path):
    return lambda: Path(path).read_bytes()[:1]


REFUSED = {"PermissionError", "FileNotFoundError"}


@pytest.mark.parametrize("wall", [EMPTY_ROOT, LANDLOCK])
@pytest.mark.parametrize("what", ["/etc/passwd", "/proc/self/environ", "database", "neighbor", "a link to it"])
def test_no_file_can_be_read(only, wall, what, tmp_path):
    (tmp_path / "detector.db").write_bytes(b"rows of everyone")
    (tmp_path / "link").symlink_to("detector.db")
    path = {
        "database": tmp_path / "detector.db",
        "neighbor": tmp_path / "link" / ".." / "detector.db",
        "a link to it": tmp_path / "link",
    }.get(what, what)
    only(wall)
    assert attempt(read(path)) in REFUSED | {"NotADirectoryError"}


def test_without_a_wall_files_can_be_read(only, tmp_path):
    """So the tests above can fail."""
    (tmp_path / "detector.db").write_bytes(b"rows")
    only(None)
    assert attempt(read(tmp_path / "detector.db")) == "b'r'"


@pytest.mark.parametrize("wall", [EMPTY_ROOT, LANDLOCK, None])
def test_nothing_can_be_written(only, wall, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").touch()
    (tmp_path / "there").chmod(0o666)
    only(wall)
    for target in (tmp_path / "there", tmp_path / "new", Path("newer")):
        attempt(lambda target=target: target.write_bytes(b"x" * 4096))
        assert not target.exists() or target.stat().st_size == 0


@pytest.mark.parametrize("wall", [NAMESPACES, LANDLOCK, SECCOMP])
def test_no_connection_to_this_machine(only, wall):
    only(wall)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        assert attempt(lambda: socket.create_connection(address, timeout=2)) in {"PermissionError", "OSError"}
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_without_a_wall_it_connects(only):
    """So the test above can fail."""
    only(None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        assert attempt(lambda: bool(socket.create_connection(address, timeout=2))) == "True"


def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "forked"


def test_no_process_can_be_started(only):
    only(SECCOMP)
    assert attempt(fork) == "PermissionError"
    assert attempt(lambda: os.execv("/bin/true", ["true"])) == "PermissionError"
    assert attempt(lambda: os.posix_spawn("/bin/true", ["true"], {})) == "PermissionError"


def test_threads_can_be_started(only):
    import threading

    def work():
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        return "ran"

    assert attempt(work) == "ran"


def test_a_fork_bomb_ends_early_where_only_namespaces_hold_it(only, monkeypatch):
    only(NAMESPACES)
    monkeypatch.setattr(confinement, "_FEW", 20)

    def bomb():
        for count in range(200):
            try:
                pid = os.fork()
            except BlockingIOError:
                return count
            if pid == 0:
                os.closerange(0, 100)  # else the parent waits for the pipe
                time.sleep(60)
        return "no end"

    assert int(attempt(bomb)) < 20


@pytest.mark.parametrize("wall", [SECCOMP, LANDLOCK])
def test_it_signals_nobody(only, wall):
    if wall == LANDLOCK and confinement._libc.syscall(confinement._CREATE_RULESET, None, 0, 1) < 6:
        pytest.skip("SKIPPED LOUDLY: this kernel's Landlock does not know signals")
    only(wall)
    me = os.getpid()
    assert attempt(lambda: os.kill(me, 0)) == "PermissionError"


def test_it_may_end_itself(only):
    """``abort`` and failed assertions in C must still end the child as what they are."""
    assert run_in_child(lambda send: os.abort(), LIMITS, lambda *_: None) is Ending.DIED
    assert run_in_child(lambda send: os.kill(os.getpid(), signal.SIGSEGV), LIMITS, lambda *_: None) is Ending.DIED


def test_memory_is_limited():
    assert attempt(lambda: len(bytearray(2 << 30))) == "MemoryError"


def test_processor_time_is_limited(monkeypatch):
    confine = confinement.confine
    monkeypatch.setattr(confinement, "confine", lambda limits, *rest: confine(replace(limits, seconds=0), *rest))

    def burn(send):
        while True:
            pass

    assert run_in_child(burn, ChildLimits(seconds=200, memory=1 << 28), lambda *_: None) is Ending.DIED


def test_a_file_it_was_handed_cannot_grow_past_its_limit(tmp_path):
    with (tmp_path / "mine").open("w+b", buffering=0) as mine:
        number = mine.fileno()
        assert attempt(lambda: os.write(number, b"x" * 100), keep=(number,)) == "OSError"
        assert attempt(lambda: os.write(number, b"x" * 100), ChildLimits(10, 1 << 28, file=60), keep=(number,)) == "60"
        assert os.fstat(number).st_size == 60


def test_a_child_that_fetches_reads_no_data_and_writes_nothing(walls, tmp_path):
    if LANDLOCK not in walls:
        pytest.skip("SKIPPED LOUDLY: this machine has no Landlock")
    (tmp_path / "detector.db").write_bytes(b"rows")
    fetching = ChildLimits(10, 512 << 20, network=True)
    for path in (tmp_path / "detector.db", "/etc/shadow", "/etc/passwd", "/proc/1/environ"):
        assert attempt(read(path), fetching) in REFUSED
    assert attempt(read("/etc/hosts"), fetching) != "PermissionError"
    attempt(lambda: (tmp_path / "new").write_bytes(b"x"), fetching)
    assert not (tmp_path / "new").exists()


def test_everything_is_closed_here():
    found = isolation()
    if not {EMPTY_ROOT, LANDLOCK} & set(found.walls) or SECCOMP not in found.walls:
        pytest.skip("SKIPPED LOUDLY: this machine lacks walls")
    assert (found.level, found.open) == (Level.FULL, ())
    assert "no network, files, processes" in str(found)


def test_what_is_open_is_said(only):
    only(None)
    found = isolation()
    assert found.level is Level.LIMITS
    assert "STILL OPEN to a child: network, files, processes, signals" in str(found)


def test_half_a_wall_is_partial():
    assert Isolation((LANDLOCK,), ("processes",)).level is Level.PARTIAL


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_has_it_too():
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*as_nobody, sys.executable, "-c", ""], check=False, capture_output=True).returncode:
        pytest.skip("SKIPPED LOUDLY: an ordinary user cannot run this Python (it lies in root's folder)")
    program = "from webapp.sandbox.child import isolation; print(isolation().level)"
    done = subprocess.run(
        [*as_nobody, sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "full"
