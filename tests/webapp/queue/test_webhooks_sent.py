"""A webhook from the request that names an address to the receiver that is told, by way of the worker."""

from __future__ import annotations

import dataclasses
import http.server
import io
import ipaddress
import json
import threading
import time

import pytest
from sqlalchemy import text

import analysis
import worker
from analysis.explain.lenses import LensImage
from tests.webapp.given import lens, picture, report
from webapp.app import create_app
from webapp.storage.database import migrate


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers with the statuses it is given, one after the other, then with 204."""

    def do_POST(self):
        self.server.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_args):
        pass


@pytest.fixture
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.statuses = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook?canary"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(settings):
    migrate(settings.database_url)
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    return dataclasses.replace(settings, webhooks=True, fetch_allow=allowed)


@pytest.fixture
def engine(monkeypatch):
    """An engine that reports at once."""
    opened = type("Opened", (), {"frame": None})
    monkeypatch.setitem(vars(analysis), "open_media", lambda *_, **__: opened())
    monkeypatch.setitem(vars(analysis), "analyze", lambda *_, **__: report())
    drawn = {"spectrum": LensImage(lens(), "image/webp", 320, 240)}
    monkeypatch.setattr(worker.lenses, "render_all", lambda *_, **__: drawn)


@pytest.fixture
def api(app, doors):
    client = app.test_client(use_cookies=False)
    doors.webhooks.make_secret("somebody")
    headers = {"Authorization": f"Bearer {doors.tokens.issue('somebody', 'a test')}"}
    return lambda method, path, **given: client.open(f"/api/v1{path}", method=method, headers=headers, **given)


def send(api, url):
    return api("POST", "/analyses", data={"file": (io.BytesIO(picture()), "x.jpg"), "callback_url": url})


def come_due(doors):
    """As if the pause were over."""
    with doors.store.transaction() as session:
        session.execute(text("UPDATE webhooks SET due_at = :now WHERE state = 'waiting'"), {"now": time.time() - 1})


def test_the_receiver_is_told_of_the_end_once(api, doors, work, engine, receiver):
    answer = send(api, receiver.url)
    assert answer.status_code == 202
    (waits,) = answer.json["webhooks"]
    assert (waits["state"], waits["tries"], waits["next_try_at"]) == ("waiting", 0, None)
    assert receiver.got == []
    work()
    ((headers, body),) = receiver.got
    said = json.loads(body)
    row = doors.store.get(answer.json["id"], "somebody")
    assert headers["webhook-id"] == waits["id"]
    assert said["type"] == "analysis.done"
    assert said["data"] == {
        "id": row.id, "sha256": row.sha256, "verdict": "suspicious", "score": 38.2, "error": None,
        "check": f"/api/v1/analyses/{row.id}", "page": f"/analyses/{row.id}",
    }  # fmt: skip
    (done,) = api("GET", f"/analyses/{row.id}").json["webhooks"]
    assert (done["state"], done["tries"], done["answer"], done["next_try_at"]) == ("delivered", 1, "204", None)
    work()
    assert len(receiver.got) == 1


def test_what_was_not_taken_is_sent_again_the_same_but_for_its_time(api, doors, work, engine, receiver):
    receiver.statuses = [503, 302]
    analysis_id = send(api, receiver.url).json["id"]
    work()
    (waits,) = api("GET", f"/analyses/{analysis_id}").json["webhooks"]
    assert (waits["state"], waits["tries"], waits["answer"]) == ("waiting", 1, "503")
    assert waits["next_try_at"] > time.time()
    worker._queue_webhooks(doors)
    work()
    assert len(receiver.got) == 1, "it was not due"
    for _ in range(2):
        come_due(doors)
        worker._queue_webhooks(doors)
        work()
    assert len(receiver.got) == 3
    assert len({body for _, body in receiver.got}) == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    (done,) = api("GET", f"/analyses/{analysis_id}").json["webhooks"]
    assert (done["state"], done["tries"]) == ("delivered", 3)


def test_what_fails_tells_too(api, doors, work, receiver, monkeypatch):
    monkeypatch.setitem(vars(analysis), "open_media", lambda *_, **__: 1 / 0)
    send(api, receiver.url)
    work()
    said = json.loads(receiver.got[0][1])
    assert (said["type"], said["data"]["error"]) == ("analysis.failed", "analysis_crashed")
    assert said["data"]["verdict"] is None


def test_what_is_known_already_tells_again_who_asks_again(api, work, engine, receiver):
    send(api, receiver.url)
    work()
    assert send(api, receiver.url).status_code == 200
    work()
    assert len(receiver.got) == 2


def test_a_deleted_analysis_tells_nobody(api, work, engine, receiver):
    analysis_id = send(api, receiver.url).json["id"]
    assert api("DELETE", f"/analyses/{analysis_id}").status_code == 204
    work()
    assert receiver.got == []


@pytest.mark.usefixtures("engine")
def test_nothing_is_lost_with_the_queue(api, doors, work, receiver, monkeypatch):
    monkeypatch.setattr(type(doors.jobs), "run_errand", lambda *_: None)  # as if Redis had lost it
    send(api, receiver.url)
    work()
    assert receiver.got == []
    monkeypatch.undo()
    monkeypatch.setattr(worker, "_services", lambda: doors)
    worker._queue_webhooks(doors)
    work()
    assert len(receiver.got) == 1


@pytest.mark.usefixtures("engine")
def test_turned_off_again_nothing_is_sent(api, doors, work, receiver, monkeypatch):
    send(api, receiver.url)
    off = dataclasses.replace(doors, settings=dataclasses.replace(doors.settings, webhooks=False))
    monkeypatch.setattr(worker, "_services", lambda: off)
    work()
    worker.deliver(doors.webhooks.due()[0])
    assert receiver.got == []


def test_the_log_names_no_receiver(api, work, engine, receiver, caplog):
    caplog.set_level("DEBUG")
    send(api, receiver.url)
    work()
    assert len(receiver.got) == 1
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    "url",
    ["receiver.example", "ftp://receiver.example/", "javascript:alert(1)", "https://a b/", "https://user@receiver.example/",
     "https://receiver.example\\@127.0.0.1/", "https://", "https://" + "a" * 2000, "https://receiver.example/\n"],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_both_ways_in(api, doors, url):
    for given in ({"json": {"url": "https://public.example/a.jpg", "callback_url": url}},
                  {"data": {"file": (io.BytesIO(picture()), "x.jpg"), "callback_url": url}}):  # fmt: skip
        answer = api("POST", "/analyses", **given)
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_request")
    assert doors.store.ping() == 0


def test_without_a_secret_no_webhook_is_taken(api, doors):
    doors.webhooks.delete_secret("somebody")
    answer = send(api, "https://receiver.example/")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "no_webhook_secret")
    assert doors.store.ping() == 0


def test_none_is_taken_unless_the_operator_has_turned_them_on(settings):
    site = create_app(dataclasses.replace(settings, webhooks=False))
    doors = site.extensions["services"]
    token = doors.tokens.issue("somebody", "a test")
    answer = site.test_client(use_cookies=False).post(
        "/api/v1/analyses",
        json={"url": "https://public.example/a.jpg", "callback_url": "https://receiver.example/"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "webhooks_off")
    assert site.test_client().get("/webhooks").status_code == 404
    assert "Webhooks" not in site.test_client().get("/privacy").get_data(as_text=True)
    doors.close()
