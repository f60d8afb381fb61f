"""Seen before on the report, in the API and on the privacy page."""

from __future__ import annotations

import dataclasses

import pytest

from tests.webapp.api.test_api import Program
from tests.webapp.api.test_api import done as done_by_program
from tests.webapp.given import picture, report, send, upload
from webapp.settings import SeenScope
from webapp.storage.rows import EncodedReport
from webapp.storage.seen import Listed
from webapp.storage.seen_search import HashedFrame

NEAR = [HashedFrame(["5a" * 32])]


@pytest.fixture
def settings(settings, request):
    return dataclasses.replace(settings, seen_before=getattr(request, "param", SeenScope.ALL))


def own_check(client, doors, **changes):
    """An ended check of this browser that looks like every other one of these tests; its address."""
    address = send(client, picture()).headers["Location"]
    analysis_id = address.rpartition("/")[2]
    doors.media.discard(doors.store.start(analysis_id))
    doors.seen_search.note(analysis_id, NEAR)
    doors.store.finish(analysis_id, EncodedReport.of(report(**changes)), {})
    return address


def another_check(doors):
    analysis_id = doors.store.create("a stranger", upload())
    doors.store.start(analysis_id)
    doors.seen_search.note(analysis_id, NEAR)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {})
    return analysis_id


def test_the_report_says_it_and_leads_to_ones_own_earlier_one(client, doors):
    first = own_check(client, doors)
    assert "Seen before" not in client.get(first).get_data(as_text=True)
    page = client.get(own_check(client, doors)).get_data(as_text=True)
    assert "Seen before" in page
    assert f'href="{first}"' in page
    assert "You checked" in page


def test_it_leads_to_nobody_elses(client, doors):
    foreign = another_check(doors)
    page = client.get(own_check(client, doors)).get_data(as_text=True)
    assert "This server checked a file that looks the same" in page
    assert foreign not in page
    assert "a stranger" not in page


def test_the_words_of_a_list_are_shown_as_words(client, doors):
    doors.seen.add_list("agency", [Listed(bytes.fromhex("5a" * 32), "<script>alert(1)</script>", "<b>A</b>", "")])
    address = own_check(client, doors)
    page = client.get(address).get_data(as_text=True)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "<b>A</b>" not in page


def test_a_shared_report_tells_lists_alone(client, doors):
    doors.seen.add_list("agency", [Listed(bytes.fromhex("5a" * 32), "known fake", "", "")])
    own_check(client, doors)
    address = own_check(client, doors)
    row_id = address.rpartition("/")[2]
    with client.session_transaction() as session:
        owner = session["owner"]
    link = doors.archive.share(row_id, owner, 3600.0)
    page = client.get(f"/shared/{link}").get_data(as_text=True)
    assert "known fake" in page
    assert "You checked" not in page


def test_the_api_says_it_in_a_field_of_its_own(app, doors):
    program = Program(app)
    analysis_id = done_by_program(program, doors, picture(70))
    assert program("GET", f"/analyses/{analysis_id}").json["seen_before"] == []
    another_check(doors)
    sent = program.send(picture(72)).json["id"]
    doors.store.start(sent)
    doors.seen_search.note(sent, NEAR)
    doors.store.finish(sent, EncodedReport.of(report()), {})
    (one,) = program("GET", f"/analyses/{sent}").json["seen_before"]
    assert (one["where"], one["id"], one["distance"]) == ("server", None, 0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (SeenScope.OFF, None),
        (SeenScope.LISTS, "compared with lists of known pictures"),
        (SeenScope.OWN, "your own later checks alone"),
        (SeenScope.ALL, "every later check on this server"),
    ],
    indirect=["settings"],
)
def test_the_privacy_page_says_what_is_kept(client, says):
    page = client.get("/privacy").get_data(as_text=True)
    if says is None:
        assert "perceptual hash" not in page
    else:
        assert says in page
