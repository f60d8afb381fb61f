"""Checks that keep no picture; and small truths of pages: who can open a link, what a confidence is worth."""

from __future__ import annotations

import base64
import io

import msgspec
import pytest

from analysis.report import Finding, Grade, Pending, Scoring, Stability
from tests.webapp.given import done, lens, picture, report, send, token
from webapp.pages.report import is_local
from webapp.presenters import report as present
from webapp.storage.rows import EncodedReport

WITH_A_PICTURE = Finding(
    family="c2pa",
    grade=Grade.HINT,
    meaning=None,
    sentence="The file carries Content Credentials.",
    detail={
        "thumbnail": "differs",  # a word about one
        "manifest": {
            "label": "a",
            "thumbnail": base64.b64encode(lens()).decode(),
            "ingredients": [{"title": "b.jpg", "thumbnail": base64.b64encode(lens(9)).decode()}],
        },
    },
)


def ended(client, doors, **form):
    form |= {"csrf_token": token(client), "file": (io.BytesIO(picture()), "photo.jpg")}
    address = client.post("/analyses", data=form, content_type="multipart/form-data").headers["Location"]
    analysis_id = address.rpartition("/")[2]
    doors.media.discard(doors.store.start(analysis_id))
    doors.store.finish(
        analysis_id, EncodedReport.of(report(provenance=(WITH_A_PICTURE,))), {"original": lens(), "evidence": lens(5)}
    )
    return address, analysis_id


def test_a_check_that_keeps_numbers_only_leaves_no_picture(client, doors):
    address, analysis_id = ended(client, doors, numbers_only="true")
    assert doors.store.lens_names(analysis_id) == []
    told = client.get(f"{address}/report.json").json
    (finding,) = told["provenance"]
    assert finding["detail"] == {
        "thumbnail": "differs",
        "manifest": {"label": "a", "ingredients": [{"title": "b.jpg"}]},
    }
    assert told["score"] == 38.2
    for page in (address, "/history", f"/compare?id={analysis_id}", "/compare"):
        shown = client.get(page).get_data(as_text=True)
        assert "/lenses/" not in shown
        assert "/thumbnails/" not in shown


def test_what_follows_the_answer_leaves_no_picture_either(client, doors):
    form = {"csrf_token": token(client), "file": (io.BytesIO(picture()), "photo.jpg"), "numbers_only": "true"}
    address = client.post("/analyses", data=form, content_type="multipart/form-data").headers["Location"]
    analysis_id = address.rpartition("/")[2]
    doors.media.discard(doors.store.start(analysis_id))
    found = report(provenance=(WITH_A_PICTURE,))
    doors.store.finish(
        analysis_id, EncodedReport.of(msgspec.structs.replace(found, pending=(Pending.LENSES,))), {"original": lens()}
    )
    doors.store.complete(analysis_id, EncodedReport.of(found), {"ela": lens(5)})
    told = client.get(f"{address}/report.json").json
    assert (told["pending"], told["provenance"][0]["detail"]["thumbnail"]) == ([], "differs")
    assert "ingredients" in told["provenance"][0]["detail"]["manifest"]
    assert "thumbnail" not in told["provenance"][0]["detail"]["manifest"]["ingredients"][0]
    assert doors.store.lens_names(analysis_id) == []


def test_a_check_that_does_not_ask_for_it_keeps_its_pictures(client, doors):
    address, analysis_id = ended(client, doors)
    assert set(doors.store.lens_names(analysis_id)) == {"original", "evidence"}
    assert f"{address}/lenses/original" in client.get(address).get_data(as_text=True)


def test_the_choice_is_yes_or_no(client):
    form = {"csrf_token": token(client), "file": (io.BytesIO(picture()), "photo.jpg"), "numbers_only": "perhaps"}
    assert client.post("/analyses", data=form, content_type="multipart/form-data").status_code == 400


def test_an_address_that_keeps_numbers_only_is_another_check_than_one_that_does_not(client, doors):
    form = {"csrf_token": token(client), "url": "https://example.org/a.jpg"}
    kept = client.post("/analyses", data=form).headers["Location"]
    without = client.post("/analyses", data={**form, "numbers_only": "true"}).headers["Location"]
    assert kept != without
    assert client.post("/analyses", data={**form, "numbers_only": "true"}).headers["Location"] == without


def test_three_ticked_checks_are_asked_about(client, doors):
    ids = [done(client, doors).rpartition("/")[2] for _ in range(3)]
    page = client.get("/compare?" + "&".join(f"id={one}" for one in ids)).get_data(as_text=True)
    assert "You ticked 3. Two can be laid side by side" in page
    assert all(page.count(f'value="{one}"') == 1 for one in ids)
    beside = client.get(f"/compare?id={ids[0]}&id={ids[1]}").get_data(as_text=True)
    assert "Back to your checks" in beside


def test_a_link_of_a_local_server_says_who_can_open_it(client, doors):
    address = done(client, doors)
    form = {"csrf_token": token(client), "lifetime": "3600.0"}
    page = client.post(f"{address}/share", data=form).get_data(as_text=True)
    assert "Your link" in page
    assert "only this machine can open the link" in page


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("192.168.1.7", False),
        ("a.example:80", False),
    ],
)
def test_who_can_open_a_link_is_known_by_the_servers_name(host, local):
    assert is_local(host) is local


def test_progress_shows_no_share_of_a_whole_that_is_not_known_yet(client, doors):
    address = send(client, picture()).headers["Location"]
    fragment = client.get(address + "/state").get_data(as_text=True)
    assert 'aria-label="Not begun yet"' in fragment
    assert "value=" not in fragment.partition("<progress")[2].partition(">")[0]
    line = client.get(address + "/line").get_data(as_text=True)
    assert "every 4s" in line  # it goes on asking when the server was away


def test_search_links_lead_nowhere_by_themselves(client, doors):
    page = client.get(done(client, doors)).get_data(as_text=True)
    part = page.partition("Look for earlier copies of it")[2].partition("</details>")[0]
    assert part.count('rel="noopener noreferrer"') == part.count("<a ") == 4
    assert "src=" not in part
    assert "It then leaves this computer" in part


@pytest.mark.parametrize(
    ("confidence", "says"), [(90.0, "9 of 10 or more"), (67.0, "about 6 of 10"), (15.0, "less than 2 of 10")]
)
def test_the_confidence_says_how_often_such_answers_were_right(confidence, says):
    found = report(scoring=Scoring.CALIBRATED, confidence=confidence, stability=Stability(scores={"JPEG 90": 52.0}))
    told = present.report(found, [])["certainty_why"]
    assert told == f"{says} such answers were right in tests; it changes with small changes of the file"
    assert present.report(report(scoring=Scoring.RULES), [])["certainty_why"] is None
