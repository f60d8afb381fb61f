"""The whole product, started as ``make run`` does, on a port and in a folder of its own, to be loaded and hurt."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import requests
from PIL import Image

ROOT = Path(__file__).parent.parent
LIFTED = {  # the limits that would stop one client from sending all this
    "UPLOAD_RATE": "1000000 per minute",
    "PAGE_RATE": "1000000 per minute",
    "API_RATE": "1000000 per minute",
    "QUEUE_LIMIT": "100000",
    "OWNER_QUEUE_LIMIT": "100000",
}
ENDED = ("done", "failed", "cancelled")


class Product:
    """A running product. ``base`` is its address, ``folder`` its data.

    Attributes
    ----------
    log
        What it has said so far.
    """

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[str]) -> None:
        self.folder, self.base, self.process = folder, f"http://127.0.0.1:{port}", process
        self.port = port
        self.log: list[str] = []

    def parts(self, name: str) -> list[psutil.Process]:
        """Its processes whose command line holds ``name``: ``granian``, ``worker.py``, ``redis-server``."""
        found = []
        for one in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if any(name in word for word in one.cmdline()):
                    found.append(one)
        return found

    def memory(self, name: str) -> int:
        """Resident bytes of those parts, of the web server with its children; shared pages count once a process.

        Children of workers do not count: they come and go with every file.
        """
        total = 0
        for one in self.parts(name):
            with contextlib.suppress(psutil.NoSuchProcess):
                children = one.children(recursive=True) if name == "granian" else []
                total += sum(part.memory_info().rss for part in [one, *children])
        return total

    def processor_time(self, name: str) -> float:
        """Seconds of processor time that those parts have taken so far, with their children."""
        every = [part for one in self.parts(name) for part in (one, *one.children(recursive=True))]
        return sum(taken.user + taken.system for taken in (part.cpu_times() for part in every))

    def browser(self) -> Browser:
        """A client with a cookie and a token of its own."""
        return Browser(self.base)

    def states(self) -> Counter[str]:
        """How many analyses are in which state."""
        return Counter(dict(self.rows("SELECT state, count(*) FROM analyses GROUP BY state")))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with contextlib.closing(sqlite3.connect(self.folder / "detector.db", timeout=30)) as connection:
            return connection.execute(query).fetchall()

    def wait_until_ended(self, number: int, seconds: float) -> float:
        """Seconds until ``number`` analyses have ended; gives up after ``seconds``."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if self.rows("SELECT count(*) FROM analyses WHERE finished_at IS NOT NULL")[0][0] >= number:
                break
            time.sleep(0.5)
        return time.monotonic() - start

    def left(self) -> list[str]:
        """Names of files that lie in its media folder."""
        media = self.folder / "media"
        return [path.name for path in media.iterdir()] if media.is_dir() else []


class Browser:
    """Sends files as the page does."""

    def __init__(self, base: str) -> None:
        self.base, self.session = base, requests.Session()
        page = self.session.get(base, timeout=30).text
        self.token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]

    def prepare(self, data: bytes, name: str = "a.jpg") -> requests.PreparedRequest:
        """An upload, ready to be sent."""
        form = {"data": {"csrf_token": self.token}, "files": {"file": (name, data)}}
        request = requests.Request("POST", f"{self.base}/analyses", headers={"Accept": "application/json"}, **form)
        return self.session.prepare_request(request)

    def post(self, data: bytes, name: str = "a.jpg") -> requests.Response:
        """Upload; the answer, its redirect not followed."""
        return self.session.send(self.prepare(data, name), allow_redirects=False, timeout=120)


@contextlib.contextmanager
def running(**env: str) -> Iterator[Product]:
    """Start it, hand it over, stop it and remove its folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:  # noqa: S108 -- as the product does
        folder = Path(name)
        given = {"PORT": str(port), "DATA_DIR": name, "MEDIA_DIR": f"{name}/media", "REDIS_URL": "", **LIFTED, **env}
        process = subprocess.Popen(
            [sys.executable, "-m", "webapp"],
            env={**os.environ, **given},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        product = Product(folder, port, process)
        ready = threading.Event()
        workers = int(given.get("WORKERS") or os.cpu_count() or 1)
        threading.Thread(target=_listen, args=(product, ready, workers), daemon=True).start()
        try:
            if not ready.wait(180):
                sys.exit("the product does not start:\n" + "".join(product.log))
            yield product
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def _listen(product: Product, ready: threading.Event, workers: int) -> None:
    seen = 0
    for line in product.process.stderr or ():
        product.log.append(line)
        seen += "is ready" in line or "ready: open" in line
        if seen > workers:
            ready.set()


def pictures(side: int = 512) -> Iterator[bytes]:
    """Pictures of soft noise, no two with the same bytes."""
    noise = np.random.default_rng(7).normal(128, 25, (side // 2, side // 2, 3)).clip(0, 255).astype(np.uint8)
    kept = io.BytesIO()
    Image.fromarray(noise).resize((side, side)).save(kept, "JPEG", quality=88)
    number = 0
    while True:
        number += 1
        yield kept.getvalue() + number.to_bytes(8, "big")


def filled(size: int) -> bytes:
    """A picture followed by zeros, ``size`` bytes in all."""
    return next(pictures()).ljust(size, b"\0")


def row(what: str, target: str, measured: str) -> None:
    """Print one line of a table that ``docs/reliability.md`` may hold."""
    print(f"| {what} | {target} | {measured} |", flush=True)


def quantile(values: list[float], share: float) -> float:
    """The value below which ``share`` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
