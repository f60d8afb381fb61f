"""Logs say what happened and to which request; what files, addresses and forms hold is in none of them."""

from __future__ import annotations

import io
import json
import logging
import os
import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.webapp.given import picture, report, send, token
from webapp import logs
from webapp.app import create_app
from webapp.queue.jobs import _Worker
from webapp.sandbox.child import ChildLimits
from webapp.sandbox.child import run_in_child as in_child

MARK = "canary-7f3a91"


@pytest.fixture(params=["text", "json"])
def written(request):
    """What the process writes to its log, in each form."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    out = io.StringIO()
    logs.set_up(request.param, out)
    out.form = request.param
    yield out
    for one in root.handlers[:]:
        root.removeHandler(one)
    for one in kept:
        root.addHandler(one)
    root.setLevel(level)


def lines(written):
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_what_we_say_is_said_and_what_libraries_quote_is_not(written):
    logging.getLogger("webapp.storage.store").warning("analysis %s was lost", "abc")
    logging.getLogger("urllib3.connectionpool").warning("Retrying https://%s/", MARK)
    said = written.getvalue()
    assert "analysis abc was lost" in said
    assert "urllib3.connectionpool" in said
    assert MARK not in said


def test_an_exception_keeps_its_kind_and_place_and_loses_its_words(written):
    try:
        try:
            raise FileNotFoundError(2, "No such file", f"/{MARK}")
        except OSError as problem:
            raise ValueError(f"cannot read {MARK}") from problem
    except ValueError:
        logging.getLogger("worker").exception("it broke", extra={"file": MARK})
    said = written.getvalue()
    assert "builtins.ValueError" in said
    assert "from builtins.FileNotFoundError (2)" in said
    assert re.search(r"tests/webapp/test_logs.py:\d+ test_an_exception", said)
    assert MARK not in said


def test_a_child_that_fails_tells_where_and_not_what(written):
    def work(_send):
        logging.getLogger("PIL").warning("bad tag %s", MARK)
        raise ValueError(MARK)

    in_child(work, ChildLimits(10, 1 << 30), lambda _kind, _payload: None)
    said = written.getvalue()
    assert "builtins.ValueError" in said
    assert "said by" in said
    assert MARK not in said


@pytest.mark.parametrize("given", ["0123456789abcdef", "7f3a91c2-aaaa-bbbb-cccc-000000000000"])
def test_a_proxys_harmless_id_is_taken(client, given):
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given",
    ["", "short", "a" * 65, "a b c d e f g h", "../../etc/passwd", "<script>alert(1)", "-aaaaaaaaa", "ä" * 12],
)
def test_any_other_is_replaced(client, given):
    made = client.get("/healthz", headers={"X-Request-ID": given.encode()}).headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)


def test_the_id_of_the_request_goes_with_the_job_into_the_workers_log(settings, app, monkeypatch, written):
    import worker

    doors = app.extensions["services"]
    monkeypatch.setattr(worker, "_services", lambda: doors)

    def run(analysis_id):
        doors.store.start(analysis_id)
        logging.getLogger("worker").info("it runs")

    monkeypatch.setattr(worker, "run", run)
    monkeypatch.setattr(_Worker, "_install_signal_handlers", lambda _self: None)
    send(app.test_client(), picture(), **{"X-Request-ID": "0123456789abcdef"})
    doors.jobs.work(lambda: None, burst=True)
    said = [line for line in written.getvalue().splitlines() if "it runs" in line]
    assert len(said) == 1
    assert "0123456789abcdef" in said[0]
    assert "analysis" in said[0]


def test_json_has_a_line_for_each_request_without_its_address(settings, app, written):
    import dataclasses

    site = create_app(dataclasses.replace(settings, log_format=written.form))
    site.test_client().get(f"/history?q={MARK}")
    site.test_client().get(f"/analyses/{MARK}")
    site.test_client().get(f"/{MARK}")
    said = written.getvalue()
    assert MARK not in said
    if written.form == "json":
        events = [line["event"] for line in lines(written)]
        assert [event.partition(" answered")[0] for event in events] == [
            "GET /history",
            "GET /analyses/<analysis_id>",
            "GET none",
        ]
        assert all(line["request"] for line in lines(written))
    else:
        assert said == ""


def test_the_whole_way_leaves_no_mark_in_any_log(settings, app, work, written, monkeypatch):
    """Names, addresses, words, contents and failures: each carries the mark, the log carries none."""
    import worker

    client = app.test_client()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    doors = app.extensions["services"]

    def analyze(file, *_given, **_options):
        raise ValueError(f"{file.read()[-20:]} {MARK}")

    monkeypatch.setattr(worker, "_analyze", analyze)
    send(client, picture() + MARK.encode(), name=f"{MARK}.jpg", Referer=f"http://localhost/{MARK}")
    form = {"csrf_token": token(client), "url": f"http://127.0.0.1/{MARK}"}
    client.post("/analyses", data=form)
    work()
    client.get(f"/history?q={MARK}")
    monkeypatch.setattr(doors.archive, "history", lambda *_a, **_k: 1 / len("") if MARK else None)
    assert client.get(f"/history?q={MARK}").status_code == 500
    with doors.store.engine.connect() as connection, pytest.raises(OperationalError) as caught:
        connection.execute(text("SELECT :a FROM nowhere"), {"a": MARK})
    assert MARK not in str(caught.value)  # hidden already where it is raised
    logging.getLogger("webapp").error("the database", exc_info=caught.value)
    said = written.getvalue()
    assert "a request failed" in said
    assert "builtins.ValueError" in said
    assert "sqlalchemy.exc.OperationalError" in said
    assert MARK not in said
    assert report().summary not in said
    assert os.linesep in said


def test_what_nobody_catches_is_not_left_to_the_server_to_quote(written):
    answered = []

    def application(_environ, _start_response):
        raise ValueError(MARK)

    body = logs.last_resort(application)({}, lambda status, _headers: answered.append(status))
    assert answered == ["500 Internal Server Error"]
    assert MARK.encode() not in b"".join(body)
    assert "builtins.ValueError" in written.getvalue()
    assert MARK not in written.getvalue()
