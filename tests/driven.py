"""Fixtures that drive the whole product: as ``make run`` starts it, with a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 100_000  # milliseconds; a busy machine is slow or stands still, and no test of a browser asserts a time

expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Served:
    """The product as it runs: its address, its data, its process."""

    address: str
    folder: Path
    process: subprocess.Popen[str]

    @contextmanager
    def down(self, word: str) -> Iterator[None]:
        """Without the processes whose command has that word; afterwards the launcher starts them again."""
        launcher = psutil.Process(self.process.pid)
        launcher.suspend()
        try:
            ended = [one for one in launcher.children(recursive=True) if any(word in part for part in one.cmdline())]
            for process in ended:
                with suppress(psutil.NoSuchProcess):  # its parent may have taken it along
                    process.kill()
            yield
        finally:
            launcher.resume()

    def held(self, word: str) -> ExitStack:
        """Hold the processes whose command has that word, until the end of a ``with``."""
        while True:
            with ExitStack() as stack:
                for process in psutil.Process(self.process.pid).children(recursive=True):
                    with suppress(psutil.NoSuchProcess):  # it has just ended
                        if any(word in part for part in process.cmdline()):
                            process.suspend()
                            stack.callback(process.resume)
                if self._can_write():
                    return stack.pop_all()

    def _can_write(self) -> bool:
        """Whether the database is free: what is held in the middle of a transaction would hold up everyone else."""
        with closing(sqlite3.connect(self.folder / "detector.db", timeout=0, isolation_level=None)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
                database.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return False
        return True


def free_port() -> int:
    """A port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serve(folder: Path, **env: str) -> Iterator[Served]:
    """Start the whole product by its launcher, with its data in that folder; end it at the end."""
    port = free_port()
    given = {
        "PORT": str(port),
        "DATA_DIR": str(folder),
        "WORKERS": "1",
        "REDIS_URL": "",
        "SKIP_COMPONENTS": "",
        "TIMEOUT_SECONDS": "900",  # what a busy machine takes longer for is given up nowhere
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "webapp"],
        cwd=ROOT,
        env={**os.environ, **given, **env},
        stderr=subprocess.PIPE,
        text=True,
    )
    said = []
    for line in process.stderr or ():
        said.append(line)
        if "ready: open" in line:
            break
    else:
        pytest.fail("the product does not start:\n" + "".join(said))
    try:
        yield Served(f"http://127.0.0.1:{port}", folder, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The whole product with one worker, for all tests that can share one: starting it takes long."""
    with serve(tmp_path_factory.mktemp("var"), API_RATE="5000 per minute") as served:
        yield served


@pytest.fixture(scope="session")
def site(product: Served) -> str:
    """Its address."""
    return product.address


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives browsers."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"SKIPPED LOUDLY: no Chromium at {CHROMIUM}; install it or set CHROMIUM")
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def photo(shared: Path) -> Path:
    """A real photograph."""
    return sorted((shared / "corpus" / "smoke" / "real" / "Myles2__Photography_website").glob("*.jpg"))[0]


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    source = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not source.is_file():
        pytest.skip("SKIPPED LOUDLY: axe-core is missing; run npm ci")
    return source.read_text()
