"""Too much at once is refused early and says when to come again; what is refused leaves nothing."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.webapp.given import media_files, picture, send, token
from webapp.intake import uploads
from webapp.ops.commands import web_command
from webapp.queue.jobs import Jobs

ROOT = Path(__file__).parents[3]


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
    assert doors.jobs.waiting(single).ahead == 5  # three before it, and the many's two, whose turns come in between
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


def test_slow_senders_do_not_get_every_thread(client, monkeypatch):
    """One more body than may come at once is refused unread; pages are served all the same."""
    monkeypatch.setattr(uploads, "_bodies", threading.BoundedSemaphore(1))
    with uploads._bodies:
        answer, read = post_unread(client)
        assert (answer.status_code, read) == (503, False)
        assert answer.headers["Retry-After"]
        assert client.get("/").status_code == 200
    for _ in range(3):  # each gives its turn back, whatever comes of it
        assert post_unread(client)[1]


def test_there_are_more_threads_than_bodies_and_waiting_calls(settings):
    command = web_command(settings)
    threads = int(command[command.index("--blocking-threads") + 1])
    assert threads >= uploads.BODIES + 12 + 8


def test_with_room_the_body_is_read(client):
    """So the tests above can fail."""
    assert post_unread(client)[1]


def test_the_memory_of_this_machine_is_known():
    assert 1 << 20 < uploads.memory_available() < 1 << 50


def test_a_client_that_sends_too_often_is_told_to_wait(app, doors, client):
    answers = [client.post("/analyses", data={"csrf_token": token(client)}, headers=JSON) for _ in range(62)]
    assert {answer.status_code for answer in answers[:60]} == {400}
    refused(answers[-1], 429, "too_many_requests")


FULL_DISK = """
import io, json, sys
from dataclasses import replace
from pathlib import Path
from tests.webapp.given import picture, token
from webapp.intake import uploads
from webapp.ops.commands import web_command
from webapp.app import create_app
from webapp.storage.database import migrate
from webapp.settings import Settings

folder, redis = Path(sys.argv[1]), sys.argv[2]
settings = Settings(folder, f"sqlite:///{folder / 'test.db'}", redis, folder / "small")
migrate(settings.database_url)
app = create_app(settings)
client = app.test_client()
said = []

def post(size):
    form = {"csrf_token": token(client), "file": (io.BytesIO(picture() + bytes(size)), "a.jpg")}
    answer = client.post("/analyses", data=form, headers={"Accept": "application/json"})
    said.append([answer.status_code, (answer.json or {}).get("error", {}).get("code")])

post(1 << 20)
post(20 << 20)
uploads._MIN_FREE_DISK = -(1 << 40)  # as if others had filled it since
post(40 << 20)
post(40 << 20)
post(0)
left = len(list(settings.media_dir.iterdir()))
print(json.dumps({"said": said, "left": left, "rows": app.extensions["services"].store.ping()}))
"""


def test_a_disk_that_is_full_or_fills_up_meanwhile(tmp_path, settings):
    """On a real file system of 70 MB, of which 64 MB must stay free."""
    (tmp_path / "small").mkdir(mode=0o700)
    mount = f"mount -t tmpfs -o size=70m,mode=0700 small {tmp_path}/small"
    own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'{mount} || exit 77; exec "$@"', "sh"]
    program = [sys.executable, "-c", FULL_DISK, str(tmp_path), settings.redis_url]
    done = subprocess.run([*own, *program], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("SKIPPED LOUDLY: no file system can be mounted here")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["said"] == [[303, None], [507, "no_room"], [303, None], [507, "no_room"], [303, None]]
    assert told["left"] == told["rows"] == 3
