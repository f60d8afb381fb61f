"""Between the answer and the whole report: whatever happens, the answer stays, and nothing is awaited for ever."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace

import pytest

import analysis
import worker
from analysis import from_json
from analysis.explain.lenses import LensImage
from analysis.report import Pending, Stability, Verdict
from tests.webapp.given import lens, media_files, picture, report, send, token, upload
from webapp.intake import submission as intake
from webapp.queue.reconcile import LOST
from webapp.sandbox.child import ChildLimits
from webapp.storage.rows import Analysis, EncodedReport, Upload

MORE = (Pending.MEASUREMENTS, Pending.STABILITY)
ALL = (*MORE, Pending.LENSES)
STABILITY = Stability(scores={"JPEG 90": 38.0, "cropped": 36.0})


def answered(**changes):
    return report(pending=MORE, components={}, **changes)


@pytest.fixture
def engine(monkeypatch):
    """An engine that answers at once, and then does what a test wants."""

    def then(rest=lambda: report(stability=STABILITY), answer=answered):
        def analyze(media, *, on_answer, **_):
            on_answer(answer())
            return rest()

        monkeypatch.setitem(vars(analysis), "open_media", lambda data, limits, **_: Opened())
        monkeypatch.setitem(vars(analysis), "analyze", analyze)

    drawn = {name: LensImage(lens(shade), "image/webp", 320, 240) for shade, name in enumerate(("original", "ela"), 1)}
    monkeypatch.setattr(
        worker.lenses, "render_all", lambda _frame, names, **_: {name: drawn[name] for name in names if name in drawn}
    )
    return then


class Opened:
    frame = None


class Asked:
    """One analysis of a browser."""

    def __init__(self, client, doors):
        self.address = send(client, picture()).headers["Location"]
        self.id = self.address.rpartition("/")[2]
        with client.session_transaction() as session:
            self.owner = session["owner"]
        self._doors = doors

    @property
    def row(self):
        return self._doors.store.get(self.id, self.owner)

    @property
    def report(self):
        return from_json(self.row.report)


@pytest.fixture
def asked(client, doors):
    return Asked(client, doors)


@pytest.fixture
def standing(asked, doors):
    """An analysis whose answer stands while a worker goes on."""
    doors.media.discard(doors.store.start(asked.id))
    given = report(pending=ALL, components={}, score=38.2)
    doors.store.finish(asked.id, EncodedReport.of(given), {"original": lens()}, "0.1.0-abc")
    return asked


def until(what):
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_the_answer_is_there_while_the_rest_is_computed(asked, doors, work, engine, monkeypatch):
    seen = []
    finish, complete = doors.store.finish, doors.store.complete

    def watched(*given):
        finish(*given)
        row = asked.row
        seen.append((row.state, row.finished_at, row.verdict, from_json(row.report), doors.store.lens_names(row.id)))
        assert doors.store.is_running(row.id)
        assert doors.store.backlog().running == 1
        assert not media_files(doors)

    monkeypatch.setattr(doors.store, "finish", watched)
    monkeypatch.setattr(doors.store, "complete", lambda *given: seen.append("complete") or complete(*given))
    engine()
    work()
    ((state, finished, verdict, first, names), then) = seen
    assert (state, finished, verdict, then) == ("done", None, "suspicious", "complete")
    assert (first.pending, first.stability, first.components, names) == (ALL, None, {}, ["original"])
    last, row = asked.report, asked.row
    assert (last.pending, last.incomplete, last.stability) == ((), None, STABILITY)
    assert last.components
    assert (last.score, last.verdict, last.id) == (first.score, first.verdict, asked.id)
    assert row.finished_at is not None
    assert set(doors.store.lens_names(asked.id)) == {"original", "ela"}
    assert not doors.store.is_running(asked.id)
    assert doors.store.backlog().running == 0


@pytest.mark.parametrize("sign", [signal.SIGSEGV, signal.SIGKILL])
def test_a_child_that_dies_after_its_answer_leaves_it(asked, doors, work, engine, sign):
    engine(lambda: os.kill(os.getpid(), sign))
    work()
    assert (asked.row.state, asked.row.error_code) == ("done", None)
    assert asked.row.finished_at is not None
    found = asked.report
    assert (found.verdict, found.pending) == (Verdict.SUSPICIOUS, ())
    assert (found.incomplete.parts, found.incomplete.code) == (ALL, "analysis_crashed")
    assert "broke off" in found.incomplete.message


def test_a_child_that_takes_too_long_after_its_answer_leaves_it(asked, doors, work, engine, monkeypatch):
    monkeypatch.setattr(worker.sandbox, "ChildLimits", lambda seconds, memory: ChildLimits(3, memory))
    engine(lambda: time.sleep(600))
    work()
    assert asked.row.state == "done"
    assert asked.report.incomplete.code == "timeout"


@pytest.mark.parametrize(
    "whole",
    [
        lambda: report(score=80.0, verdict=Verdict.STRONG_AI),
        lambda: report(pending=MORE),
        lambda: report(score=38.3),
    ],
    ids=["another verdict", "pending again", "another score"],
)
def test_a_child_that_takes_its_answer_back_is_not_believed(asked, doors, work, engine, whole):
    engine(whole)
    work()
    found = asked.report
    assert (found.score, found.verdict, found.incomplete.code) == (38.2, Verdict.SUSPICIOUS, "analysis_crashed")


def test_a_worker_that_must_leave_does_not_throw_the_answer_away(asked, doors, work, engine, monkeypatch):
    engine(lambda: time.sleep(600))
    monkeypatch.setattr(doors.jobs, "must_hand_back", lambda: bool(asked.row.report))
    work()
    row = asked.row
    assert (row.state, row.runs) == ("done", 1)
    assert asked.report.incomplete.message == LOST
    assert not media_files(doors)


def test_what_is_deleted_in_between_is_gone_and_its_child_is_stopped(asked, doors, work, engine):
    engine(lambda: time.sleep(600))
    deleting = threading.Thread(
        target=lambda: until(lambda: asked.row.report) or doors.store.delete(asked.id, asked.owner)
    )
    deleting.start()
    work()
    deleting.join()
    assert asked.row is None
    assert doors.store.lens_names(asked.id) == []
    doors.store.complete(asked.id, EncodedReport.of(report()), {"ela": lens()})
    assert doors.store.lens_names(asked.id) == []


def test_cancelling_after_the_answer_keeps_it_and_stops_the_rest(client, standing, doors):
    answer = client.post(f"{standing.address}/cancel", data={"csrf_token": token(client)})
    assert answer.status_code == 303
    assert standing.row.state == "done"
    assert standing.report.incomplete.code == "cancelled"
    assert not doors.store.is_running(standing.id)
    doors.store.complete(standing.id, EncodedReport.of(report()), {"ela": lens()})
    assert standing.report.incomplete.code == "cancelled"
    assert doors.store.lens_names(standing.id) == ["original"]


def test_an_answer_whose_worker_died_does_not_wait_for_ever(standing, doors):
    with doors.store.transaction() as session:
        session.get(Analysis, standing.id).started_at -= 60
    sweep = doors.reconciler()
    sweep()
    assert standing.report.pending == ALL  # perhaps only Redis was away
    sweep()
    found = standing.report
    assert (standing.row.state, found.pending, found.incomplete.message) == ("done", (), LOST)


def test_the_page_shows_the_answer_and_asks_only_while_something_follows(client, standing, doors):
    page = client.get(standing.address).get_data(as_text=True)
    assert "Suspicious" in page
    assert page.count("hx-trigger") == 1
    assert "Still computing:</strong> the measurements, how steady the score is and the lenses" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "still being drawn" in page
    assert client.get(f"{standing.address}/rest").status_code == 204
    assert client.get(f"{standing.address}/metrics.csv").status_code == 409
    doors.store.complete(standing.id, EncodedReport.of(report(score=38.2, stability=STABILITY)), {"ela": lens()})
    rest = client.get(f"{standing.address}/rest").get_data(as_text=True)
    assert "hx-trigger" not in rest
    assert "Everything is computed" in rest
    for part in ("why-card", "look-card", "measured", "summary", "csv", "engine", "announce"):
        assert f'id="{part}"' in rest, part
    whole = client.get(standing.address).get_data(as_text=True)
    assert "hx-trigger" not in whole
    assert "Still computing" not in whole
    assert "http-equiv" not in whole
    assert client.get(f"{standing.address}/metrics.csv").status_code == 200


def test_the_page_says_what_could_not_be_computed(client, standing, doors):
    doors.store.fail(standing.id, "timeout", "The analysis took over 60 seconds and was stopped.")
    for page in (client.get(standing.address), client.get(f"{standing.address}/rest")):
        text = page.get_data(as_text=True)
        assert "hx-trigger" not in text
        assert "The answer stands, but the measurements, how steady the score is and the lenses could not" in text
        assert "took over 60 seconds" in text


def test_asking_for_the_rest_of_what_is_deleted_ends_the_asking(client, standing, doors):
    doors.store.delete(standing.id, standing.owner)
    assert client.get(f"{standing.address}/rest").status_code == 286


def test_a_shared_link_follows_the_answer_too(client, standing, doors):
    link = f"/shared/{doors.archive.share(standing.id, standing.owner, 3600.0)}"
    assert f'hx-get="{link}/rest"' in client.get(link).get_data(as_text=True)
    assert client.get(f"{link}/rest").status_code == 204
    doors.store.complete(standing.id, EncodedReport.of(report(score=38.2)), {"ela": lens()})
    assert f"{link}/lenses/ela" in client.get(f"{link}/rest").get_data(as_text=True)


def test_the_api_gives_the_answer_with_what_is_pending(app, client, standing, doors):
    secret = doors.tokens.issue(standing.owner, "a program")
    headers = {"Authorization": f"Bearer {secret}"}
    api = app.test_client()
    where = f"/api/v1/analyses/{standing.id}"
    first = api.get(f"{where}?wait=20", headers=headers)
    assert (first.json["state"], first.json["pending"]) == ("done", list(ALL))
    assert first.json["finished_at"] is None
    assert first.json["incomplete"] is None
    assert first.json["result"]["verdict"] == "suspicious"
    assert first.headers["Retry-After"]
    short = api.get(f"{where}/report", headers=headers)
    assert (short.json["pending"], "Retry-After" in short.headers) == (list(ALL), True)
    same = {**headers, "If-None-Match": short.headers["ETag"]}
    assert api.get(f"{where}/report", headers=same).status_code == 304
    doors.store.complete(standing.id, EncodedReport.of(report(score=38.2, stability=STABILITY)), {"ela": lens()})
    last = api.get(where, headers=headers)
    assert (last.json["pending"], last.json["result"]["stability"]) == ([], {"scores": STABILITY.scores})
    assert last.json["finished_at"] is not None
    assert "Retry-After" not in last.headers
    whole = api.get(f"{where}/report", headers=same)
    assert (whole.status_code, whole.json["pending"]) == (200, [])
    assert whole.headers["ETag"] != short.headers["ETag"]


def of_address(doors, owner):
    """An address of this owner's that a worker is about to fetch."""
    waiting = doors.store.create(owner, Upload(format="", size=0, sha256="", media="b" * 32))
    doors.store.start(waiting)
    return waiting


@pytest.mark.parametrize("ends", [False, True], ids=["still followed", "given up"])
def test_an_answer_alone_is_not_taken_over_for_an_address(standing, doors, ends):
    other, sha = of_address(doors, standing.owner), standing.row.sha256
    with doors.store.transaction() as session:
        session.get(Analysis, standing.id).upload_key = intake.content_key(sha, doors.settings)
    if ends:
        doors.store.fail(standing.id, "timeout", "Too long.")
    assert intake.record_fetched(doors.store, other, Upload("JPEG", 1, sha, ""), doors.settings)
    assert doors.store.get(other, standing.owner).state == "running"


def test_what_gave_no_more_than_its_answer_is_analyzed_again_when_it_is_sent_again(standing, doors):
    sha, version = standing.row.sha256, intake.engine_version(doors.settings)
    with doors.store.transaction() as session:
        row = session.get(Analysis, standing.id)
        row.upload_key, row.engine = intake.content_key(sha, doors.settings), version
    sent = replace(upload("c" * 32), sha256=sha)
    assert intake.start_once(doors, standing.owner, sent, intake.content_key(sha, doors.settings)) == standing.id
    doors.store.fail(standing.id, "timeout", "Too long.")
    assert intake.known(doors, standing.owner, [sha]) == []
    again = intake.start_once(doors, standing.owner, sent, intake.content_key(sha, doors.settings))
    assert again != standing.id
