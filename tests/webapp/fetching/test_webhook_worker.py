"""Webhooks as the worker sends them: signed, through the guarded door, to receivers that play every part."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import http.server
import ipaddress
import json
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from webapp.fetching import webhook
from webapp.fetching.webhook import send_webhook, signed_headers
from webapp.settings import Settings

DOCS = Path(__file__).parents[3] / "docs" / "api.md"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = b'{"type":"analysis.done"}'
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes everything, but where its path says otherwise."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        word, _, rest = self.path.strip("/").partition("/")
        with contextlib.suppress(OSError):
            getattr(self, f"be_{word}", self.be_fine)(rest)

    def be_fine(self, _rest):
        self.send_response(204)
        self.end_headers()

    def be_status(self, rest):
        self.send_response(int(rest))
        self.end_headers()

    def be_moved(self, rest):
        self.send_response(307)
        self.send_header("Location", f"http://{rest}/inside")
        self.end_headers()

    def be_endless(self, _rest):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(1 << 16))

    def be_headers(self, _rest):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-A: " + b"a" * 1000 + b"\r\n")

    def be_line(self, _rest):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        while True:
            self.wfile.write(b"a" * (1 << 16))

    def be_slow(self, _rest):
        self.wfile.write(b"HTTP/1.1 2")
        while True:
            time.sleep(0.2)
            self.wfile.write(b"0")

    def be_nonsense(self, _rest):
        self.wfile.write(b"\x16\x03\x01 what is this\r\n\r\n")

    def be_zero(self, _rest):
        self.wfile.write(b"HTTP/1.1 099 Odd\r\n\r\n")

    def log_message(self, *_args):
        pass


def serving(address="127.0.0.1", port=0):
    server = http.server.ThreadingHTTPServer((address, port), Receiver)
    server.got, server.daemon_threads = [], True
    server.authority = f"{address}:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def receiver():
    server = serving()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def trap(receiver):
    """Another one at the same port of another address: whoever reaches it has gone astray."""
    server = serving("127.0.0.2", receiver.server_port)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_settings(tmp_path):
    """The loopback network is allowed: that is where these receivers are."""
    return dataclasses.replace(Settings.from_env({"DATA_DIR": str(tmp_path)}), fetch_allow=LOOPBACK)


def send(settings, url, secret=SECRET):
    return send_webhook(url, BODY, secret, "msg_1", settings)


@pytest.fixture(scope="module")
def is_genuine():
    """What docs/api.md gives receivers to check with."""
    (said,) = [one for one in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL) if "is_genuine" in one]
    names = {}
    exec(said, names)
    return names["is_genuine"]


def test_the_signature_is_that_of_the_specifications_own_example():
    made = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1614265330.9
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_takes_what_is_genuine_and_nothing_else(open_settings, receiver, is_genuine):
    assert send(open_settings, f"http://{receiver.authority}/hook") == (True, "204")
    ((path, headers, body),) = receiver.got
    assert (path, body, headers["content-type"]) == ("/hook", BODY, "application/json")
    assert is_genuine(SECRET, headers, body)
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    assert not is_genuine(other, headers, body)
    assert not is_genuine(SECRET, headers, body + b" ")
    assert not is_genuine(SECRET, {**headers, "webhook-id": "msg_2"}, body)
    later = str(int(headers["webhook-timestamp"]) + 100)
    assert not is_genuine(SECRET, {**headers, "webhook-timestamp": later}, body)
    assert not is_genuine(SECRET, headers, body, now=lambda: time.time() + 301), "a replay"
    for stranger in ("cookie", "authorization", "referer", "x-forwarded-for"):
        assert stranger not in headers


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_every_other_status_is_told_and_is_no_delivery(open_settings, receiver, status):
    assert send(open_settings, f"http://{receiver.authority}/status/{status}") == (False, str(status))
    assert len(receiver.got) == 1


def test_a_redirect_is_not_followed(open_settings, receiver, trap):
    assert send(open_settings, f"http://{receiver.authority}/moved/{trap.authority}") == (False, "307")
    assert trap.got == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/",
     "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[::ffff:127.0.0.1]/", "https://2130706433/",
     "https://user:word@127.0.0.1/", "ftp://127.0.0.1/", "https://127.0.0.1\\@public.example/", "file:///etc/passwd",
     "https://no-such-name.invalid/"],
)  # fmt: skip
def test_inside_nobody_is_contacted(open_settings, receiver, monkeypatch, url):
    closed = dataclasses.replace(open_settings, fetch_allow=())
    name_everything(monkeypatch, {"localhost": [["127.0.0.1"]]})
    assert send(closed, url.format(port=receiver.server_port)) == (False, "refused")
    assert receiver.got == []


def name_everything(monkeypatch, names):
    """Names resolve by this table, each time to the next of its entries; the child inherits it."""
    looks = {name: iter(entries) for name, entries in names.items()}

    def look(host, port, *_args, **_kwargs):
        found = [host] if host.replace(".", "").isdigit() else next(looks.get(host, iter(())), [])
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", look)


def test_a_name_is_looked_up_once_so_that_it_cannot_lead_elsewhere(open_settings, receiver, trap, monkeypatch):
    name_everything(monkeypatch, {"rebinding.example": [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]]})
    url = f"http://rebinding.example:{receiver.server_port}/hook"
    assert send(open_settings, url) == (True, "204")
    assert receiver.got[0][1]["host"] == f"rebinding.example:{receiver.server_port}"
    assert trap.got == []


def test_one_inner_record_is_enough_to_refuse(open_settings, receiver, monkeypatch):
    name_everything(monkeypatch, {"mixed.example": [["127.0.0.1", "10.0.0.1"]]})
    assert send(open_settings, f"http://mixed.example:{receiver.server_port}/") == (False, "refused")
    assert receiver.got == []


def test_to_the_internet_it_goes_under_cover_alone(open_settings, monkeypatch):
    name_everything(monkeypatch, {"public.example": [["93.184.216.34"]]})
    monkeypatch.setattr(webhook, "pinned", lambda *_: pytest.fail("a connection was to be made"))
    assert send(open_settings, "http://public.example/hook") == (False, "refused")


@pytest.mark.parametrize("path", ["headers", "line", "nonsense", "zero"])
def test_an_answer_that_is_none_is_no_delivery(open_settings, receiver, path):
    delivered, met = send(open_settings, f"http://{receiver.authority}/{path}")
    assert not delivered
    assert met in {"unreachable", "99"}


def test_a_body_without_end_is_not_read(open_settings, receiver):
    assert send(open_settings, f"http://{receiver.authority}/endless") == (True, "200")


def test_who_answers_slowly_is_given_up(open_settings, receiver, monkeypatch):
    monkeypatch.setattr(webhook, "SECONDS", 1.0)
    assert send(open_settings, f"http://{receiver.authority}/slow") == (False, "too slow")


def test_where_nobody_listens_that_is_said(open_settings, receiver):
    receiver.shutdown()
    receiver.server_close()
    assert send(open_settings, f"http://{receiver.authority}/") == (False, "unreachable")


def test_the_documented_body_is_one():
    (said,) = re.findall(r'```json\n(\{"type":"analysis.*?)\n```', DOCS.read_text())
    assert set(json.loads(said)) == {"type", "timestamp", "data"}
