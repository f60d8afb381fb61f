"""Second thoughts: a report of an earlier detector says so; what was kept is recomputed, and the history shows it."""

from __future__ import annotations

import dataclasses
import io

import pytest

from tests.webapp.given import done, report, upload
from webapp.app import create_app
from webapp.intake import submission as intake
from webapp.ops import rejudge
from webapp.storage.rows import EncodedReport
from webapp.storage.second_verdicts import KeptFeatures


@pytest.fixture
def kept(doors):
    """An analysis of "somebody" by an earlier engine, with its features."""
    return _made(doors)


def _made(doors, *, numbers_only=False, engine="0.0.1-old"):
    analysis_id = doors.store.create("somebody", dataclasses.replace(upload(), numbers_only=numbers_only))
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {}, engine)
    doors.second_thoughts.keep(analysis_id, b"features")
    return analysis_id


def _held(doors):
    with doors.store.transaction() as session:
        return [one.analysis_id for one in session.query(KeptFeatures)]


def recompute(doors, monkeypatch, verdict="strong_ai", score=71.0, **changes):
    """Run the command with an engine that says this of everything."""
    answered = rejudge._Answered("x", verdict, score) if verdict else rejudge._Answered("x", why="they are damaged")
    monkeypatch.setattr(rejudge, "_answers", lambda _settings, of: ((one, answered) for one in of))
    out = io.StringIO()
    settings = dataclasses.replace(doors.settings, features_days=30.0, **changes)
    assert rejudge.rejudge_kept(settings, out) == 0
    return out.getvalue()


def test_what_turned_is_told_and_kept_once(doors, kept, monkeypatch):
    told = recompute(doors, monkeypatch)
    assert kept in told
    assert "1 recomputed, 1 turned." in told
    (one,) = doors.second_thoughts.of(kept)
    assert (one.old_verdict, one.old_score, one.old_engine) == ("suspicious", 38.2, "0.0.1-old")
    assert (one.new_verdict, one.new_score, one.new_engine) == (
        "strong_ai",
        71.0,
        intake.engine_version(doors.settings),
    )
    assert "0 recomputed" in recompute(doors, monkeypatch)
    assert len(doors.second_thoughts.of(kept)) == 1


def test_a_third_detector_is_compared_with_the_second(doors, kept, monkeypatch):
    recompute(doors, monkeypatch)
    monkeypatch.setattr(rejudge, "engine_version", lambda _settings: "9.9.9-next")
    recompute(doors, monkeypatch, "suspicious", 40.0)
    assert [(one.old_verdict, one.new_verdict) for one in doors.second_thoughts.of(kept)] == [
        ("strong_ai", "suspicious"),
        ("suspicious", "strong_ai"),
    ]


def test_the_report_itself_stays_as_it_was(doors, kept, monkeypatch):
    before = doors.store.get(kept, "somebody").report
    recompute(doors, monkeypatch)
    row = doors.store.get(kept, "somebody")
    assert (row.report, row.verdict, row.score) == (before, "suspicious", 38.2)


def test_what_cannot_be_recomputed_is_counted_with_its_reason(doors, kept, monkeypatch):
    assert "1 could not be: they are damaged." in recompute(doors, monkeypatch, verdict=None)
    assert doors.second_thoughts.of(kept) == []


def test_the_real_engine_is_asked_and_refuses_what_is_damaged(doors, kept):
    out = io.StringIO()
    assert rejudge.rejudge_kept(dataclasses.replace(doors.settings, features_days=1.0), out) == 0
    assert "1 could not be: they are damaged." in out.getvalue()


def test_nothing_is_kept_of_a_check_that_shall_leave_numbers_alone(doors):
    _made(doors, numbers_only=True)
    assert _held(doors) == []


def test_features_go_after_their_days_and_at_once_when_they_are_not_wanted(doors, kept):
    doors.second_thoughts.forget_old(1.0)
    assert _held(doors) == [kept]
    with doors.store.transaction() as session:
        session.get(KeptFeatures, kept).created_at -= 2 * 86_400
    doors.second_thoughts.forget_old(1.0)
    assert _held(doors) == []
    again = _made(doors)
    doors.second_thoughts.forget_old(0)
    assert _held(doors) == []
    doors.second_thoughts.keep(again, b"features")
    doors.store.delete(again, "somebody")
    assert _held(doors) == []


def test_a_report_of_an_earlier_detector_says_so_and_offers_to_judge_again(client, doors, monkeypatch):
    address = done(client, doors)  # of no known engine: nothing is claimed
    assert "earlier detector" not in client.get(address).get_data(as_text=True)
    analysis_id = address.rpartition("/")[2]
    _set_engine(doors, analysis_id, intake.engine_version(doors.settings))
    assert "earlier detector" not in client.get(address).get_data(as_text=True)
    _set_engine(doors, analysis_id, "0.0.1-old")
    page = client.get(address).get_data(as_text=True)
    assert "Judged with an earlier detector" in page
    assert "Judge it again" in page
    with client.session_transaction() as session:
        owner = session["owner"]
    shared = client.get(f"/shared/{doors.archive.share(analysis_id, owner, 3600.0)}").get_data(as_text=True)
    assert "Judged with an earlier detector" in shared
    assert "Judge it again" not in shared
    doors.second_thoughts.keep(analysis_id, b"features")
    recompute(doors, monkeypatch)
    page = client.get(address).get_data(as_text=True)
    assert "Strong AI indicators" in page
    assert "before it was" in page


def _set_engine(doors, analysis_id, engine):
    from webapp.storage.rows import Analysis

    with doors.store.transaction() as session:
        session.get(Analysis, analysis_id).engine = engine


@pytest.mark.parametrize(
    ("changes", "said", "not_said"),
    [
        ({}, "None is kept", "kept to recompute"),
        ({"features_days": 7.0}, "7 days", "None is kept"),
        ({"time_stamp_url": "https://stamps.example/tsr"}, "stamps.example", "Nowhere: no authority"),
    ],
)
def test_privacy_says_what_is_kept(settings, app, changes, said, not_said):
    page = create_app(dataclasses.replace(settings, **changes)).test_client().get("/privacy").get_data(as_text=True)
    assert said in page
    assert not_said not in page


def test_versions_say_what_changed_with_figures_of_then_and_now(client):
    from webapp.presenters.detectors import detectors

    rows = detectors()
    assert len(rows) >= 6
    assert [one.made for one in rows] == sorted((one.made for one in rows), reverse=True)
    page = client.get("/versions").get_data(as_text=True)
    for one in rows:
        assert one.what.split(":")[0] in page
        assert f"{one.auc[0]:.3f}" in page
    assert rows[0].what.startswith("The detector that ships now")
