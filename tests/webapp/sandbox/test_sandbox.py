"""The disposable child: what it may not do, and how the parent hears of its end."""

from __future__ import annotations

import logging
import os
import resource
import signal
import time

import pytest

from webapp.sandbox import confinement
from webapp.sandbox.child import ChildLimits, Ending, preload, run_in_child

LIMITS = ChildLimits(seconds=10, memory=512 << 20)


def listen(work, limits=LIMITS, **kwargs):
    heard = []
    ending = run_in_child(work, limits, lambda kind, payload: heard.append((kind, payload)), **kwargs)
    return ending, heard


def group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_messages_arrive_whole_and_in_order():
    big = os.urandom(3_000_000)

    def work(send):
        send("a", b"first")
        send("b", big)
        send("c", b"")

    assert listen(work) == (Ending.DONE, [("a", b"first"), ("b", big), ("c", b"")])


def test_an_exception_is_logged_and_ends_as_died(caplog):
    def work(send):
        raise RuntimeError("no luck")

    with caplog.at_level(logging.WARNING, "webapp.sandbox.child"):
        ending, _ = listen(work)
    assert ending is Ending.DIED
    assert "RuntimeError" in caplog.text
    assert "no luck" not in caplog.text  # it may quote the file


def test_a_killed_child_has_died():
    assert listen(lambda send: os.kill(os.getpid(), signal.SIGKILL))[0] is Ending.DIED


def test_a_child_that_exits_early_with_a_status_has_died():
    assert listen(lambda send: os._exit(3))[0] is Ending.DIED


def test_a_hanging_child_is_ended_in_time_with_all_it_started(monkeypatch):
    monkeypatch.setattr(confinement, "seccomp", lambda **_: False)  # else it starts nothing

    def work(send):
        send("p", str(os.getpid()).encode())
        if os.fork() == 0:
            time.sleep(60)
        send("p", b"forked")
        time.sleep(60)

    ending, heard = listen(work, ChildLimits(seconds=0.5, memory=1 << 30))
    assert ending is Ending.TIMED_OUT
    while group_lives(int(heard[0][1])):
        time.sleep(0.05)  # a group that stays runs into the test's own time limit


def test_stop_ends_it():
    ending, _ = listen(lambda send: time.sleep(60), stop=lambda: True)
    assert ending is Ending.STOPPED


def test_a_listener_that_raises_kills_the_child():
    def work(send):
        send("p", str(os.getpid()).encode())
        time.sleep(60)

    seen = []

    def receive(kind, payload):
        seen.append(int(payload))
        raise ValueError("nonsense from the child")

    with pytest.raises(ValueError, match="nonsense"):
        run_in_child(work, LIMITS, receive)
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)


def test_it_cannot_allocate_without_bound():
    def work(send):
        try:
            held = bytearray(2 << 30)
        except MemoryError:
            send("m", b"refused")
        else:
            send("m", str(len(held)).encode())

    assert listen(work) == (Ending.DONE, [("m", b"refused")])


def test_it_has_only_the_descriptors_it_was_handed(tmp_path):
    (tmp_path / "mine").write_bytes(b"bytes")
    (tmp_path / "other").write_bytes(b"secret")
    with (tmp_path / "mine").open("rb") as mine, (tmp_path / "other").open("rb") as other:

        def work(send):
            send("r", os.read(mine.fileno(), 10))
            try:
                send("r", os.read(other.fileno(), 10))
            except OSError:
                send("r", b"closed")

        assert listen(work, keep=(mine.fileno(),))[1] == [("r", b"bytes"), ("r", b"closed")]


def test_the_limits_are_the_childs_alone():
    before = [resource.getrlimit(what) for what in (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU)]
    listen(lambda send: None)
    assert [resource.getrlimit(w) for w in (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU)] == before


def test_a_child_that_says_too_much_is_ended(monkeypatch):
    monkeypatch.setattr("webapp.sandbox.child._MOST", 1000)

    def work(send):
        while True:
            send("x", b"y" * 500)

    assert listen(work)[0] is Ending.DIED


def test_preloading_brings_here_what_a_child_had_to_load():
    import sys

    sys.modules.pop("this", None)

    def work(send):
        import contextlib
        import io

        with contextlib.redirect_stdout(io.StringIO()):
            import this  # noqa: F401

    preload(work, LIMITS)
    assert "this" in sys.modules


def test_preloading_says_when_children_do_not_work():
    with pytest.raises(RuntimeError, match="do not work"):
        preload(lambda send: os._exit(1), LIMITS)
