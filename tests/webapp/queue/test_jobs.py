"""Jobs: whatever dies, the row ends; at most two runs; nobody starves; what kills children twice waits a day."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
import zlib

import pytest
import redis
from rq.worker import SimpleWorker

import analysis
import worker
from tests.webapp.given import media_files, picture, report, send, speak_of, upload
from webapp.ops import commands
from webapp.queue import jobs
from webapp.queue.jobs import Jobs, QueueDown, QueueFull
from webapp.storage import quarantine
from webapp.storage.media_store import MediaDown
from webapp.storage.quarantine import Quarantine
from webapp.storage.rows import Analysis
from webapp.storage.store import MOST_RUNS


@pytest.fixture
def engine(monkeypatch):
    """An engine that reports at once, or does what a test says."""

    def does(analyze):
        def made(file, settings, anchors, say, *, analysis_id, **_):
            return analyze(speak_of(analysis_id, say))

        monkeypatch.setattr(worker, "_analyze", made)

    does(lambda say: say("r", analysis.to_json(report())))
    return does


@pytest.fixture
def later(monkeypatch):
    """Let the clock of reconciler, store and quarantine go on by some seconds."""
    now = time.time()

    def pass_by(seconds):
        for module in ("queue.reconcile", "storage.quarantine"):
            monkeypatch.setattr(f"webapp.{module}.time.time", lambda: now + seconds)

    return pass_by


def new(client, data=None):
    return send(client, data or picture()).headers["Location"].rpartition("/")[2]


def row(doors, analysis_id):
    with doors.store.transaction() as session:
        return session.get(Analysis, analysis_id)


def state(doors, analysis_id):
    found = row(doors, analysis_id)
    return found.state, found.error_code


def test_what_a_dead_worker_left_is_ended_soon_and_what_lives_is_not(client, doors, later):
    dead, alive, silent_once = new(client), new(client), new(client)
    for one in (dead, alive, silent_once):
        doors.store.start(one)
    for one in (alive, silent_once):
        doors.jobs.send_heartbeat(one)
    sweep = doors.reconciler()
    seen = []
    for passed in (0, 25, 30):
        later(passed)
        if passed == 30:
            with redis.Redis.from_url(doors.settings.redis_url) as server:
                server.delete(f"alive:{silent_once}")
        sweep()
        seen.append([state(doors, one)[0] for one in (dead, alive, silent_once)])
    assert seen == [["running"] * 3, ["running"] * 3, ["failed", "running", "running"]]
    assert state(doors, dead) == ("failed", "analysis_crashed")


def test_what_runs_past_every_limit_is_ended_though_it_gives_signs_of_life(client, doors, later):
    stuck = new(client)
    doors.store.start(stuck)
    doors.jobs.send_heartbeat(stuck)
    later(doors.settings.timeout + 60)
    doors.reconciler()()
    assert state(doors, stuck) == ("failed", "analysis_crashed")


def test_what_redis_lost_is_queued_again_and_analyzed(client, doors, work, engine, later):
    lost = [new(client) for _ in range(3)]
    with redis.Redis.from_url(doors.settings.redis_url) as server:
        server.flushall()  # it was killed, and had saved nothing
    later(60)
    doors.reconciler()()
    assert doors.jobs.queued() == set(lost)
    work()
    assert {state(doors, one) for one in lost} == {("done", None)}
    assert {row(doors, one).runs for one in lost} == {1}


def test_what_waits_in_the_queue_is_not_queued_twice(client, doors, later):
    new(client)
    later(60)
    doors.reconciler()()
    with redis.Redis.from_url(doors.settings.redis_url) as server:
        assert server.llen("rq:queue:analyses") == 1


def test_a_row_without_a_place_in_the_queue_is_found(client, doors, work, engine, later):
    """The server died between the row and the queue."""
    incoming = doors.media.receive()
    incoming.write(picture())
    analysis_id = doors.store.create("somebody", upload(incoming.keep()))
    later(60)
    doors.reconciler()()
    work()
    assert doors.store.get(analysis_id, "somebody").state == "done"


@pytest.mark.parametrize(("comes_back", "end"), [(True, ("done", None)), (False, ("failed", "analysis_crashed"))])
def test_where_the_store_of_files_is_away_one_more_run_is_made(client, doors, work, engine, later, comes_back, end):  # noqa: PLR0917 -- fixtures
    one = new(client)
    with pytest.MonkeyPatch.context() as away:
        away.setattr(doors.media, "take", store_is_away)
        work()
        assert state(doors, one) == ("queued", None)
        later(30)
        doors.reconciler()()
        if not comes_back:
            work()
    work()
    assert state(doors, one) == end
    assert doors.jobs.queued() == set()


def test_a_sweep_goes_on_while_the_store_of_files_is_away(client, doors, later, monkeypatch):
    rows = [new(client, picture(side)) for side in (96, 97)]
    for one in rows:
        doors.store.start(one)
    for door in ("discard", "sweep"):
        monkeypatch.setattr(doors.media, door, store_is_away)
    later(10_000)
    doors.reconciler()()
    assert {state(doors, one) for one in rows} == {("failed", "analysis_crashed")}


def store_is_away(*_given, **_named):
    raise MediaDown


def test_queued_twice_is_begun_once(client, doors, work, engine):
    one = new(client)
    doors.jobs.enqueue(one, again=True)
    work()
    assert row(doors, one).runs == 1


def test_while_redis_is_away_nothing_is_given_up(client, doors, later, monkeypatch):
    running = new(client)
    doors.store.start(running)
    away = Jobs("unix:///nowhere", timeout=1, limit=1)
    monkeypatch.setitem(vars(doors), "jobs", away)
    later(1000)
    doors.reconciler()()
    assert state(doors, running)[0] == "running"
    with pytest.raises(QueueDown):
        away.enqueue("x")
    assert away.isolation() == {}
    away.send_heartbeat("x")


@pytest.mark.parametrize("when", ["queued", "running", "done"])
def test_cancelling_ends_every_state_that_has_not_ended(client, doors, work, engine, when):
    started = threading.Event()
    one = new(client)
    if when == "running":
        engine(lambda say: (say("p", b'{"name":"open"}'), time.sleep(60)))
        tell = doors.jobs.report
        doors.jobs.report = lambda *args: (tell(*args), started.set())
        canceller = threading.Thread(target=lambda: (started.wait(), cancel(client, one)))
        canceller.start()
        work()
        canceller.join()
    elif when == "done":
        work()
        cancel(client, one)
    else:
        cancel(client, one)
        work()
    assert state(doors, one) == (("done" if when == "done" else "cancelled"), None)
    assert not media_files(doors)


def cancel(client, analysis_id):
    from tests.webapp.given import token

    assert client.post(f"/analyses/{analysis_id}/cancel", data={"csrf_token": token(client)}).status_code == 303


def while_it_runs(doors, engine, act):
    """A child that runs until its worker ends it; ``act`` happens once it does."""
    engine(lambda say: (say("p", b'{"name":"open"}'), time.sleep(60)))
    tell = doors.jobs.report
    doors.jobs.report = lambda *args: (tell(*args), act())


def test_a_worker_asked_to_leave_ends_what_it_runs(client, doors, work, engine):
    first, second = new(client), new(client)
    asked = multiprocessing.get_context("fork").Event()
    engine(lambda say: (say("p", b'{"name":"open"}'), asked.wait(60), say("r", analysis.to_json(report()))))
    tell = doors.jobs.report
    doors.jobs.report = lambda *args: (tell(*args), os.kill(os.getpid(), signal.SIGTERM), asked.set())
    work()
    assert (state(doors, first)[0], state(doors, second)[0]) == ("done", "queued")


@pytest.mark.parametrize("patience", [0.0, 60.0])
def test_what_it_cannot_end_in_time_it_hands_back(client, doors, work, engine, patience, monkeypatch):  # noqa: PLR0917 -- fixtures
    """Its patience is over, or a second signal comes."""
    monkeypatch.setattr(jobs, "_DRAIN", patience)
    one = new(client)
    signals = 1 if patience == 0 else 2
    while_it_runs(doors, engine, lambda: [os.kill(os.getpid(), signal.SIGTERM) for _ in range(signals)])
    work()
    found = row(doors, one)
    assert (found.state, found.runs, found.started_at) == ("queued", 1, None)
    (kept,) = media_files(doors)
    assert kept.read_bytes() == picture()
    assert doors.jobs.queued() == {one}
    engine(lambda say: say("r", analysis.to_json(report())))
    doors.jobs._leave_at = None
    work()
    assert (row(doors, one).state, row(doors, one).runs) == ("done", 2)
    assert not media_files(doors)


def test_no_third_run(client, doors, work, engine, monkeypatch):
    monkeypatch.setattr(jobs, "_DRAIN", 0.0)
    one = new(client)
    for _ in range(MOST_RUNS):
        doors.jobs._leave_at = None
        while_it_runs(doors, engine, lambda: os.kill(os.getpid(), signal.SIGTERM))
        work()
    assert state(doors, one) == ("failed", "analysis_crashed")
    assert row(doors, one).runs == MOST_RUNS
    assert not media_files(doors)


def test_two_queues_take_turns(doors, work, monkeypatch):
    """Who has sent many waits behind who has sent one, and is not forgotten."""
    for number in range(4):
        doors.jobs.enqueue(f"many-{number}", later=True)
    for number in range(4):
        doors.jobs.enqueue(f"single-{number}")
    assert doors.jobs.waiting("single-0").ahead == 0
    assert doors.jobs.waiting("single-2").ahead == 4
    assert doors.jobs.waiting("many-3").ahead == 7
    order = []

    def execute(worker, job, queue):
        order.append(job.id)
        worker.reorder_queues(queue)  # as RQ does when a job has ended

    monkeypatch.setattr(jobs._Worker, "execute_job", execute)
    work()
    assert order == [f"{kind}-{number}" for number in range(4) for kind in ("single", "many")]


def test_a_full_queue_counts_both(doors):
    short = Jobs(doors.settings.redis_url, timeout=1, limit=2)
    short.enqueue("one")
    short.enqueue("two", later=True)
    for refused in (lambda: short.enqueue("three"), short.must_have_room):
        with pytest.raises(QueueFull):
            refused()
    short.enqueue("one-again", again=True)
    short.close()


def test_redis_holds_ids_as_json_and_forgets_them(client, doors, work, engine):
    one = new(client)
    with redis.Redis.from_url(doors.settings.redis_url) as server:
        held = server.hgetall(f"rq:job:{one}")
        assert json.loads(zlib.decompress(held[b"data"]))[0] == "worker.run"
        assert int(held[b"result_ttl"]) <= 60 >= int(held[b"failure_ttl"])
        work()
        assert all(server.ttl(key) <= 200 for key in server.scan_iter("*") if one.encode() in key)


def test_every_machine_says_how_well_it_isolates(doors):
    doors.jobs.announce("full")
    assert list(doors.jobs.isolation().values()) == ["full"]


def die(say):
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_kills_its_child_twice_is_not_run_a_third_time(client, doors, work, engine, app, later):  # noqa: PLR0917 -- fixtures
    runs = []
    engine(die)
    for _ in range(2):
        runs.append(new(client))
        work()
    assert [state(doors, one) for one in runs] == [("failed", "analysis_crashed")] * 2
    other = app.test_client()
    again = new(other)
    engine(lambda say: say("r", analysis.to_json(report())))  # it would succeed now: it is not tried
    work()
    assert state(doors, again) == ("failed", "quarantined")
    page = other.get(f"/analyses/{again}")
    assert page.status_code == 422
    assert "broken off its analysis twice" in page.get_data(as_text=True)
    assert not media_files(doors)

    fine = new(client, picture(80))
    work()
    assert state(doors, fine)[0] == "done"

    later(quarantine.QUARANTINE_SECONDS + 60)
    tried = new(client)
    work()
    assert state(doors, tried)[0] == "done"


def test_the_operator_lifts_it(doors, monkeypatch, capsys):
    held = Quarantine(doors.store)
    for content in ("a" * 64, "b" * 64):
        for _ in range(2):
            held.note(content)
    held.note("c" * 64)
    monkeypatch.setenv("DATABASE_URL", doors.settings.database_url)
    assert commands.main(["quarantine"]) == 0
    listed = capsys.readouterr().out
    assert "a" * 64 in listed
    assert "b" * 64 in listed
    assert "c" * 64 not in listed
    assert commands.main(["quarantine", "--lift", "a" * 64]) == 0
    assert (held.holds("a" * 64), held.holds("b" * 64)) == (False, True)
    assert commands.main(["quarantine", "--lift", "a" * 64]) == 1
    assert commands.main(["quarantine", "--lift", "all"]) == 0
    assert not held.all()


def test_one_death_a_day_is_no_reason(doors, later):
    held = Quarantine(doors.store)
    held.note("a" * 64)
    later(quarantine.QUARANTINE_SECONDS + 60)
    held.note("a" * 64)
    assert not held.holds("a" * 64)
    later(3 * quarantine.QUARANTINE_SECONDS)
    held.forget_expired()
    with doors.store.transaction() as session:
        assert session.get(quarantine.CrashCount, "a" * 64) is None


def test_the_worker_takes_no_orders_from_redis(doors):
    assert issubclass(jobs._Worker, SimpleWorker)
    assert jobs._Worker.subscribe is not SimpleWorker.subscribe
