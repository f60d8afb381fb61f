"""Too much at once is refused early and says when to come again; what is refused leaves nothing."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from tests.webapp.given import media_files, picture, send, token
from webapp import uploads
from webapp.jobs import Jobs


class Unread(io.BytesIO):
    """A body that tells whether anyone has read it."""

    touched = False

    def read(self, *args):
        self.touched = True
        return super().read(*args)

    def readinto(self, *args):
        self.touched = True
        return super().readinto(*args)


def post_unread(client):
    """Post a form; whether its body was read."""
    body = Unread(b"--b\r\n")
    answer = client.post(
        "/analyses",
        input_stream=body,
        headers={"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "1000000"},
    )
    return answer, body.touched


@pytest.fixture
def set_to(doors, monkeypatch):
    """Change settings of the running application."""

    def change(**settings):
        monkeypatch.setitem(vars(doors), "settings", replace(doors.settings, **settings))

    return change


def refused(answer, status, code):
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert int(answer.headers["Retry-After"]) > 0


JSON = {"Accept": "application/json"}


def test_one_person_cannot_fill_the_queue(app, client, doors, set_to):
    set_to(owner_limit=2)
    for _ in range(2):
        assert send(client, picture()).status_code == 303
    refused(send(client, picture(), **JSON), 429, "too_many_waiting")
    assert len(media_files(doors)) == doors.store.ping() == 2
    assert send(app.test_client(), picture()).status_code == 303


def test_the_first_of_one_person_go_before_their_many(app, client, doors):
    for _ in range(5):
        send(client, picture())
    single = send(app.test_client(), picture()).headers["Location"].rpartition("/")[2]
    assert doors.jobs.waiting(single).ahead == 3
    assert (doors.jobs._queue.count, doors.jobs._later.count) == (4, 2)


def test_a_full_queue_is_said_before_the_body_is_read(client, doors, monkeypatch):
    monkeypatch.setattr(doors.jobs, "_limit", 0)
    answer, read = post_unread(client)
    assert (answer.status_code, read) == (503, False)
    assert answer.headers["Retry-After"]


def test_a_queue_that_is_down_is_said_before_the_body_is_read(client, doors, monkeypatch):
    monkeypatch.setitem(vars(doors), "jobs", Jobs("unix:///nowhere", timeout=1, limit=1))
    answer, read = post_unread(client)
    assert (answer.status_code, read) == (503, False)


def test_a_full_disk_is_said_before_the_body_is_read(client, doors, monkeypatch):
    monkeypatch.setattr(doors.media, "free", lambda: 1000)
    answer, read = post_unread(client)
    assert (answer.status_code, read) == (507, False)


def test_little_memory_is_said_before_the_body_is_read(client, monkeypatch):
    monkeypatch.setattr(uploads, "memory_available", lambda: 1000)
    answer, read = post_unread(client)
    assert (answer.status_code, read) == (503, False)
    assert answer.headers["Retry-After"]


def test_with_room_the_body_is_read(client):
    """So the tests above can fail."""
    assert post_unread(client)[1]


def test_the_memory_of_this_machine_is_known():
    assert 1 << 20 < uploads.memory_available() < 1 << 50


def test_a_client_that_sends_too_often_is_told_to_wait(app, doors, client):
    answers = [client.post("/analyses", data={"csrf_token": token(client)}, headers=JSON) for _ in range(62)]
    assert {answer.status_code for answer in answers[:60]} == {400}
    refused(answers[-1], 429, "too_many_requests")
