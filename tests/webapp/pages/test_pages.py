"""The way through: upload, progress, report; refusals; and who may see what."""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from flask import render_template

from analysis.explain.headline import headline
from analysis.explain.statements import flatten
from analysis.explain.words import RULES_CAUTION, VERDICTS
from analysis.report import Scoring, Verdict
from tests.webapp.given import done, evidence, lens, media_files, picture, report, send, token, upload
from webapp.presenters import report as present
from webapp.presenters import words as present_words
from webapp.queue.jobs import JobProgress
from webapp.storage.rows import EncodedReport
from webapp.storage.store import Store


def test_an_upload_is_stored_queued_and_shown_as_waiting(client, doors):
    answer = send(client, picture())
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert len(media_files(doors)) == 1
    assert "Yours is next." in page
    assert 'hx-trigger="load delay:' in page


def test_ids_have_128_bits(client):
    ids = {send(client, picture()).headers["Location"].rpartition("/")[2] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", one) for one in ids)


def test_progress_is_what_the_worker_said(client, doors):
    address = send(client, picture()).headers["Location"]
    analysis_id = address.rpartition("/")[2]
    doors.store.start(analysis_id)
    doors.jobs.report(analysis_id, JobProgress(("open",)))
    fragment = client.get(address + "/state").get_data(as_text=True)
    assert "1 of 2 steps done" in fragment
    assert fragment.count('class="done"') == 1
    assert "<html" not in fragment


def test_the_ended_fragment_has_no_trigger(client, doors):
    fragment = client.get(done(client, doors) + "/state").get_data(as_text=True)
    assert "hx-trigger" not in fragment
    assert "hx-get" not in fragment
    assert "Finished: Suspicious: possible" in fragment


def test_the_report_page_says_it_all(client, doors):
    page = client.get(done(client, doors)).get_data(as_text=True)
    for said in (
        "Suspicious",
        "38",
        "45",
        "The grain is more even across the picture",
        "Look for the original",
        RULES_CAUTION,
        "its weights are not on this machine",
        "trainedAlgorithmicMedia",
        "1,200 × 800 pixels",
        "not sole evidence for any legal or official purpose",
        "Heavily compressed",
        "numpy 2",
    ):
        assert said in page, said
    assert "&lt;b&gt;bold" in page  # text from files stays text
    assert not re.search(r"\bauthentic\b", page, re.IGNORECASE)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_words(client, doors, verdict):
    page = client.get(done(client, doors, verdict=verdict)).get_data(as_text=True)
    assert VERDICTS[verdict].title in page


def test_a_report_without_a_score_has_no_needle(client, doors):
    page = client.get(done(client, doors, score=None, confidence=None, verdict=Verdict.INCONCLUSIVE)).get_data(
        as_text=True
    )
    assert "needle" not in page
    assert "Inconclusive" in page


def test_the_report_as_json_is_what_was_written(client, doors):
    address = done(client, doors)
    answer = client.get(address + "/report.json")
    assert answer.mimetype == "application/json"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.json["verdict"] == "suspicious"
    assert answer.json["schema_version"] == 1


def test_lenses_are_served_with_their_type_and_revalidated(client, doors):
    address = done(client, doors)
    answer = client.get(address + "/lenses/spectrum")
    assert (answer.mimetype, answer.data) == ("image/webp", lens())
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(address + "/lenses/spectrum", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client.get(address + "/lenses/nothing").status_code == 404


def test_a_report_that_is_not_ready_is_409(client):
    address = send(client, picture()).headers["Location"]
    answer = client.get(address + "/report.json")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_ready")


@pytest.mark.parametrize("where", ["", "/state", "/report.json", "/lenses/spectrum"])
def test_what_is_another_browsers_does_not_exist(app, client, doors, where):
    address = done(client, doors)
    assert client.get(address + where).status_code == 200
    assert app.test_client().get(address + where).status_code == 404
    assert client.get("/analyses/AAAAAAAAAAAAAAAAAAAAAA" + where).status_code == 404


def test_another_browser_cannot_delete_and_ones_own_deletion_is_complete(app, client, doors):
    address = done(client, doors)
    other = app.test_client()
    assert other.post(address + "/delete", data={"csrf_token": token(other)}).status_code == 404
    assert client.post(address + "/delete", data={"csrf_token": token(client)}).status_code == 303
    for where in ("", "/report.json", "/lenses/spectrum"):
        assert client.get(address + where).status_code == 404


def test_deleting_what_waits_removes_its_file(client, doors):
    address = send(client, picture()).headers["Location"]
    client.post(address + "/delete", data={"csrf_token": token(client)})
    assert not media_files(doors)
    assert doors.jobs.waiting(address.rpartition("/")[2]) is None


REFUSED = [
    (b"", "empty.jpg", 422, "unreadable"),
    (b"just some words", "words.jpg", 415, "unsupported_type"),
    (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "drawing.png",
        415,
        "unsupported_type",
    ),
    (b"%PDF-1.7 and so on", "paper.jpg", 415, "unsupported_type"),
    (b"\x89PNG\r\n\x1a\n" + bytes(3_000_000), "large.png", 413, "too_large"),
]


@pytest.mark.parametrize("case", REFUSED, ids=[r[1] for r in REFUSED])
def test_what_cannot_be_taken_is_refused_in_every_manner_and_leaves_nothing(client, doors, settings, case):
    data, name, status, code = case
    object.__setattr__(settings, "max_bytes", 2_500_000)
    as_page = send(client, data, name)
    as_fragment = send(client, data, name, **{"HX-Request": "true"})
    as_json = send(client, data, name, Accept="application/json")
    assert {a.status_code for a in (as_page, as_fragment, as_json)} == {status}
    assert as_json.json["error"]["code"] == code
    message = as_json.json["error"]["message"]
    assert message in as_page.get_data(as_text=True)
    assert "<html" in as_page.get_data(as_text=True)
    assert "<html" not in as_fragment.get_data(as_text=True)
    assert 'id="problem"' in as_fragment.get_data(as_text=True)
    assert as_fragment.headers["HX-Reselect"] == "#problem"  # a request that wanted #main of a page has no #main here
    assert not media_files(doors)
    assert doors.store.ping() == 0


def test_a_body_over_the_limit_is_refused_by_its_length(app, client, doors):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = send(client, bytes(5000), Accept="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")
    assert not media_files(doors)


def test_no_file_is_said(client):
    answer = client.post("/analyses", data={"csrf_token": token(client)}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "no_file")


@pytest.mark.parametrize(
    ("code", "status"), [("too_many_pixels", 422), ("truncated", 422), ("timeout", 504), ("analysis_crashed", 500)]
)
def test_a_failed_analysis_says_why_with_the_status_of_its_code(client, doors, code, status):
    address = send(client, picture()).headers["Location"]
    doors.store.fail(address.rpartition("/")[2], code, "A clear sentence.")
    page = client.get(address)
    assert page.status_code == status
    assert "A clear sentence." in page.get_data(as_text=True)
    led = client.get(address, headers={"HX-Request": "true"})
    assert led.status_code == 200  # it ended before htmx had its page: the page is what was asked for
    assert "A clear sentence." in led.get_data(as_text=True)
    fragment = client.get(address + "/state")
    assert fragment.status_code == 200  # the poll itself has worked; htmx swaps it and stops
    assert "hx-trigger" not in fragment.get_data(as_text=True)
    as_json = client.get(address + "/report.json")
    assert (as_json.status_code, as_json.json) == (status, {"error": {"code": code, "message": "A clear sentence."}})


def test_with_a_full_queue_nothing_is_kept(client, doors):
    doors.jobs._limit = 1
    assert send(client, picture()).status_code == 303
    answer = send(client, picture(), Accept="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "queue_full")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(media_files(doors)) == 1
    assert doors.store.ping() == 1


def test_without_room_the_body_is_not_read(client, doors, monkeypatch):
    csrf = token(client)
    monkeypatch.setattr(type(doors.media), "free", lambda self: 1000)
    form = {"csrf_token": csrf, "file": (io.BytesIO(picture()), "a.jpg")}
    answer = client.post("/analyses", data=form, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["error"]["code"]) == (507, "no_room")
    assert not media_files(doors)


def test_positions_on_a_gauge_lie_within_it_and_in_order():
    for value in (-5.0, 0.25, 0.5, 0.7, 99.0):
        scale = present_words.gauge(evidence(value=value))
        at, start, width = (float(scale[key].rstrip("%")) for key in ("at", "from", "width"))
        assert 0 < at < 100
        assert start > 0
        assert start + width < 100
        assert (at < start) == (value < 0.25)
        assert (at > start + width + 0.02) == (value > 0.7)
    assert present_words.gauge(evidence(expected=(0.0, 0.0))) is None


def test_details_of_any_depth_become_a_bounded_list():
    deep: dict = {}
    inner = deep
    for _ in range(150):
        inner["k"] = {}
        inner = inner["k"]
    inner["end"] = 1
    assert flatten({"a": [1, {"b": 2}]}) == [("a › 1", "1"), ("a › 2 › b", "2")]
    assert len(flatten({"many": list(range(5000))})) <= 201
    assert flatten(deep)[0][1] == "1"


def test_old_reports_are_read_with_fields_that_came_later():
    known = msgspec.json.decode(msgspec.json.encode(report()))
    known["something_new"] = {"of": "later"}
    from analysis.report import from_json

    assert from_json(msgspec.json.encode(known)).verdict is Verdict.SUSPICIOUS


def test_rows_are_claimed_once(settings, app):
    store = Store(settings.database_url)
    analysis_id = store.create("me", upload())
    assert store.start(analysis_id) == "a" * 32
    assert store.start(analysis_id) is None
    store.fail(analysis_id, "timeout", "Over.")
    store.finish(analysis_id, EncodedReport.of(report()), {})  # too late: the row has ended
    row = store.get(analysis_id, "me")
    assert (row.state, row.error_code, row.report, row.media) == ("failed", "timeout", None, None)
    store.close()


def test_the_problem_page_renders_outside_of_any_analysis(app):
    with app.test_request_context("/"):
        from webapp.errors import Refusal

        assert "gone" in render_template("problem.html", problem=Refusal("expired", "It is gone."))


def test_a_verdict_raised_by_the_files_word_makes_no_promise_of_the_score():
    raised = report(verdict=Verdict.PROBABLE_AI, score=36.0, scoring=Scoring.CALIBRATED, false_alarm_rate=0.097)
    assert present.promise(raised) is None
    assert "file itself" in headline(raised).means
    scored = report(verdict=Verdict.PROBABLE_AI, score=50.0, scoring=Scoring.CALIBRATED, false_alarm_rate=0.04)
    assert "5 in 100" in present.promise(scored)
    assert "its score says so too" in headline(scored).means
    unsaid = msgspec.structs.replace(scored, provenance=())
    assert headline(unsaid).means == VERDICTS[Verdict.PROBABLE_AI].means
