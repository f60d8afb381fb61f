"""An address from its row to its report: fetched by the worker, analyzed like a file, forgotten."""

from __future__ import annotations

import dataclasses
import http.server
import ipaddress
import threading
from pathlib import Path

import pytest

import analysis
import worker
from analysis.explain.lenses import LensImage
from tests.webapp.given import animation, lens, media_files, picture, report
from webapp.intake import submission as intake
from webapp.services import Services
from webapp.storage.database import migrate
from webapp.storage.rows import JobState

OWNER = "somebody"


class Site(http.server.BaseHTTPRequestHandler):
    """A site with one picture, and a list of what it was asked for."""

    def do_GET(self):
        self.server.asked.append(self.path)
        is_picture = self.path.startswith("/picture")
        body = picture() if is_picture else animation() if self.path == "/animation" else b"<!doctype html><p>hello"
        self.send_response(404 if self.path == "/nothing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked = []
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(settings):
    """The loopback network is allowed: that is where the site of these tests is."""
    migrate(settings.database_url)
    return dataclasses.replace(settings, fetch_allow=(ipaddress.ip_network("127.0.0.0/8"),), fetch_seconds=5.0)


@pytest.fixture
def doors(settings):
    """No application: an address reaches the worker without one."""
    opened = Services.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def engine(monkeypatch):
    """An engine that reports at once and counts its analyses by a file each."""
    monkeypatch.setitem(vars(analysis), "open_media", lambda data, limits, **_: Opened(data))
    monkeypatch.setitem(vars(analysis), "analyze", lambda media, **_: report(summary=f"{len(media.data)} bytes"))
    drawn = {"spectrum": LensImage(lens(), "image/webp", 320, 240)}
    monkeypatch.setattr(worker.lenses, "render_all", lambda frame, names, **_: drawn)


@dataclasses.dataclass
class Opened:
    data: bytes
    frame: None = None


def ask(doors, url, owner=OWNER, *, as_clip=False):
    upload = intake.keep_address(doors, url, as_clip=as_clip)
    return intake.start_once(doors, owner, upload, intake.address_key(owner, url, as_clip=as_clip))


def test_an_address_becomes_a_report_and_is_forgotten(doors, work, engine, site, settings):
    analysis_id = ask(doors, f"{site.address}/picture?canary-in-the-address")
    assert doors.store.get(analysis_id, OWNER).format == ""
    work()
    row = doors.store.get(analysis_id, OWNER)
    assert (row.state, row.format, row.size) == (JobState.DONE, "JPEG", len(picture()))
    assert analysis.from_json(row.report).summary == f"{len(picture())} bytes"
    assert row.upload_key == intake.content_key(row.sha256, settings)
    assert site.asked == ["/picture?canary-in-the-address"]
    assert not media_files(doors)
    stores = [path for path in Path(settings.data_dir).rglob("*") if path.is_file()]
    assert stores
    assert not [path for path in stores if b"canary-in-the-address" in path.read_bytes()]


@pytest.mark.parametrize(("path", "code"), [("/page", "unsupported_type"), ("/nothing", "fetch_failed")])
@pytest.mark.usefixtures("engine")
def test_what_cannot_be_fetched_ends_its_row(doors, work, site, path, code):
    analysis_id = ask(doors, site.address + path)
    work()
    row = doors.store.get(analysis_id, OWNER)
    assert (row.state, row.error_code, row.upload_key) == (JobState.FAILED, code, None)
    assert not media_files(doors)


def test_a_forbidden_address_is_refused_by_the_worker(doors, work, engine):
    analysis_id = ask(doors, "http://10.0.0.1/picture")
    work()
    assert doors.store.get(analysis_id, OWNER).error_code == "fetch_refused"


def test_an_address_asked_again_while_it_waits_is_fetched_once(doors, work, engine, site):
    ids = {ask(doors, f"{site.address}/picture") for _ in range(5)}
    assert len(ids) == 1
    work()
    assert len(site.asked) == 1


def test_the_same_content_from_another_address_is_analyzed_once_for_its_owner(doors, work, engine, site, monkeypatch):
    first = ask(doors, f"{site.address}/picture/a")
    work()
    monkeypatch.setitem(vars(analysis), "analyze", lambda *_a, **_k: 1 / 0)
    second, foreign = ask(doors, f"{site.address}/picture/b"), ask(doors, f"{site.address}/picture/b", "another")
    work()
    row = doors.store.get(second, OWNER)
    assert second != first
    assert (row.state, row.upload_key) == (JobState.DONE, None)
    assert analysis.from_json(row.report).id == second
    assert doors.store.lens_names(second) == ["spectrum"]
    assert doors.store.get(foreign, "another").state == JobState.FAILED  # it was analyzed: nothing crosses over
    assert len(site.asked) == 3


def test_an_animation_at_an_address_is_one_analysis_as_a_still_and_another_as_a_clip(doors, work, site, settings):
    ids = [ask(doors, f"{site.address}/animation", as_clip=asked) for asked in (False, True)]
    work()
    rows = [doors.store.get(one, OWNER) for one in ids]
    assert [analysis.from_json(row.report).kind for row in rows] == ["image", "video"]
    keys = [intake.content_key(rows[0].sha256, settings, as_clip=asked) for asked in (False, True)]
    assert [row.upload_key for row in rows] == keys


def test_what_is_no_animation_at_an_address_is_one_analysis_however_it_is_asked(doors, work, engine, site):
    rows = []
    for asked in (False, True):
        one = ask(doors, f"{site.address}/picture", as_clip=asked)
        work()
        rows.append(doors.store.get(one, OWNER))
    assert [row.as_clip for row in rows] == [False, False]
    assert rows[1].upload_key is None, "it was analyzed twice"


def test_a_failed_address_may_be_tried_again(doors, work, engine, site):
    first = ask(doors, f"{site.address}/nothing")
    work()
    assert ask(doors, f"{site.address}/nothing") != first
