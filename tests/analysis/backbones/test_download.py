"""A download is whole and right, or it leaves nothing that could be taken for it. A server of the test's own."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from analysis.cli.download import RefusedError, Wanted, check_address, download_file

DATA = bytes(range(256)) * 4000


class Server(ThreadingHTTPServer):
    """Serves DATA, as the test wants it: with a break, another file, a redirect, no ranges."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.etag, self.breaks_after, self.redirect = DATA, '"one"', None, None
        self.ranges = True
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/model.onnx"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server: Server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if server.redirect:
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.end_headers()
            return
        start = 0
        if wanted and server.ranges and self.headers.get("If-Range") in (None, server.etag):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(server.data) - 1}/{len(server.data)}")
        else:
            self.send_response(200)
        self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(len(server.data) - start))
        self.end_headers()
        rest = server.data[start:]
        self.wfile.write(rest if server.breaks_after is None else rest[: server.breaks_after])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    running = Server()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def wanted(server: Server, data: bytes = DATA, **changes) -> Wanted:
    return Wanted(server.url, hashlib.sha256(data).hexdigest(), changes.pop("most", 2 * len(data)), **changes)


def left(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_arrives_under_its_name_alone(server, tmp_path):
    told = []
    download_file(wanted(server), tmp_path / "model.onnx", lambda done, of: told.append((done, of)))
    assert (tmp_path / "model.onnx").read_bytes() == DATA
    assert left(tmp_path) == ["model.onnx"]
    assert told[-1] == (len(DATA), len(DATA))


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    server.breaks_after = 300_000
    with pytest.raises(RefusedError, match="call again to go on from 300,000 bytes"):
        download_file(wanted(server), tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
    server.breaks_after = None
    download_file(wanted(server), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == DATA
    assert server.asked == [None, "bytes=300000-"]
    assert left(tmp_path) == ["model.onnx"]


@pytest.mark.parametrize("change", ["another file since", "no ranges"])
def test_what_cannot_be_continued_begins_anew(server, tmp_path, change):
    server.breaks_after = 300_000
    with pytest.raises(RefusedError):
        download_file(wanted(server), tmp_path / "model.onnx")
    server.breaks_after = None
    if change == "no ranges":
        server.ranges = False
    else:
        server.etag, server.data = '"two"', DATA[::-1]
    download_file(wanted(server, server.data), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == server.data


def test_another_file_than_the_pinned_one_is_thrown_away(server, tmp_path):
    with pytest.raises(RefusedError, match="what arrived is another file"):
        download_file(wanted(server, b"something else", most=len(DATA)), tmp_path / "model.onnx")
    assert left(tmp_path) == []


@pytest.mark.parametrize("told", [True, False], ids=["announced", "not announced"])
def test_a_file_that_is_too_large_is_not_taken(server, tmp_path, told, monkeypatch):
    if not told:
        sent = Handler.send_header
        monkeypatch.setattr(
            Handler, "send_header", lambda self, name, value: name == "Content-Length" or sent(self, name, value)
        )
    with pytest.raises(RefusedError, match="larger" if told else "more than"):
        download_file(wanted(server, most=len(DATA) - 1), tmp_path / "model.onnx")
    assert left(tmp_path) == []


def test_a_file_of_another_size_than_pinned_is_not_taken(server, tmp_path):
    with pytest.raises(RefusedError, match="were announced"):
        download_file(wanted(server, most=len(DATA) + 1, exact=True), tmp_path / "model.onnx")
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("redirect", "why"),
    [
        ("http://127.0.0.2:9/model.onnx", "redirects to 127.0.0.2, which is not among"),
        ("http://example.org/model.onnx", "http:// is not fetched"),
        ("https://example.org/model.onnx", "redirects to example.org"),
        ("file:///etc/passwd", "not allowed"),
        ("ftp://127.0.0.1/model.onnx", "ftp:// is not fetched"),
    ],
)
def test_a_redirect_leads_only_where_it_may(server, tmp_path, redirect, why):
    server.redirect = redirect
    with pytest.raises(RefusedError, match=why):
        download_file(wanted(server), tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_a_redirect_to_a_named_host_is_followed_but_not_for_ever(server, tmp_path):
    other = Server()
    thread = threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        server.redirect = other.url
        download_file(wanted(server, hosts=("127.0.0.1",)), tmp_path / "model.onnx")
        assert (tmp_path / "model.onnx").read_bytes() == DATA
        server.redirect = server.url + "?again"
        with pytest.raises(RefusedError, match="302"):
            download_file(wanted(server), tmp_path / "other.onnx")
    finally:
        other.shutdown()
        other.server_close()
        thread.join()


@pytest.mark.parametrize("url", ["http://example.org/a", "http://127.0.0.1.example.org/a", "https://u@h/a", "a.onnx"])
def test_addresses_are_https_or_this_machine(url):
    with pytest.raises(RefusedError):
        check_address(url)
    assert check_address("http://[::1]:8/a") == "::1"
    assert check_address("http://example.org/a", plain=True) == "example.org"


def test_two_downloads_of_one_file_do_not_mix(server, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / ".model.onnx.part").open("ab") as busy:
        fcntl.flock(busy.fileno(), fcntl.LOCK_EX)
        with pytest.raises(RefusedError, match="another process"):
            download_file(wanted(server), tmp_path / "model.onnx")
