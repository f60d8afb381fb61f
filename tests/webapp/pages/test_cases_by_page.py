"""Inputs made after public reports, by the page: through the form, the queue, the confined child and the report."""

from __future__ import annotations

import pytest

import analysis
from analysis.report import ErrorBody, Report
from tests.cases import SAYS, cases, wrong_with
from tests.made_stills import encode, noise, raw_file
from tests.webapp.given import send


@pytest.mark.timeout(900)
def test_every_input_gives_the_right_answer_and_its_page(client, doors, work, shared):
    wrong, sent = {}, {}
    for case in cases(shared):
        answer = send(client, case.path.read_bytes(), case.path.name)
        if answer.status_code >= 400:
            body = answer.get_data(as_text=True)
            wrong[case.file] = wrong_with(case, Report(error=ErrorBody(code="unsupported_type", message=body)))
        else:
            sent[case.file] = (case, answer.headers["Location"])
    work()
    with client.session_transaction() as session:
        owner = session["owner"]
    for file, (case, address) in sent.items():
        row = doors.store.get(address.rpartition("/")[2], owner)
        assert row is not None
        error = ErrorBody(code=row.error_code or "", message=row.error_message or "") if row.report is None else None
        wrong[file] = wrong_with(case, Report(error=error) if error else analysis.from_json(row.report))
        page = client.get(address).get_data(as_text=True)
        if file in SAYS:
            assert SAYS[file] in page
        if "motion" in file:
            assert "Check the video in it" in page
            assert 'href="/?as_clip=true"' in page
    assert {file: why for file, why in wrong.items() if why} == {}
    assert 'value="true" checked' in client.get("/?as_clip=true").get_data(as_text=True)


def test_the_video_of_a_motion_photo_is_looked_at_when_asked(client, doors, work, shared):
    data = (shared / "cases" / "motion_photo" / "motion.jpg").read_bytes()
    address = send(client, data, as_clip="true").headers["Location"]
    work()
    with client.session_transaction() as session:
        row = doors.store.get(address.rpartition("/")[2], session["owner"])
    assert row is not None
    assert (row.as_clip, analysis.from_json(row.report).kind) == (True, "video")


def test_decoders_of_their_own_work_within_the_walls(client, doors, work):
    addresses = {
        kind: send(client, data, f"picture.{kind}").headers["Location"]
        for kind, data in {
            "JXL": encode(noise(600, 400), "JXL"),
            "JPEG2000": encode(noise(600, 400), "JPEG2000"),
            "AVIF": encode(noise(600, 400), "AVIF"),
            "RAW": raw_file(),
        }.items()
    }
    work()
    with client.session_transaction() as session:
        owner = session["owner"]
    for kind, address in addresses.items():
        row = doors.store.get(address.rpartition("/")[2], owner)
        assert row is not None
        assert (row.state, row.error_message) == ("done", None), kind
        assert analysis.from_json(row.report).media.format == kind
