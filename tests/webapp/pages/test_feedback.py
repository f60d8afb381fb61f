"""What people say of wrong verdicts: kept beside the analysis, replaced, shown to them, printed for the operator."""

from __future__ import annotations

import json

import pytest

from tests.webapp.given import done, report, token, upload
from webapp.ops import commands
from webapp.storage.rows import EncodedReport, JobState


@pytest.fixture
def ended(doors):
    """An ended analysis of "somebody"."""
    analysis_id = doors.store.create("somebody", upload())
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {}, "0.1.0-abc")
    return analysis_id


@pytest.fixture
def tell(app, doors):
    """Say something through the API."""
    client = app.test_client(use_cookies=False)

    def say(analysis_id, owner="somebody", **body):
        headers = {"Authorization": f"Bearer {doors.tokens.issue(owner, 'a test')}"}
        return client.post(f"/api/v1/analyses/{analysis_id}/feedback", json=body, headers=headers)

    return say


def test_what_is_said_is_kept_and_the_last_word_counts(tell, doors, ended):
    assert tell(ended, says="generated").status_code == 204
    assert tell(ended, says="genuine", note=" I took it.\x00\x1b[2J\n2019 \u202e").status_code == 204
    said = doors.feedback.of(ended)
    assert (said.says, said.note) == ("genuine", "I took it.[2J\n2019")


@pytest.mark.parametrize(
    "body", [{}, {"says": "fake"}, {"says": "genuine", "note": "x" * 1001}, {"says": "genuine", "note": 5}]
)
def test_what_makes_no_sense_is_refused(tell, doors, ended, body):
    assert tell(ended, **body).status_code == 400
    assert doors.feedback.of(ended) is None


def test_it_is_said_of_ones_own_ended_analyses_alone(tell, doors, ended):
    assert tell(ended, "somebody else", says="genuine").status_code == 404
    assert doors.feedback.of(ended) is None
    waiting = doors.store.create("somebody", upload())
    answer = tell(waiting, says="genuine")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_ready")


def test_it_is_deleted_with_its_analysis(tell, doors, ended):
    tell(ended, says="genuine")
    doors.store.delete(ended, "somebody")
    assert doors.feedback.of(ended) is None
    assert list(doors.feedback.entries()) == []


def test_the_report_page_takes_it_and_shows_it_again(app, client, doors):
    address = done(client, doors)
    form = {"csrf_token": token(client), "says": "edited", "note": "<b>the sky</b>"}
    answer = client.post(f"{address}/feedback", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{address}#wrong")
    page = client.get(address).get_data(as_text=True)
    assert "you say it was edited" in page
    assert "&lt;b&gt;the sky&lt;/b&gt;" in page
    assert client.post(f"{address}/feedback", data={**form, "says": "fake"}).status_code == 400
    other = app.test_client()
    assert other.post(f"{address}/feedback", data={**form, "csrf_token": token(other)}).status_code == 404


def test_a_shared_report_neither_shows_nor_takes_it(client, doors):
    address = done(client, doors)
    analysis_id = address.rpartition("/")[2]
    row = doors.store.get(analysis_id, client_owner(client))
    doors.feedback.put(analysis_id, row.owner, "genuine", "my secret reason")
    link = doors.archive.share(analysis_id, row.owner, 3600.0)
    page = client.get(f"/shared/{link}").get_data(as_text=True)
    assert "my secret reason" not in page
    assert "/feedback" not in page


def client_owner(client):
    with client.session_transaction() as session:
        return session["owner"]


def test_the_operator_reads_it_beside_what_was_found(tell, doors, ended, monkeypatch, capsys):
    tell(ended, says="genuine", note="with my own camera")
    monkeypatch.setenv("DATABASE_URL", doors.settings.database_url)
    assert commands.main(["feedback"]) == 0
    printed = capsys.readouterr().out
    (line,) = map(json.loads, printed.splitlines())
    row = doors.store.get(ended, "somebody")
    assert row.state == JobState.DONE
    assert (line["says"], line["note"], line["engine"]) == ("genuine", "with my own camera", "0.1.0-abc")
    assert (line["verdict"], line["score"], line["sha256"]) == (row.verdict, row.score, row.sha256)
    assert line["scores"]["noise"] == 73.5
    assert "somebody" not in printed
