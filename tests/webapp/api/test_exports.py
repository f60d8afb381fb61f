"""One's own checks as table, JSON and feed: only one's own, and nothing in them breaks out of its form."""

from __future__ import annotations

import base64
import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest

from analysis.report import Verdict
from tests.webapp.api.test_api import Program
from tests.webapp.given import report, send, token, upload
from webapp.storage.rows import EncodedReport

NASTY = '=cmd|"x"!A1 <script>&amp;]]>\x0b\ud83d\ude00'.encode("utf-16", "surrogatepass").decode("utf-16")


@pytest.fixture
def program(app):
    return Program(app)


def ended(doors, owner, name=None, **changes):
    analysis_id = doors.store.create(owner, upload())
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report(**changes)), {})
    if name:
        doors.archive.rename(analysis_id, owner, name)
    return analysis_id


def test_json_and_table_hold_ones_own_checks_and_no_others(program, doors):
    mine = [ended(doors, "somebody", verdict=Verdict.SUSPICIOUS), ended(doors, "somebody", verdict=Verdict.PROVEN_AI)]
    theirs = ended(doors, "another")
    told = program("GET", "/history.json").json["checks"]
    assert [one["id"] for one in told] == mine[::-1]
    assert (told[1]["score"], told[1]["page"]) == (38, f"/analyses/{mine[0]}")
    table = list(csv.DictReader(io.StringIO(program("GET", "/history.csv").get_data(as_text=True))))
    assert [row["id"] for row in table] == mine[::-1]
    only = program("GET", f"/history.json?id={mine[0]}&id={theirs}").json["checks"]
    assert [one["id"] for one in only] == mine[:1]
    proven = program("GET", "/history.json?verdict=proven_ai").json["checks"]
    assert [one["id"] for one in proven] == mine[1:]


def test_what_a_check_is_called_stays_text_everywhere(program, doors):
    ended(doors, "somebody", name=NASTY)
    table = list(csv.DictReader(io.StringIO(program("GET", "/history.csv").get_data(as_text=True))))
    assert table[0]["name"].startswith("'=")
    feed = ET.fromstring(program("GET", "/history.rss").data)
    (title,) = [one.text for one in feed.iter("title")][1:]
    assert title.startswith('=cmd|"x"!A1 <script>&amp;]]>\ufffd\U0001f600: ')
    assert program("GET", "/history.json").json["checks"][0]["name"] == NASTY


def test_a_feed_holds_what_has_ended_with_whole_addresses(program, doors):
    done = ended(doors, "somebody")
    failed = doors.store.create("somebody", upload())
    doors.store.fail(failed, "too_large", "It is too large.")
    doors.store.create("somebody", upload())
    feed = ET.fromstring(program("GET", "/history.rss").data)
    items = {one.findtext("guid"): one for one in feed.iter("item")}
    assert set(items) == {done, failed}
    assert items[done].findtext("link") == f"http://localhost/analyses/{done}"
    assert items[failed].findtext("title") == "Not analyzed"
    assert items[failed].findtext("description") == "It is too large."


def test_a_feed_is_not_sent_twice(program, doors):
    ended(doors, "somebody")
    first = program("GET", "/history.rss")
    again = program("GET", "/history.rss", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)


def basic(secret):
    return {"Authorization": "Basic " + base64.b64encode(f"reader:{secret}".encode()).decode()}


def test_a_reader_gives_the_token_as_password_for_the_feed_and_for_nothing_else(app, program):
    client = app.test_client(use_cookies=False)
    asked = client.get("/api/v1/history.rss")
    assert asked.status_code == 401
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")
    assert client.get("/api/v1/history.rss", headers=basic(program.token)).status_code == 200
    for address in ("/api/v1/history.json", "/api/v1/token"):
        answer = client.get(address, headers=basic(program.token))
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.delete("/api/v1/token", headers=basic(program.token)).status_code == 401
    from_elsewhere = {**basic(program.token), "Sec-Fetch-Site": "cross-site"}
    assert client.get("/api/v1/history.rss", headers=from_elsewhere).status_code == 403


@pytest.mark.parametrize("sent", ["Basic", "Basic ???", "Basic /w==", basic("wrong")["Authorization"]])
def test_a_wrong_password_opens_nothing(app, sent):
    client = app.test_client(use_cookies=False)
    assert client.get("/api/v1/history.rss", headers={"Authorization": sent}).status_code == 401


@pytest.mark.parametrize("query", ["verdict=nonsense", f"q={'x' * 201}", "&".join(["id=a"] * 501)])
def test_what_cannot_be_meant_is_refused(program, query):
    assert program("GET", f"/history.json?{query}").status_code == 400


def test_the_page_gives_what_was_searched_for(client, doors):
    address = send(client, b"\xff\xd8\xff" + bytes(99)).headers["Location"]
    analysis_id = address.rpartition("/")[2]
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {})
    client.post(f"{address}/name", data={"csrf_token": token(client), "name": "Harbour"})
    ended(doors, "another")
    page = client.get("/history?q=harbour").get_data(as_text=True)
    assert 'href="/history.csv?q=harbour"' in page
    answer = client.get("/history.json?q=harbour")
    assert [one["name"] for one in json.loads(answer.data)["checks"]] == ["Harbour"]
    assert "attachment" in answer.headers["Content-Disposition"]
    assert json.loads(client.get("/history.json?q=nothing").data) == {"checks": []}
