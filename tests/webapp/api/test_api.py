"""The API: send, follow, read, look up, delete; once per owner and engine; nothing crosses from owner to owner."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import threading
import time

import pytest

import analysis
import worker
from analysis.explain.lenses import LensImage
from analysis.report import EvidenceMap, from_json
from tests.webapp.given import animation, evidence, lens, media_files, picture, report, send
from webapp.app import create_app
from webapp.intake import submission as intake
from webapp.queue.jobs import JobProgress
from webapp.storage.rows import EncodedReport, JobState


class Program:
    """Someone who calls the API with a token and without cookies."""

    def __init__(self, app, owner="somebody"):
        self.owner = owner
        self.token = app.extensions["services"].tokens.issue(owner, "a test")
        self.client = app.test_client(use_cookies=False)

    def __call__(self, method, path, **given):
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        address = path if path.startswith("/api") else f"/api/v1{path}"
        return self.client.open(address, method=method, headers=headers, **given)

    def send(self, data=None, **more):
        return self("POST", "/analyses", data={"file": (io.BytesIO(data or picture()), "photo.jpg"), **more})


@pytest.fixture
def program(app):
    return Program(app)


@pytest.fixture
def engine(monkeypatch):
    """An engine that reports at once; each analysis leaves a line in the list it returns."""
    drawn = {"spectrum": LensImage(lens(), "image/webp", 320, 240)}
    monkeypatch.setattr(worker.lenses, "render_all", lambda frame, names, **_: drawn)
    monkeypatch.setitem(vars(analysis), "open_media", lambda data, limits, **_: Opened(data))
    monkeypatch.setitem(vars(analysis), "analyze", lambda media, **_: report())


@dataclasses.dataclass
class Opened:
    data: bytes
    frame: None = None


def done(program, doors, data=None, *, as_clip="false", **changes):
    """An analysis of this program that has ended."""
    analysis_id = program.send(data, as_clip=as_clip).json["id"]
    doors.media.discard(doors.store.start(analysis_id))
    engine = intake.engine_version(doors.settings)
    doors.store.finish(analysis_id, EncodedReport.of(report(**changes)), {"spectrum": lens()}, engine)
    return analysis_id


def test_a_file_is_taken_followed_and_read(program, work, engine, doors):
    sent = program.send()
    assert sent.status_code == 202
    assert sent.json["state"] == "queued"
    assert sent.json["waiting"] == {"ahead": 0, "workers": 0}
    where = sent.headers["Location"]
    assert where == f"/api/v1/analyses/{sent.json['id']}"
    work()
    found = program("GET", where).json
    assert (found["state"], found["error"], found["format"]) == ("done", None, "JPEG")
    assert found["sha256"] == hashlib.sha256(picture()).hexdigest()
    assert found["engine"] == intake.engine_version(doors.settings)
    assert found["page"] == f"/analyses/{found['id']}"
    result = found["result"]
    assert (result["verdict"], result["score"], result["confidence"]) == ("suspicious", 38.2, 45.0)
    assert result["title"] == "Suspicious: possible AI or editing"
    assert "not sole evidence" in result["disclaimer"]
    assert [one["grade"] for one in result["provenance"]] == ["declared"]
    assert not media_files(doors)


def test_the_result_holds_the_three_strongest_pieces_of_evidence(program, doors):
    strengths = (0.2, 0.9, 0.4, 0.7, 0.8)
    components = dict(report().components)
    components["noise"] = type(components["noise"])(
        status="ok", evidence=tuple(evidence(strength=strength) for strength in strengths)
    )
    found = program("GET", f"/analyses/{done(program, doors, components=components)}").json
    assert [one["strength"] for one in found["result"]["evidence"]] == [0.9, 0.8, 0.7]


def test_report_and_lenses_are_what_was_written(program, doors):
    analysis_id = done(program, doors)
    answer = program("GET", f"/analyses/{analysis_id}/report")
    assert answer.mimetype == "application/json"
    assert answer.data == doors.store.get(analysis_id, "somebody").report
    assert from_json(answer.data).score == 38.2
    drawn = program("GET", f"/analyses/{analysis_id}/lenses/spectrum")
    assert (drawn.mimetype, drawn.data) == ("image/webp", lens())
    assert program("GET", f"/analyses/{analysis_id}/lenses/nothing").status_code == 404


def test_a_running_analysis_tells_its_progress_and_has_no_report_yet(program, doors):
    analysis_id = program.send().json["id"]
    doors.store.start(analysis_id)
    doors.jobs.report(analysis_id, JobProgress(("open", "noise"), 12))
    answer = program("GET", f"/analyses/{analysis_id}")
    assert (answer.json["state"], answer.json["progress"]) == ("running", {"done": 2, "total": 12})
    assert answer.headers["Retry-After"] == "1"
    early = program("GET", f"/analyses/{analysis_id}/report")
    assert (early.status_code, early.json["error"]["code"]) == (409, "not_ready")


def test_an_address_is_taken_unseen_and_its_state_says_that_it_is_fetched(program, doors):
    sent = program("POST", "/analyses", json={"url": "http://pictures.example/a.jpg"})
    assert (sent.status_code, sent.json["format"], sent.json["sha256"]) == (202, None, None)
    again = program("POST", "/analyses", json={"url": "http://pictures.example/a.jpg"})
    assert again.json["id"] == sent.json["id"]
    assert len(media_files(doors)) == 1
    doors.store.start(sent.json["id"])
    assert program("GET", f"/analyses/{sent.json['id']}").json["state"] == "fetching"


def test_a_forbidden_address_ends_with_its_code(program, work):
    analysis_id = program("POST", "/analyses", json={"url": "http://169.254.169.254/latest/meta-data/"}).json["id"]
    work()
    found = program("GET", f"/analyses/{analysis_id}").json
    assert (found["state"], found["error"]["code"]) == ("failed", "fetch_refused")
    answer = program("GET", f"/analyses/{analysis_id}/report")
    assert (answer.status_code, answer.json["error"]) == (422, found["error"])


def test_waiting_ends_with_the_analysis_or_with_its_time(program, doors):
    analysis_id = program.send().json["id"]
    doors.media.discard(doors.store.start(analysis_id))
    threading.Timer(0.3, lambda: doors.store.finish(analysis_id, EncodedReport.of(report()), {})).start()
    assert program("GET", f"/analyses/{analysis_id}?wait=20").json["state"] == "done"
    unfinished = program.send(picture(64)).json["id"]
    start = time.monotonic()
    assert program("GET", f"/analyses/{unfinished}?wait=1").json["state"] == "queued"
    assert time.monotonic() - start >= 1


def test_more_waiting_calls_than_may_wait_are_answered_at_once(program, app, monkeypatch):
    monkeypatch.setattr("webapp.api.v1._WAITERS", threading.BoundedSemaphore(1))
    analysis_id = program.send().json["id"]
    waited = []
    first = threading.Thread(target=lambda: waited.append(program("GET", f"/analyses/{analysis_id}?wait=20").json))
    first.start()
    from webapp.api import v1 as api

    while api._WAITERS._value:
        time.sleep(0.01)
    assert Program(app)("GET", f"/analyses/{analysis_id}?wait=20").json["state"] == "queued"
    assert not waited
    assert program("DELETE", f"/analyses/{analysis_id}").status_code == 204
    first.join()


def test_a_senseless_wait_is_refused(program, doors):
    analysis_id = done(program, doors)
    for wait in ("x", "-1", "21", "1.5", "", "99999999999999", "१"):
        answer = program("GET", f"/analyses/{analysis_id}", query_string={"wait": wait})
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_request"), wait


def test_deleting_is_complete_and_stops_what_waits(program, doors):
    waiting = program.send().json["id"]
    assert program("DELETE", f"/analyses/{waiting}").status_code == 204
    assert not media_files(doors)
    assert doors.jobs.waiting(waiting) is None
    ended = done(program, doors)
    assert program("DELETE", f"/analyses/{ended}").status_code == 204
    for where in ("", "/report", "/lenses/spectrum"):
        assert program("GET", f"/analyses/{ended}{where}").status_code == 404
    assert program("DELETE", f"/analyses/{ended}").status_code == 404


def test_fifty_posts_of_one_file_at_once_are_one_analysis(app, program, doors, work, engine):
    answers = []

    def send():
        answers.append(Program.send(Parallel(app, program.token)))

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert doors.store.ping() == 1
    assert len(media_files(doors)) == 1
    work()
    again = program.send()
    assert (again.status_code, again.json["state"], again.json["id"]) == (200, "done", answers[0].json["id"])
    assert not media_files(doors)


class Parallel(Program):
    """The same token in another thread."""

    def __init__(self, app, token):
        self.token, self.client = token, app.test_client(use_cookies=False)


def test_another_engine_analyzes_again(settings, app, program, doors):
    first = done(program, doors)
    other = create_app(dataclasses.replace(settings, skip=("deep",)))
    sent = Program(other).send()
    assert sent.status_code == 202
    assert sent.json["id"] != first


def test_an_animation_is_one_analysis_as_a_still_and_another_as_a_clip(program, doors, work):
    still, asked = program.send(animation()), program.send(animation(), as_clip="true")
    assert asked.status_code == 202
    assert asked.json["id"] != still.json["id"]
    assert asked.json["sha256"] == still.json["sha256"]
    work()
    for wish, kind, sent in (("false", "image", still), ("true", "video", asked)):
        again = program.send(animation(), as_clip=wish)
        assert (again.status_code, again.json["id"], again.json["result"]["kind"]) == (200, sent.json["id"], kind)
    sha256 = asked.json["sha256"]
    assert program("POST", "/lookups", json={"hashes": [sha256]}).json["known"][sha256]["id"] == still.json["id"]


def test_a_check_may_keep_numbers_alone(program, doors):
    without = program.send(numbers_only="true")
    assert without.status_code == 202
    assert without.json["id"] != program.send().json["id"]
    assert program.send(numbers_only="true").json["id"] == without.json["id"]
    drawn = EvidenceMap(rows=1, columns=2, values=(0.5, -0.5))
    doors.media.discard(doors.store.start(without.json["id"]))
    doors.store.finish(without.json["id"], EncodedReport.of(report(evidence_map=drawn)), {"original": lens()})
    assert program("GET", f"/analyses/{without.json['id']}").json["result"]["evidence_map"] is None
    assert program("GET", f"/analyses/{without.json['id']}/lenses/original").status_code == 404
    urls = [{"url": "http://pictures.example/a.jpg", "numbers_only": wish} for wish in (True, True, False)]
    first, again, with_pictures = (program("POST", "/analyses", json=one).json["id"] for one in urls)
    assert first == again != with_pictures


def test_two_wishes_that_run_at_the_same_time_are_two(program):
    first, again = program.send(animation(), as_clip="true"), program.send(animation(), as_clip="true")
    assert first.json["id"] == again.json["id"] != program.send(animation()).json["id"]
    urls = [{"url": "http://pictures.example/a.gif", **more} for more in ({}, {"as_clip": False}, {"as_clip": True})]
    still, also, asked = (program("POST", "/analyses", json=one).json["id"] for one in urls)
    assert still == also != asked


def test_a_picture_that_is_never_a_clip_is_one_analysis_however_it_is_asked(program, doors):
    known = done(program, doors)
    again = program.send(as_clip="true")
    assert (again.status_code, again.json["id"]) == (200, known)


@pytest.mark.parametrize("wish", ["1", "yes", "", "True"])
def test_a_wish_that_is_neither_yes_nor_no_is_refused(program, doors, wish):
    answer = program.send(animation(), as_clip=wish)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_request")
    assert program("POST", "/analyses", json={"url": "http://a.example/", "as_clip": wish}).status_code == 400
    assert not media_files(doors)


def test_what_failed_may_be_sent_again(program, doors):
    first = program.send().json["id"]
    doors.media.discard(doors.store.start(first))
    doors.store.fail(first, "analysis_crashed", "It broke off.")
    again = program.send()
    assert (again.status_code, again.json["state"]) == (202, "queued")
    assert again.json["id"] != first
    assert program("GET", f"/analyses/{first}").json["error"]["code"] == "analysis_crashed"


def test_nothing_tells_what_others_have_sent(app, program, doors):
    analysis_id = done(program, doors)
    other = Program(app, "somebody else")
    for method, where in (("GET", ""), ("GET", "/report"), ("GET", "/lenses/spectrum"), ("DELETE", "")):
        foreign = other(method, f"/analyses/{analysis_id}{where}")
        nothing = other(method, f"/analyses/{'A' * 22}{where}")
        assert (foreign.status_code, foreign.data) == (nothing.status_code, nothing.data) == (404, foreign.data)
    sha256 = hashlib.sha256(picture()).hexdigest()
    assert other("POST", "/lookups", json={"hashes": [sha256]}).json["known"] == {}
    sent = other.send()  # the same picture: analyzed anew, so that not even the time tells
    assert (sent.status_code, sent.json["state"]) == (202, "queued")
    assert sent.json["id"] != analysis_id


def test_lookups_tell_ones_own_results_of_this_engine(settings, app, program, doors):
    analysis_id = done(program, doors)
    waiting = program.send(picture(64)).json["sha256"]
    sha256 = hashlib.sha256(picture()).hexdigest()
    found = program("POST", "/lookups", json={"hashes": [sha256, waiting, "0" * 64]}).json
    assert found["engine"] == intake.engine_version(doors.settings)
    assert list(found["known"]) == [sha256]
    assert found["known"][sha256] == program("GET", f"/analyses/{analysis_id}").json
    other = create_app(dataclasses.replace(settings, skip=("deep",)))
    assert Program(other)("POST", "/lookups", json={"hashes": [sha256]}).json["known"] == {}
    assert program("POST", "/lookups", json={"hashes": ["0" * 64] * 51}).status_code == 400


def test_what_was_sent_through_the_page_is_known_too(app, client, doors):
    sent = send(client, picture()).headers["Location"].rpartition("/")[2]
    doors.media.discard(doors.store.start(sent))
    with client.session_transaction() as session:
        mine = Program(app, session["owner"])
    sha256 = hashlib.sha256(picture()).hexdigest()
    assert mine("POST", "/lookups", json={"hashes": [sha256]}).json["known"] == {}  # it has not ended
    doors.store.finish(sent, EncodedReport.of(report()), {}, intake.engine_version(doors.settings))
    assert mine("POST", "/lookups", json={"hashes": [sha256]}).json["known"][sha256]["id"] == sent
    again = mine.send()
    assert (again.status_code, again.json["id"]) == (200, sent)
    assert not media_files(doors)


REFUSED = [
    ({"data": b"{", "content_type": "application/json"}, 400, "bad_request"),
    ({"data": b'{"url": 5}', "content_type": "application/json"}, 400, "bad_request"),
    ({"data": b'{"url": "\\ud800"}', "content_type": "application/json"}, 400, "bad_request"),
    ({"data": b"[]", "content_type": "application/json"}, 400, "bad_request"),
    ({"data": b"\xff", "content_type": "application/json"}, 400, "bad_request"),
    ({"data": b" " * 70_000, "content_type": "application/json"}, 413, "too_large"),
    ({"data": b"x", "content_type": "text/plain"}, 415, "unsupported_media_type"),
    ({"data": {"other": "x"}}, 415, "unsupported_media_type"),
    ({"data": {"file": (io.BytesIO(b""), "a.jpg")}}, 422, "unreadable"),
    ({"data": {"file": (io.BytesIO(b"hello there"), "a.jpg")}}, 415, "unsupported_type"),
    ({"data": {"wrong": (io.BytesIO(b"hello there"), "a.jpg")}}, 400, "no_file"),
]


def test_what_is_not_understood_is_refused_in_one_shape(program, doors):
    for given, status, code in REFUSED:
        answer = program("POST", "/analyses", **given)
        assert (answer.status_code, answer.json["error"]["code"]) == (status, code), given
        assert set(answer.json["error"]) == {"code", "message"}
        assert not media_files(doors)


def test_without_a_token_there_is_nothing(app):
    client = app.test_client()
    for method, path in (
        ("POST", "/analyses"), ("GET", "/analyses/x"), ("GET", "/analyses/x/report"), ("DELETE", "/analyses/x"),
        ("GET", "/analyses/x/lenses/ela"), ("POST", "/lookups"), ("GET", "/token"), ("DELETE", "/token"),
    ):  # fmt: skip
        for headers in ({}, {"Authorization": "Bearer amd_wrong"}, {"Authorization": "Basic YTpi"}):
            answer = client.open("/api/v1" + path, method=method, headers=headers)
            assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthorized"), (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_cookies_open_nothing_and_none_is_set(app, client, program, doors):
    client.get("/")
    with client.session_transaction() as session:
        owner = session["owner"]
    mine = done(Program(app, owner), doors)
    assert client.get(f"/analyses/{mine}").status_code == 200  # the browser's own page
    assert client.get(f"/api/v1/analyses/{mine}").status_code == 401
    foreign = client.get(f"/api/v1/analyses/{mine}", headers={"Authorization": f"Bearer {program.token}"})
    assert foreign.status_code == 404
    assert "Set-Cookie" not in foreign.headers
    assert "Set-Cookie" not in program.send().headers


def test_limits_are_told_and_kept_for_each_token(settings, app):
    limited = create_app(dataclasses.replace(settings, api_rate="2 per minute"))
    first, second = Program(limited), Program(limited, "another")
    answers = [first.send() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].json["error"]["code"] == "too_many_requests"
    assert int(answers[2].headers["Retry-After"]) > 0
    assert second.send().status_code == 202
    assert first("GET", "/token").status_code == 200


def test_a_full_queue_is_503_and_keeps_nothing(settings, app, doors):
    program = Program(create_app(dataclasses.replace(settings, queue_limit=1)))
    assert program.send().status_code == 202
    for answer in (program.send(picture(64)), program("POST", "/analyses", json={"url": "http://a.example/"})):
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "queue_full")
        assert answer.headers["Retry-After"] == "30"
    assert len(media_files(doors)) == 1
    assert doors.store.ping() == 1


def test_cancelled_ones_say_so(program, doors):
    analysis_id = program.send().json["id"]
    doors.media.discard(doors.store.cancel(analysis_id, "somebody"))
    assert program("GET", f"/analyses/{analysis_id}").json["state"] == JobState.CANCELLED
    assert program("GET", f"/analyses/{analysis_id}/report").status_code == 410
