"""A small web site with every manner in which pages show pictures, on two hosts that are strangers to each other.

``127.0.0.1`` is the page's own host; the same server answers as ``localhost`` on another port, which is another site.
"""

from __future__ import annotations

import io
import itertools
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from tests.made_clips import clip
from tests.made_clips import picture as striped

STYLE = "<style>body { margin: 20px; font: 16px sans-serif } img, canvas, video { display: block }</style>"
_KINDS = {"JPEG": "image/jpeg", "AVIF": "image/avif", "WEBP": "image/webp", "PDF": "application/pdf"}
_PAGES = Path(__file__).parent / "pages"
POLICY = "default-src 'none'; img-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"


@dataclass
class Gallery:
    """Addresses of both hosts, and what was asked of them."""

    own: str
    other: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    photo: bytes = b""
    unused: Iterator[int] = field(default_factory=lambda: itertools.count(10_000))

    def page(self, name: str, seed: int = 30) -> str:
        """Address of a page; ``seed`` is the picture of those that show one, or copies of one in several sizes."""
        return f"{self.own}/{name}.html?i={seed}"

    def fresh(self, name: str) -> str:
        """The same with a picture that no test has sent yet: the server has to analyze it, and does not know it."""
        return self.page(name, next(self.unused))

    def times(self, path: str) -> int:
        """How often a picture was asked for, by either host."""
        return sum(one == path for _, one in self.asked)


@cache
def picture(seed: int, width: int = 400, height: int = 300, fmt: str = "JPEG") -> bytes:
    """A file of soft noise that no other seed gives; all sizes of a seed are copies of one picture."""
    rough = np.random.default_rng(seed).normal(128, 40, (38, 51, 3)).clip(0, 255)
    smooth = Image.fromarray(rough.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    fine = np.random.default_rng(seed + 1).normal(0, 4, (height, width, 3))
    out = io.BytesIO()
    Image.fromarray((np.asarray(smooth) + fine).clip(0, 255).astype(np.uint8)).save(out, fmt, quality=88)
    return out.getvalue()


@cache
def scene(seed: int, width: int = 768, height: int = 576) -> bytes:
    """A file with a sky, hills, round things and grain: enough of a picture for the detectors to have an answer."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:height, 0:width].astype(float)
    depth = (down / height)[..., None]
    hills = height * 0.55 + 40 * np.sin(across / 90 + seed) + 25 * np.sin(across / 37 + 2 * seed)
    sky = np.array([180.0, 200.0, 210.0]) - depth * np.array([60.0, 40.0, 20.0])
    pixels = np.where((down > hills)[..., None], np.array([70.0, 100.0, 50.0]) + 35 * rng.random(), sky)
    for size, strength in ((6, 6), (24, 14), (96, 20)):
        rough = rng.normal(128, strength, (height // size + 2, width // size + 2, 3)).clip(0, 255).astype(np.uint8)
        pixels += np.asarray(Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)) - 128.0
    for _ in range(12):
        x, y, radius = rng.integers(width), rng.integers(height * 6 // 10, height), rng.integers(10, 60)
        far = (np.hypot(across - x, (down - y) * 1.4) / radius)[..., None]
        pixels = np.where(far < 1, pixels * 0.4 + rng.integers(30, 220, 3) * 0.6 * (1.2 - far / 2), pixels)
    pixels += rng.normal(0, 3, pixels.shape)
    out = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


@cache
def moving() -> bytes:
    """A clip of two seconds."""
    return clip([striped(number, (320, 240)) for number in range(50)])


@contextmanager
def gallery() -> Iterator[Gallery]:
    """Both hosts, for as long as they are needed."""
    servers = [_Server(("127.0.0.1", 0), _Handler) for _ in range(2)]
    own, other = (server.server_address[1] for server in servers)
    made = Gallery(f"http://127.0.0.1:{own}", f"http://localhost:{other}")
    for server in servers:
        server.made = made
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    """Readers that leave early are no error."""

    daemon_threads = True
    made: Gallery

    def handle_error(self, request: object, client_address: object) -> None:
        """Speak of what is one."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """``/NAME.html`` a page; ``/i/SEED.jpg?w=&h=&gate=`` a picture, also as ``.avif``, ``.webp`` and ``.pdf``.

    ``/s/SEED.jpg`` a picture that looks like a photograph. ``/v/clip.mp4`` is the clip, ``/photo.jpg`` a photograph.
    WordPress's uploads are pictures as well, of the size that their name ends with.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        made: Gallery = self.server.made
        made.asked.append((self.headers.get("Host", ""), self.path))
        parts = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        folder, _, name = parts.path.strip("/").rpartition("/")
        if folder == "i":
            gates = {
                "cookie": "gate=open" in self.headers.get("Cookie", ""),
                "referer": self.headers.get("Referer", "").startswith(made.own),
            }
            if not gates.get(given.get("gate", ""), True):
                self._say(403, "text/plain", b"not for you")
                return
            seed, _, end = name.partition(".")
            fmt = {"jpg": "JPEG"}.get(end, end.upper())
            data = picture(int(seed), int(given.get("w", 400)), int(given.get("h", 300)), fmt)
            self._say(200, _KINDS[fmt], data)
        elif folder == "wp-content/uploads":
            number, _, size = name.partition(".")[0].partition("-")
            width, height = (int(side) for side in (size or "800x600").split("x"))
            self._say(200, "image/jpeg", picture(int(number), width, height))
        elif folder == "s":
            self._say(200, "image/jpeg", scene(int(name.partition(".")[0])))
        elif name == "photo.jpg":
            self._say(200, "image/jpeg", made.photo)
        elif folder == "v":
            self._say(200, "video/mp4", moving())
        elif name.endswith(".js") and (_PAGES / name).is_file():
            self._say(200, "text/javascript", (_PAGES / name).read_bytes())
        elif name.endswith(".html") and (_PAGES / name).is_file():
            words = Template((_PAGES / name).read_text()).substitute(
                own=made.own, other=made.other, style=STYLE, i=given.get("i")
            )
            strict = {"Content-Security-Policy": POLICY} if name == "strict.html" else {}
            cookie = {"Set-Cookie": "gate=open; SameSite=Lax; Path=/"}
            self._say(200, "text/html; charset=utf-8", words.encode(), **strict, **cookie)
        else:
            self._say(404, "text/plain", b"nothing here")

    def _say(self, status: int, kind: str, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
        """Say nothing."""
