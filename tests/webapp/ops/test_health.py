"""What machines ask: it lives without its neighbours, it is ready only with them all, and its figures are true."""

from __future__ import annotations

import dataclasses
import re
import threading

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from tests.webapp.given import done, picture, send, upload
from webapp.app import create_app
from webapp.storage import counters
from webapp.storage.accounts import Role


def figures(client, **headers):
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.get_data(as_text=True))
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


@pytest.fixture
def a_worker(settings):
    """A worker that has registered itself and waits."""
    with redis.Redis.from_url(settings.redis_url) as connection:
        worker = SimpleWorker(["analyses"], connection=connection, serializer=JSONSerializer)
        worker.register_birth()
        yield worker
        worker.register_death()


def test_it_lives_whatever_is_away(settings, app, tmp_path):
    alone = create_app(dataclasses.replace(settings, redis_url=f"unix://{tmp_path}/nobody"))
    alone.extensions["services"].store.close()
    (tmp_path / "test.db").unlink()
    answer = alone.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"ok": True})


def test_it_is_ready_when_everything_is_there(client, doors, a_worker):
    doors.jobs.announce("full", ("light", "the backbone is not installed"))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        200,
        {
            "ok": True, "redis": True, "database": True, "room": True, "worker": True, "isolation": ["full"],
            "detector": [{"name": "light", "reason": "the backbone is not installed"}],
        },
    )  # fmt: skip


def test_without_a_worker_it_is_not_ready(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["worker"], answer.json["redis"]) == (503, False, True)


def test_a_worker_not_heard_of_lately_does_not_count(client, a_worker):
    a_worker.connection.hset(a_worker.key, "last_heartbeat", "2020-01-01T00:00:00.000000Z")
    assert client.get("/readyz").json["worker"] is False
    a_worker.set_state("busy")  # it speaks again when its job has ended
    assert client.get("/readyz").json["worker"] is True


def test_without_redis_it_is_not_ready(settings, app, tmp_path):
    alone = create_app(dataclasses.replace(settings, redis_url=f"unix://{tmp_path}/nobody"))
    answer = alone.test_client().get("/readyz")
    assert (answer.status_code, answer.json["redis"], answer.json["database"]) == (503, False, True)


def test_without_a_database_it_is_not_ready(settings, app, tmp_path, a_worker):
    elsewhere = dataclasses.replace(settings, database_url="postgresql+psycopg://u@127.0.0.1:1/none?connect_timeout=1")
    answer = create_app(elsewhere).test_client().get("/readyz")
    assert (answer.status_code, answer.json["redis"], answer.json["database"]) == (503, True, False)


def test_without_room_it_is_not_ready(client, doors, a_worker, monkeypatch):
    monkeypatch.setattr(doors.media, "free", lambda: 1000)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["room"]) == (503, False)


def test_the_figures_tell_what_waits_runs_and_ended(client, doors, a_worker):
    done(client, doors)
    send(client, picture())
    failed = send(client, picture()).headers["Location"].rpartition("/")[2]
    doors.store.start(failed)
    known = figures(client)
    assert known["detector_queue_depth",] == 1
    assert known["detector_running",] == 1
    assert known["detector_queue_oldest_seconds",] > 0
    doors.store.fail(failed, "timeout", "It took too long.")
    known = figures(client)
    assert known["detector_running",] == 0
    assert known["detector_workers",] == 1
    assert known["detector_redis_up",] == known["detector_database_up",] == 1
    assert known["detector_analyses_total", "", "done"] == 1
    assert known["detector_analyses_total", "timeout", "failed"] == 1
    assert known["detector_analysis_seconds_count", "image"] == 1
    assert known["detector_waited_seconds_count",] == 2


def test_durations_are_sorted_into_buckets_that_hold_all_faster_ones(client, doors):
    done(client, doors)
    known = figures(client)
    buckets = {
        float(key[2]): value
        for key, value in known.items()
        if key[:2] == ("detector_component_seconds_bucket", "frequency")
    }
    assert sorted(buckets.values()) == [buckets[bound] for bound in sorted(buckets)]
    assert buckets[0.005] == 0
    assert buckets[0.01] == 1  # the report says 0.01 s
    assert buckets[float("inf")] == known["detector_component_seconds_count", "frequency"] == 1
    assert known["detector_component_seconds_sum", "frequency"] == pytest.approx(0.01)


def test_deleting_a_check_takes_nothing_from_what_was_counted(client, doors):
    analysis_id = done(client, doors).rpartition("/")[2]
    with client.session_transaction() as session:
        doors.store.delete(analysis_id, session["owner"])
    assert figures(client)["detector_analyses_total", "", "done"] == 1


def test_counting_at_the_same_time_loses_nothing(doors):
    def end_some():
        for _ in range(20):
            doors.store.fail(rows.pop(), "timeout", "")

    rows = [doors.store.create("me", upload()) for _ in range(60)]
    threads = [threading.Thread(target=end_some) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert counters.read_counters(doors.store)[counters.OUTCOME, "failed:timeout", ""] == 60


def test_requests_are_counted_by_route_never_by_address(client, doors):
    address = done(client, doors)
    client.get(address)
    client.open(address, method="BREW")
    client.get("/nowhere/canary-address")
    text = client.get("/metrics").get_data(as_text=True)
    assert address.rpartition("/")[2] not in text
    assert "canary-address" not in text
    known = figures(client)
    assert known["detector_request_seconds_count", "GET", "/analyses/<analysis_id>", "200"] == 1
    assert known["detector_request_seconds_count", "GET", "none", "404"] == 1
    assert not [key for key in known if "BREW" in key]


def test_without_redis_and_database_the_figures_say_so(settings, app, tmp_path):
    gone = dataclasses.replace(
        settings, redis_url=f"unix://{tmp_path}/nobody", database_url="postgresql+psycopg://u@127.0.0.1:1/none"
    )
    known = figures(create_app(gone).test_client())
    assert known["detector_redis_up",] == known["detector_database_up",] == 0


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),  # a proxy on this machine that nobody announced
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 403),
        ("127.0.0.1", {"Authorization": "Bearer nothing"}, 200),
    ],
)
def test_the_figures_are_for_this_machine(client, address, headers, status):
    answer = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status


def test_behind_a_proxy_the_figures_are_for_who_it_speaks_for(settings, app):
    client = create_app(dataclasses.replace(settings, trusted_proxies=1)).test_client()
    for spoken_for, status in (("192.0.2.7", 403), ("127.0.0.1", 200)):
        assert client.get("/metrics", headers={"X-Forwarded-For": spoken_for}).status_code == status


def test_an_administrators_key_opens_the_figures_from_anywhere(client, doors):
    keys = {role: doors.accounts.add(role, role) for role in Role}
    for role, status in ((Role.ADMIN, 200), (Role.USER, 403)):
        header = {"Authorization": f"Bearer {keys[role]}"}
        assert client.get("/metrics", headers=header, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == status


def test_no_figure_names_anybody(client, doors):
    done(client, doors)
    doors.accounts.add("canary-name", Role.USER)
    with client.session_transaction() as session:
        owner = session["owner"]
    text = client.get("/metrics").get_data(as_text=True)
    assert owner not in text
    assert "canary" not in text
    assert not re.search(r"[0-9a-f]{32}", text)
