"""Nothing stays: a canary in a file's bytes, its metadata, its name and its address is looked for in every store.

Looked through after each way an analysis can end: the database with all its files, every key of Redis, everything on
the disk below the folders the product writes to, and the log at its most talkative.
"""

from __future__ import annotations

import base64
import dataclasses
import http.server
import ipaddress
import logging
import os
import signal
import threading
import time
import zlib

import pytest
import redis

import worker
from tests.webapp.given import media_files, picture, send, speak_of, token
from webapp.sandbox.child import ChildLimits

CANARY = b"cAnArY-7f3e91b2d4"


def marked(fmt="JPEG"):
    """A picture with the canary in a private segment and after its end."""
    plain = picture(fmt=fmt)
    if fmt != "JPEG":
        return plain + CANARY * 3
    segment = b"PRIVATE\0" + CANARY
    return plain[:2] + b"\xff\xe9" + (len(segment) + 2).to_bytes(2, "big") + segment + plain[2:] + CANARY


@pytest.fixture
def settings(settings):
    """Addresses of this machine may be fetched: the site of these tests is there."""
    return dataclasses.replace(settings, fetch_allow=(ipaddress.ip_network("127.0.0.0/8"),), fetch_seconds=5.0)


@pytest.fixture
def stores(doors, tmp_path, caplog, monkeypatch):
    """Where the canary is found, by the name of the store; the log is kept at its most talkative."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def search():
        found = set()
        seen = [CANARY, base64.b64encode(CANARY)[:-4], CANARY.hex().encode(), CANARY.decode().lower().encode()]

        def holds(data):
            return any(form in data or form in data.lower() for form in seen)

        for path in tmp_path.rglob("*"):
            if path.is_file() and holds(path.read_bytes()):
                found.add(f"disk: {path.relative_to(tmp_path)}")
        with redis.Redis.from_url(doors.settings.redis_url) as server:
            for key in server.scan_iter("*"):
                values = server.hgetall(key).values() if server.type(key) == b"hash" else [server.dump(key) or b""]
                if holds(key) or any(holds(value) or holds(unpacked(value)) for value in values):
                    found.add(f"redis: {key}")
        if holds(caplog.text.encode()):
            found.add("log")
        return found

    return search


def unpacked(value):
    try:
        return zlib.decompress(value)
    except zlib.error:
        return b""


def upload(client, data=None):
    answer = send(client, data or marked(), name=f"{CANARY.decode()}.jpg")
    return answer.headers["Location"].rpartition("/")[2]


@pytest.fixture
def ends(client, doors, work, monkeypatch):  # noqa: PLR0915 -- a list of ways, each short
    """Every way an analysis ends, by name."""

    def pretend(analyze):
        def made(file, settings, anchors, say, *, analysis_id, **_):
            return analyze(file, speak_of(analysis_id, say))

        monkeypatch.setattr(worker, "_analyze", made)

    def read_it(file, say, then):
        assert CANARY in file.read()
        say("p", b'{"name":"open"}')
        then(say)

    def cancel(analysis_id):
        client.post(f"/analyses/{analysis_id}/cancel", data={"csrf_token": token(client)})

    def done():
        upload(client)
        work()

    def refused():
        upload(client, marked("PNG")[:200] + CANARY)
        work()

    def unsupported():
        assert send(client, b"%PDF-1.4 " + CANARY * 50, name=f"{CANARY.decode()}.pdf").status_code == 415

    def crashed():
        pretend(lambda file, say: read_it(file, say, lambda say: os.kill(os.getpid(), signal.SIGKILL)))
        upload(client)
        work()

    def raised():
        def complain(_say):
            raise RuntimeError("no text of the file here")

        pretend(lambda file, say: read_it(file, say, complain))
        upload(client)
        work()

    def timed_out():
        monkeypatch.setattr(worker.sandbox, "ChildLimits", lambda seconds, memory: ChildLimits(0.5, memory))
        pretend(lambda file, say: read_it(file, say, lambda say: time.sleep(60)))
        upload(client)
        work()

    def cancelled_waiting():
        cancel(upload(client))
        work()

    def cancelled_running():
        pretend(lambda file, say: read_it(file, say, lambda say: time.sleep(60)))
        analysis_id = upload(client)
        tell = doors.jobs.report
        threads = []

        def report(*args):
            tell(*args)
            threads.append(threading.Thread(target=cancel, args=(analysis_id,)))
            threads[-1].start()

        monkeypatch.setattr(doors.jobs, "report", report)
        work()
        for one in threads:
            one.join()

    def deleted():
        analysis_id = upload(client)
        answer = client.post(f"/history/{analysis_id}/delete", data={"csrf_token": token(client)})
        assert answer.status_code == 303
        work()

    def worker_died():
        media = doors.store.start(upload(client))
        with doors.media.take(media) as held:  # and then it is gone, with whoever held it
            assert CANARY in held.read()

    return {
        one.__name__: one
        for one in (
            *(done, refused, unsupported, crashed, raised, timed_out),
            *(cancelled_waiting, cancelled_running, deleted, worker_died),
        )
    }


WAYS = [
    *("done", "refused", "unsupported", "crashed", "raised", "timed_out"),
    *("cancelled_waiting", "cancelled_running", "deleted", "worker_died"),
]


@pytest.mark.parametrize("way", WAYS)
def test_at_the_end_no_store_holds_a_byte_of_it(ends, stores, doors, way):
    ends[way]()
    assert stores() == set()
    assert not media_files(doors)


def test_while_it_waits_only_the_private_folder_holds_it(client, doors, stores):
    """So the tests above can fail; and the name is nowhere even now."""
    upload(client)
    (kept,) = media_files(doors)
    assert stores() == {f"disk: media/{kept.name}"}


class Site(http.server.BaseHTTPRequestHandler):
    """Serves a picture with the canary under any address, with a name for it."""

    def do_GET(self):
        body = marked()
        self.send_response(200 if "found" in self.path else 404)
        self.send_header("Content-Disposition", f'attachment; filename="{CANARY.decode()}.jpg"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["found", "nothing"])
def test_no_store_holds_an_address(client, doors, stores, work, site, path):  # noqa: PLR0917 -- fixtures
    address = f"{site}/{path}/{CANARY.decode()}?key={CANARY.decode()}"
    client.post("/analyses", data={"csrf_token": token(client), "url": address})
    assert len(stores()) == 1  # the small file in the private folder that the worker will read
    work()
    with doors.store.transaction() as session:
        from webapp.storage.rows import Analysis

        (row,) = session.query(Analysis).all()
    assert (row.state, row.error_code) == (("done", None) if path == "found" else ("failed", "fetch_failed"))
    assert stores() == set()


def test_what_an_upload_broken_off_left_is_swept(doors, stores):
    half = doors.media.receive()
    half.write(marked())
    os.utime(half._path, (0, 0))
    assert stores()
    doors.reconciler()()
    assert stores() == set()


@pytest.mark.parametrize("way", ["one", "all"])
def test_the_name_stays_only_when_its_owner_gives_it_and_goes_with_the_check(client, doors, work, stores, way):
    analysis_id = upload(client)
    work()
    assert stores() == set()
    form = {"csrf_token": token(client)}
    client.post(f"/analyses/{analysis_id}/name", data={**form, "name": CANARY.decode()})
    assert any("test.db" in place for place in stores())
    address = "/history/delete" if way == "all" else f"/history/{analysis_id}/delete"
    assert client.post(address, data=form).status_code == 303
    assert stores() == set()
