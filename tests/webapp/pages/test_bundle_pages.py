"""Bundles from the page and the API: whole, signed by this server, with the file only where it is the very same."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile

import pytest

from analysis.bundle import keys
from analysis.report import Finding
from tests.webapp.given import done, picture, report, send, token, upload
from webapp.app import create_app
from webapp.presenters import bundle as present
from webapp.storage.rows import EncodedReport

FILE = picture()


@pytest.fixture
def address(client, doors):
    """A whole report of this browser, about FILE."""
    where = send(client, FILE).headers["Location"]
    analysis_id = where.rpartition("/")[2]
    doors.media.discard(doors.store.start(analysis_id))
    sha256 = hashlib.sha256(FILE).hexdigest()
    doors.store.finish(
        analysis_id, EncodedReport.of(report(sha256=sha256, id=analysis_id)), {"original": _webp()}, "0.1.0-abc"
    )
    return where


def _webp():
    from tests.webapp.given import lens

    return lens()


@pytest.fixture
def api(app, doors):
    """A program of "somebody"."""
    client = app.test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {doors.tokens.issue('somebody', 'a test')}"}
    return lambda method, path, **given: client.open(f"/api/v1{path}", method=method, headers=headers, **given)


def verify(client, data):
    form = {"csrf_token": token(client), "bundle": (io.BytesIO(data), "b.zip")}
    return client.post("/verify", data=form, content_type="multipart/form-data")


def with_file(client, address, data):
    form = {"csrf_token": token(client), "file": (io.BytesIO(data), "x.jpg")}
    return client.post(f"{address}/bundle.zip", data=form, content_type="multipart/form-data")


def test_a_report_can_be_taken_away_and_checked(client, doors, address):
    page = client.get(f"{address}/bundle").get_data(as_text=True)
    fingerprint = keys.key_fingerprint(present.public_key(doors.settings))
    assert fingerprint in page
    answer = client.get(f"{address}/bundle.zip")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as inside:
        row = doors.store.get(address.rpartition("/")[2], _owner(client))
        assert inside.read("report.json") == row.report
        assert b"<script" not in inside.read("report.html")
        assert {"lenses/original.webp", "manifest.sig"} <= set(inside.namelist())
        assert json.loads(inside.read("manifest.json"))["detector"] == "0.1.0-abc"
    said = verify(client, answer.data).get_data(as_text=True)
    assert "It holds" in said
    assert "signed by this server" in said
    assert client.get(f"{address}/bundle.zip").data == answer.data


def test_the_file_goes_into_it_only_where_it_is_the_very_same(client, doors, address):
    answer = with_file(client, address, FILE)
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.data)) as inside:
        assert inside.read("file/judged.jpeg") == FILE
    assert "is that very file" in verify(client, answer.data).get_data(as_text=True)
    other = with_file(client, address, FILE + b"x")
    assert other.status_code == 409
    assert "another file" in other.get_data(as_text=True)
    assert [one for one in doors.settings.media_dir.iterdir() if one.stat().st_size == len(FILE)] == []


def test_nothing_that_was_sent_stays(client, doors, address):
    before = set(doors.settings.media_dir.iterdir())
    with_file(client, address, FILE)
    verify(client, client.get(f"{address}/bundle.zip").data)
    assert set(doors.settings.media_dir.iterdir()) <= before


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"PK" + b, lambda b: b[:40] + b"!" + b[41:]]
)
def test_what_was_changed_does_not_hold(client, address, change):
    answer = verify(client, change(client.get(f"{address}/bundle.zip").data))
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "does not hold" in page
    assert "It holds" not in page


def test_a_bundle_of_another_server_is_intact_but_unknown(client, doors, address, tmp_path, monkeypatch):
    theirs = keys.load_or_make(tmp_path / "other.key")
    monkeypatch.setattr(present, "signer", lambda _settings: theirs)
    data = client.get(f"{address}/bundle.zip").data
    monkeypatch.undo()
    page = verify(client, data).get_data(as_text=True)
    assert "its key is not known here" in page
    assert "It holds" not in page


def test_a_strangers_report_cannot_break_the_page(client, doors, tmp_path, monkeypatch):
    finding = Finding(
        family="c2pa", grade="signed", meaning="captured", sentence="x", detail={"trust": "trusted", "manifest": [1]}
    )
    address = done(client, doors, provenance=(finding,))
    theirs = keys.load_or_make(tmp_path / "other.key")
    monkeypatch.setattr(present, "signer", lambda _settings: theirs)
    monkeypatch.setattr(present, "single_page", lambda _examined: b"<p>theirs</p>")
    data = client.get(f"{address}/bundle.zip").data
    monkeypatch.undo()
    answer = verify(client, data)
    assert answer.status_code == 200
    assert "its key is not known here" in answer.get_data(as_text=True)


def test_text_in_a_strangers_bundle_is_shown_as_text(client, doors):
    address = done(client, doors, summary="<script>alert(1)</script>")
    page = verify(client, client.get(f"{address}/bundle.zip").data).get_data(as_text=True)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_only_ones_own_reports_can_be_taken_away(app, address):
    other = app.test_client()
    assert other.get(f"{address}/bundle").status_code == 404
    assert other.get(f"{address}/bundle.zip").status_code == 404
    assert with_file(other, address, FILE).status_code == 404


def test_the_key_is_private_and_its_public_half_is_there_for_all(app, doors):
    nobody = app.test_client(use_cookies=False)
    pem = nobody.get("/.well-known/ai-media-detector-key.pem").data
    told = nobody.get("/api/v1/key").json
    assert told["pem"].encode() == pem
    assert told["fingerprint"] == keys.key_fingerprint(keys.public(pem))
    assert (doors.settings.data_dir / "bundle.key").stat().st_mode & 0o777 == 0o600


def test_the_api_gives_the_same(api, doors):
    analysis_id = doors.store.create("somebody", upload())
    assert api("GET", f"/analyses/{analysis_id}/bundle").status_code == 404
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report(id=analysis_id, sha256="0" * 64)), {}, "0.1.0-abc")
    answer = api("GET", f"/analyses/{analysis_id}/bundle")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    wrong = api("POST", f"/analyses/{analysis_id}/bundle", data={"file": (io.BytesIO(b"x"), "x")})
    assert (wrong.status_code, wrong.json["error"]["code"]) == (409, "another_file")
    assert api("GET", f"/analyses/{'A' * 22}/bundle").status_code == 404


def test_a_stamp_that_could_not_be_had_is_said_and_asked_for_again(app, client, doors, settings, address):
    analysis_id = address.rpartition("/")[2]
    assert "No time stamp yet" not in client.get(f"{address}/bundle").get_data(as_text=True)
    assert client.post(f"{address}/stamp", data={"csrf_token": token(client)}).status_code == 409
    before = client.get(f"{address}/bundle.zip").data
    assert "No time stamp is in it" in verify(client, before).get_data(as_text=True)
    doors.bundles.note_missed_stamp(analysis_id)
    page = client.get(f"{address}/bundle").get_data(as_text=True)
    assert "could not be had. The bundle says so." in page
    assert "Ask for a time stamp" not in page  # this server asks none
    data = client.get(f"{address}/bundle.zip").data
    with zipfile.ZipFile(io.BytesIO(data)) as inside:
        assert json.loads(inside.read("manifest.json"))["no_stamp_at"] > "2026"
    assert "could not be had: the time it names is the signer’s word" in verify(client, data).get_data(as_text=True)
    asking = create_app(dataclasses.replace(settings, time_stamp_url="https://stamps.example/"))
    there = asking.test_client()
    with client.session_transaction() as mine, there.session_transaction() as theirs:
        theirs.update(mine)
    assert "Ask for a time stamp" in there.get(f"{address}/bundle").get_data(as_text=True)
    answer = there.post(f"{address}/stamp", data={"csrf_token": token(there)}, follow_redirects=True)
    assert "is being asked" in answer.get_data(as_text=True)
    assert asking.extensions["services"].jobs._errands.get_job_ids() == [f"errand-{analysis_id}"]
    stranger = asking.test_client()
    assert stranger.post(f"{address}/stamp", data={"csrf_token": token(stranger)}).status_code == 404
    asking.extensions["services"].close()


def _owner(client):
    with client.session_transaction() as session:
        return session["owner"]
