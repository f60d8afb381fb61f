"""Reports stamped by the worker: one hash goes to the one address that the operator named, through the guarded door."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import ipaddress
import threading

import pytest

import worker
from analysis.bundle import time_stamp
from analysis.report import to_json
from tests.analysis.bundle.made_authority import Authority
from tests.webapp.given import report, upload
from webapp.services import Services
from webapp.settings import Settings
from webapp.storage.database import migrate
from webapp.storage.rows import EncodedReport

pytest.importorskip("rfc3161_client")


class Stamps(http.server.BaseHTTPRequestHandler):
    """An authority behind HTTP; what it was sent is kept."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Content-Type"], body))
        answer = self.server.answer(body)
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/tsr")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args):
        pass


@pytest.fixture
def authority(tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stamps)
    server.asked, server.answer = [], Authority(tmp_path).answer
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(settings, authority):
    """A worker's doors, with that authority named and its network allowed."""
    migrate(settings.database_url)
    doors = Services.open(_with(settings, authority))
    yield doors
    doors.close()


def _with(settings, authority, path="/tsr"):
    url = f"http://127.0.0.1:{authority.server_port}{path}"
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    return dataclasses.replace(settings, time_stamp_url=url, fetch_allow=allowed, fetch_seconds=20.0)


def _ended(doors):
    analysis_id = doors.store.create("somebody", upload())
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {}, "0.1.0-abc")
    return analysis_id


def test_the_authority_is_sent_a_hash_and_its_answer_is_kept(opened, authority):
    analysis_id = _ended(opened)
    worker._add_time_stamp(opened, analysis_id)
    ((path, kind, sent),) = authority.asked
    written = to_json(report())
    assert (path, kind) == ("/tsr", "application/timestamp-query")
    assert hashlib.sha256(written).digest() in sent
    assert len(sent) < 100
    assert time_stamp.read_stamp(opened.bundles.stamp(analysis_id), written).by == "CN=Test Stamps"
    opened.store.delete(analysis_id, "somebody")
    assert opened.bundles.stamp(analysis_id) is None


@pytest.mark.parametrize("answer", [b"", b"<p>sorry</p>", bytes(400_000)])
def test_what_is_no_stamp_is_not_kept(opened, authority, answer):
    authority.answer = lambda _request: answer
    analysis_id = _ended(opened)
    worker._add_time_stamp(opened, analysis_id)
    assert opened.bundles.stamp(analysis_id) is None
    assert opened.bundles.missed_stamp(analysis_id) is not None


def test_what_could_not_be_had_is_had_when_it_is_asked_for_again(opened, authority, monkeypatch):
    monkeypatch.setattr(worker, "_services", lambda: opened)
    answer, authority.answer = authority.answer, lambda _request: b""
    analysis_id = _ended(opened)
    worker._add_time_stamp(opened, analysis_id)
    authority.answer = answer
    worker.stamp_again(analysis_id)
    assert opened.bundles.missed_stamp(analysis_id) is None
    assert time_stamp.read_stamp(opened.bundles.stamp(analysis_id), to_json(report())).by == "CN=Test Stamps"
    worker.stamp_again(analysis_id)
    assert len(authority.asked) == 2, "a report that has a stamp keeps it"
    opened.store.delete(analysis_id, "somebody")
    worker.stamp_again(analysis_id)
    assert len(authority.asked) == 2


def test_redirects_are_not_followed(opened, authority):
    analysis_id = _ended(opened)
    moved = dataclasses.replace(opened, settings=_with(opened.settings, authority, "/moved"))
    worker._add_time_stamp(moved, analysis_id)
    assert [path for path, *_ in authority.asked] == ["/moved"]
    assert opened.bundles.stamp(analysis_id) is None


def test_an_authority_inside_is_not_asked_unless_its_network_is_allowed(opened, authority):
    analysis_id = _ended(opened)
    closed = dataclasses.replace(opened, settings=dataclasses.replace(opened.settings, fetch_allow=()))
    worker._add_time_stamp(closed, analysis_id)
    assert authority.asked == []


def test_nobody_is_asked_unless_the_operator_names_an_authority(opened, authority):
    analysis_id = _ended(opened)
    off = dataclasses.replace(opened, settings=dataclasses.replace(opened.settings, time_stamp_url=None))
    worker._add_time_stamp(off, analysis_id)
    assert authority.asked == []


def test_an_address_that_is_none_is_refused_by_name():
    assert Settings.from_env({}).time_stamp_url is None
    for nonsense in ("stamps.example", "ftp://stamps.example", "https://", "javascript:alert(1)"):
        with pytest.raises(ValueError, match="TIME_STAMP_URL"):
            Settings.from_env({"TIME_STAMP_URL": nonsense})
