"""What people say of a report: the owner's note, a reviewer's verdict above the detector's, its history, its export."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io

import pytest

from analysis.cli import labelled
from tests.webapp.given import done, picture, report, token, upload
from webapp.app import create_app
from webapp.ops import commands, labels
from webapp.storage.accounts import Role
from webapp.storage.database import migrate
from webapp.storage.remarks import MOST_REVIEWS, ReviewerSays, TooManyReviews, standing
from webapp.storage.rows import EncodedReport

HOSTILE = "<script>alert(1)</script> =1+1 \u202e\x1b[2J"


@pytest.fixture
def served(settings):
    """A server with accounts: a user, a reviewer, and a browser for each."""
    settings = dataclasses.replace(settings, sign_in=True, public_links=True)
    migrate(settings.database_url)
    app = create_app(settings)
    doors = app.extensions["services"]

    def browser(name, role):
        key, client = doors.accounts.add(name, role), app.test_client()
        form = client.get("/sign-in").get_data(as_text=True)
        csrf = form.partition('name="csrf_token" value="')[2].partition('"')[0]
        client.post("/sign-in", data={"csrf_token": csrf, "key": key})
        return client

    yield app, doors, browser("ada", Role.USER), browser("grace", Role.REVIEWER)
    doors.close()


def text(client, address):
    return client.get(address).get_data(as_text=True)


def note(client, address, words, **more):
    return client.post(f"{address}/note", data={"csrf_token": token(client), "text": words, **more})


def review(client, where, says, source="The agency sent the raw file"):
    return client.post(f"{where}/review", data={"csrf_token": token(client), "says": says, "source": source})


def test_a_note_is_kept_shown_as_text_changed_and_deleted(app, client, doors):
    address = done(client, doors)
    assert note(client, address, HOSTILE).status_code == 303
    page = text(client, address)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; =1+1" in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    note(client, address, "It is mine.")
    assert "=1+1" not in text(client, address)
    assert note(app.test_client(), address, "not mine").status_code == 404
    note(client, address, "It is mine.", delete="1")
    assert "It is mine." not in text(client, address)
    note(client, address, "x" * 5000)
    assert len(doors.remarks.note(address.rpartition("/")[2]).text) == 2000


def test_a_note_goes_with_a_link_and_with_its_report(client, doors):
    address = done(client, doors)
    analysis_id = address.rpartition("/")[2]
    note(client, address, "Taken by me in Graz.")
    link = doors.archive.share(analysis_id, _owner(client), 3600.0)
    page = text(client, f"/shared/{link}")
    assert "Taken by me in Graz." in page
    assert "/note" not in page
    doors.store.delete(analysis_id, _owner(client))
    assert doors.remarks.note(analysis_id) is None


def test_without_accounts_nobody_is_a_reviewer(client, doors):
    address = done(client, doors)
    assert "You are a reviewer" not in text(client, address)
    assert review(client, address, "confirmed_ai").status_code == 403
    assert doors.remarks.reviews(address.rpartition("/")[2]) == []


def test_a_reviewer_is_given_the_link_and_stands_above_the_detector(served):
    app, doors, ada, grace = served
    address = done(ada, doors)
    analysis_id = address.rpartition("/")[2]
    owner = next(one.id for one in doors.accounts.all() if one.name == "ada")
    link = f"/shared/{doors.archive.share(analysis_id, owner, 3600.0)}"
    assert review(grace, address, "confirmed_ai").status_code == 404  # no link, no look
    assert review(ada, address, "confirmed_ai").status_code == 403
    assert review(ada, link, "confirmed_ai").status_code == 403
    assert "You are a reviewer" not in text(ada, address)
    assert "You are a reviewer" in text(grace, link)
    assert review(grace, link, "confirmed_genuine", HOSTILE).status_code == 303
    for client, where, named in ((ada, address, True), (grace, link, True), (app.test_client(), link, False)):
        page = text(client, where)
        assert page.index("Confirmed: genuine") < page.index('id="verdict"')
        assert "A human reviewer’s verdict" in page
        assert "&lt;script&gt;" in page
        assert ("grace" in page) is named
    secret = doors.tokens.issue(owner, "a test")
    told = (
        app.test_client(use_cookies=False)
        .get(f"/api/v1/analyses/{analysis_id}", headers={"Authorization": f"Bearer {secret}"})
        .json
    )
    assert told["review"]["says"] == "confirmed_genuine"
    assert told["result"]["verdict"] == "suspicious"  # the detector's own stays what it was


def test_who_said_what_stays_readable(served):
    _, doors, _, grace = served
    address = done(grace, doors)
    review(grace, address, "confirmed_ai", "first word")
    review(grace, address, "confirmed_genuine", "second word")
    page = text(grace, address)
    assert page.index("second word") < page.index("first word")
    review(grace, address, "withdrawn", "all wrong")
    page = text(grace, address)
    assert "A human reviewer’s verdict" not in page
    for words in ("first word", "second word", "all wrong"):
        assert words in page


@pytest.mark.parametrize(
    ("says", "source"), [("genuine", "x"), ("", "x"), ("confirmed_ai", ""), ("confirmed_ai", "  ")]
)
def test_a_verdict_needs_a_label_and_a_source(served, says, source):
    _, doors, _, grace = served
    address = done(grace, doors)
    assert review(grace, address, says, source).status_code == 400
    assert doors.remarks.reviews(address.rpartition("/")[2]) == []


def test_the_api_takes_notes_of_owners_and_verdicts_of_reviewers(served):
    app, doors, _, _ = served
    client = app.test_client(use_cookies=False)

    def call(owner, what, **body):
        headers = {"Authorization": f"Bearer {doors.tokens.issue(owner, 'a test')}"}
        return client.post(f"/api/v1/analyses/{made[owner]}/{what}", json=body, headers=headers).status_code

    made = {one.id: _ended(doors, one.id) for one in doors.accounts.all()}
    ids = {one.name: one.id for one in doors.accounts.all()}
    assert call(ids["ada"], "note", text="mine") == 204
    assert doors.remarks.note(made[ids["ada"]]).text == "mine"
    assert call(ids["ada"], "review", says="confirmed_ai", source="x") == 403
    assert call(ids["grace"], "review", says="confirmed_ai", source="x") == 204
    assert call(ids["grace"], "review", says="confirmed_ai", source=" ") == 400
    assert call(ids["grace"], "review", says="maybe", source="x") == 400
    assert standing(doors.remarks.reviews(made[ids["grace"]])).reviewer == "grace"


def test_an_analysis_has_an_end_of_reviews(doors):
    analysis_id = _ended(doors, "somebody")
    for _ in range(MOST_REVIEWS):
        assert doors.remarks.review(analysis_id, ReviewerSays.AI, "x", "grace")
    with pytest.raises(TooManyReviews):
        doors.remarks.review(analysis_id, ReviewerSays.AI, "x", "grace")


def test_what_was_confirmed_is_a_table_that_calibrating_reads(doors, tmp_path, monkeypatch, capsys):
    files = {name: picture(side) for name, side in (("a.jpg", 40), ("b.jpg", 48), ("c.jpg", 56))}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    said = {"a.jpg": ReviewerSays.AI, "b.jpg": ReviewerSays.GENUINE, "c.jpg": ReviewerSays.WITHDRAWN}
    for name, word in said.items():
        analysis_id = _ended(doors, "somebody", sha256=hashes[name])
        doors.remarks.review(analysis_id, ReviewerSays.AI, "first", "grace")
        doors.remarks.review(analysis_id, word, '=HYPERLINK("x")\nhow', "grace")
    monkeypatch.setenv("DATABASE_URL", doors.settings.database_url)
    assert commands.main(["labels"]) == 0
    printed = capsys.readouterr().out
    rows = {row["sha256"]: row for row in csv.DictReader(io.StringIO(printed))}
    assert rows.keys() == {hashes["a.jpg"], hashes["b.jpg"]}
    assert (rows[hashes["a.jpg"]]["label"], rows[hashes["b.jpg"]]["label"]) == ("ai", "real")
    assert rows[hashes["a.jpg"]]["source"].startswith("'=")  # no formula of a spreadsheet
    assert tuple(rows[hashes["a.jpg"]]) == labels.COLUMNS
    assert "grace" not in printed
    assert "somebody" not in printed
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    for name, data in files.items():
        (folder / "deep" / name).write_bytes(data)
    (folder / "labels.csv").write_text(printed)
    found = {one.path.name: one.generated for one in labelled.read_labelled(folder / "labels.csv")}
    assert found == {"a.jpg": True, "b.jpg": False}


def test_who_is_removed_leaves_no_name(served):
    _, doors, ada, grace = served
    analysis_id = done(ada, doors).rpartition("/")[2]
    owner = next(one.id for one in doors.accounts.all() if one.name == "ada")
    review(grace, f"/shared/{doors.archive.share(analysis_id, owner, 3600.0)}", "confirmed_ai")
    assert doors.remarks.reviews(analysis_id)[0].reviewer == "grace"
    doors.accounts.remove("grace")
    assert [(one.says, one.reviewer) for one in doors.remarks.reviews(analysis_id)] == [
        ("confirmed_ai", "a former reviewer")
    ]


def test_a_role_is_given_and_taken(doors, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", doors.settings.database_url)
    doors.accounts.add("ada", Role.USER)
    assert commands.main(["account", "role", "ada", "reviewer"]) == 0
    assert doors.accounts.all()[0].role == Role.REVIEWER
    assert commands.main(["account", "role", "nobody", "reviewer"]) == 1


def _ended(doors, owner, **changes):
    sent = dataclasses.replace(upload(), **changes)
    analysis_id = doors.store.create(owner, sent)
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {}, "0.1.0-abc")
    return analysis_id


def _owner(client):
    with client.session_transaction() as session:
        return session["owner"]
