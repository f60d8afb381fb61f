"""What surrounds an upload: sent once under its key, followed, cancelled."""

from __future__ import annotations

import io
import threading

import pytest
from sqlalchemy.exc import IntegrityError

import analysis
from tests.webapp.given import animation, media_files, picture, report, send, token, upload
from webapp.intake import submission as intake
from webapp.presenters.progress import progress
from webapp.queue.jobs import JobProgress, QueuePosition
from webapp.storage import submissions
from webapp.storage.rows import EncodedReport
from webapp.storage.store import KnownKey, Store

KEY = "0d9f5a52-7b1c-4f8e-a4b0-000000000001"


def put(client, key=None, data=None, **headers):
    """Upload as the scripts of the page do."""
    form = {
        "csrf_token": token(client),
        "file": (io.BytesIO(data or picture()), "a.jpg"),
        **({"key": key} if key else {}),
    }
    return client.post("/analyses", data=form, headers={"HX-Request": "true", **headers})


def test_scripts_get_the_address_and_a_line_of_a_list(client):
    answer = put(client)
    assert answer.status_code == 201
    page = client.get(answer.headers["Location"])
    assert page.status_code == 200
    line = answer.get_data(as_text=True)
    assert "<html" not in line
    assert f'hx-get="{answer.headers["Location"]}/line"' in line


def test_an_upload_sent_twice_under_its_key_is_one_analysis(client, doors):
    first, again = put(client, KEY), put(client, KEY)
    assert first.headers["Location"] == again.headers["Location"]
    assert doors.store.ping() == 1
    assert len(media_files(doors)) == 1
    other = put(client, KEY[:-1] + "2")
    assert other.headers["Location"] != first.headers["Location"]


def test_a_key_is_its_owners(app, client, doors):
    put(client, KEY)
    put(app.test_client(), KEY)
    assert doors.store.ping() == 2


def test_two_senders_at_the_same_moment_make_one_row(settings, app):
    stores = [Store(settings.database_url) for _ in range(4)]
    start, outcomes = threading.Barrier(4), []

    def create(store):
        start.wait()
        try:
            outcomes.append(("made", store.create("me", upload(), KEY)))
        except KnownKey as known:
            outcomes.append(("known", known.analysis_id))

    threads = [threading.Thread(target=create, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(how for how, _ in outcomes) == ["known"] * 3 + ["made"]
    assert len({analysis_id for _, analysis_id in outcomes}) == 1
    for store in stores:
        store.close()


@pytest.mark.parametrize("key", ["short", "x" * 65, "<script>alert(1)</script>", "0" * 15 + "é"])
def test_a_key_that_is_none_is_refused_and_nothing_is_kept(client, doors, key):
    assert put(client, key).status_code == 400
    assert not media_files(doors)


def test_the_landing_page_names_the_browser_so_that_parallel_uploads_share_it(app, client):
    client.get("/")
    with client.session_transaction() as session:
        named = session["owner"]
    put(client)
    with client.session_transaction() as session:
        assert session["owner"] == named


def test_a_token_for_scripts_is_accepted_and_never_cached(client):
    answer = client.get("/token")
    assert answer.headers["Cache-Control"] == "no-store"
    form = {"csrf_token": answer.json["token"], "file": (io.BytesIO(picture()), "a.jpg")}
    assert client.post("/analyses", data=form).status_code == 303


def row_at(client, doors, address):
    with client.session_transaction() as session:
        return doors.store.get(address.rpartition("/")[2], session["owner"])


def test_the_form_asks_for_clips_and_only_what_may_be_one_is(client, doors):
    page = client.get("/").get_data(as_text=True)
    assert '<input type="checkbox" name="as_clip" value="true">If it moves' in page
    for data, asked, kept in (
        (animation("GIF"), "true", True),
        (animation("WEBP"), "true", True),
        (animation("PNG"), "true", True),
        (animation("GIF"), None, False),
        (picture(), "true", False),
    ):
        row = row_at(client, doors, send(client, data, as_clip=asked).headers["Location"])
        assert row.as_clip is kept


def test_what_is_neither_yes_nor_no_is_refused_and_nothing_is_kept(client, doors):
    assert send(client, animation(), as_clip="perhaps").status_code == 400
    assert not media_files(doors)


def test_an_address_carries_the_wish(client, doors):
    form = {"csrf_token": token(client), "url": "http://pictures.example/a.gif"}
    still, asked = (client.post("/analyses", data=form | more) for more in ({}, {"as_clip": "true"}))
    assert still.headers["Location"] != asked.headers["Location"]
    assert [row_at(client, doors, one.headers["Location"]).as_clip for one in (still, asked)] == [False, True]


def test_a_key_taken_at_the_very_moment_an_address_arrives_lends_no_other_result(client, doors, monkeypatch):
    other = put(client).headers["Location"].rpartition("/")[2]  # sent without a key, as forms without scripts do
    doors.store.start(other)
    doors.store.finish(other, EncodedReport.of(report()), {})
    form = {"csrf_token": token(client), "url": "http://pictures.example/a.gif"}
    mine = client.post("/analyses", data=form).headers["Location"].rpartition("/")[2]
    doors.store.start(mine)
    real, collisions = submissions._fetched, iter([IntegrityError("INSERT", None, Exception())])

    def collides_once(*given):
        for problem in collisions:
            raise problem
        return real(*given)

    monkeypatch.setattr(submissions, "_fetched", collides_once)
    assert intake.record_fetched(doors.store, mine, upload(), doors.settings), "it took the result of another file"


def cancel(client, address):
    return client.post(address + "/cancel", data={"csrf_token": token(client)})


def test_cancelled_while_waiting_it_leaves_queue_and_store(client, doors):
    address = put(client).headers["Location"]
    assert cancel(client, address).headers["Location"] == address
    assert not media_files(doors)
    assert doors.jobs.waiting(address.rpartition("/")[2]) is None
    page = client.get(address)
    assert page.status_code == 200
    assert "You stopped this check" in page.get_data(as_text=True)
    fragment = client.get(address + "/state").get_data(as_text=True)
    assert "hx-trigger" not in fragment
    assert "hx-trigger" not in client.get(address + "/line").get_data(as_text=True)
    answer = client.get(address + "/report.json")
    assert (answer.status_code, answer.json["error"]["code"]) == (410, "cancelled")


def test_cancelled_while_running_its_child_is_killed_and_it_stays_cancelled(client, doors, work, monkeypatch):
    address = put(client).headers["Location"]
    analysis_id = address.rpartition("/")[2]
    begun = threading.Event()
    real = doors.store.start
    monkeypatch.setattr(doors.store, "start", lambda one: (real(one), begun.set())[0])
    monkeypatch.setattr(
        analysis, "open_media", lambda data, limits, **_: threading.Event().wait()
    )  # never ends by itself

    def from_elsewhere():
        begun.wait()
        cancel(client, address)

    presser = threading.Thread(target=from_elsewhere)
    presser.start()
    work()  # returns because the child was killed: the time limit is far above the test's own
    presser.join()
    with client.session_transaction() as session:
        row = doors.store.get(analysis_id, session["owner"])
    assert (row.state, row.error_code, row.report, row.media) == ("cancelled", None, None, None)
    assert not media_files(doors)


def test_what_has_ended_cannot_be_cancelled(client, doors):
    address = put(client).headers["Location"]
    analysis_id = address.rpartition("/")[2]
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {})
    cancel(client, address)
    assert "Suspicious" in client.get(address).get_data(as_text=True)


def test_nobody_cancels_for_another(app, client, doors):
    address = put(client).headers["Location"]
    stranger = app.test_client()
    assert cancel(stranger, address).status_code == 404
    assert doors.jobs.waiting(address.rpartition("/")[2])


def test_a_worker_stops_for_nobody_but_goes_on_for_somebody(client, doors):
    analysis_id = put(client).headers["Location"].rpartition("/")[2]
    assert not doors.store.is_running(analysis_id)
    doors.store.start(analysis_id)
    assert doors.store.is_running(analysis_id)
    with client.session_transaction() as session:
        doors.store.delete(analysis_id, session["owner"])
    assert not doors.store.is_running(analysis_id)


def row_of(client, doors, fmt="JPEG"):
    analysis_id = put(client).headers["Location"].rpartition("/")[2]
    with client.session_transaction() as session:
        row = doors.store.get(analysis_id, session["owner"])
    row.format, row.state = fmt, "running"
    return row


def test_a_still_is_followed_to_its_answer(client, doors):
    row = row_of(client, doors)
    assert [stage.done for stage in progress(row, None, JobProgress())["stages"]] == [0, 0]
    shown = progress(row, None, JobProgress(("open",)))
    assert ([stage.done for stage in shown["stages"]], shown["done"], shown["total"]) == ([1, 0], 1, 2)


def test_a_clip_is_followed_frame_by_frame(client, doors):
    told = JobProgress(("open", "frame 2 of 4", "motion", "frame 1 of 4"), 9)
    shown = progress(row_of(client, doors, "MP4"), None, told)
    assert shown["frames"] == [True, True, False, False]
    assert [(s.done, s.of) for s in shown["stages"]] == [(1, 1), (2, 4), (1, 3)]
    assert (shown["done"], shown["total"]) == (4, 9)


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        (QueuePosition(0, 1), "Yours is next."),
        (QueuePosition(3, 2), "3 files are ahead"),
        (QueuePosition(1, 0), "No worker is running"),
    ],
)
def test_who_waits_is_told_where_and_why(client, doors, monkeypatch, waiting, said):
    address = put(client).headers["Location"]
    monkeypatch.setattr(doors.jobs, "waiting", lambda analysis_id: waiting)
    fragment = client.get(address + "/state").get_data(as_text=True)
    assert said in fragment
    assert "Cancel" not in fragment  # the button lies around what is swapped, so that it is never pulled away
    assert "Cancel" in client.get(address).get_data(as_text=True)
