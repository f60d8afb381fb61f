"""An application on a database, a Redis and a media folder of the test's own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

import analysis
import worker
from webapp.__main__ import redis_command, wait_for_redis
from webapp.app import create_app
from webapp.services import Services
from webapp.settings import Settings
from webapp.storage.database import migrate


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private Redis server, as the launcher starts one."""
    socket = tmp_path_factory.mktemp("redis") / "s"
    server = subprocess.Popen(redis_command(socket))
    url = f"unix://{socket}"
    wait_for_redis(url)
    yield url
    server.terminate()
    server.wait()


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    """Settings of one test; Redis is empty at its start."""
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushall()
    return Settings(
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'test.db'}",
        redis_url=redis_url,
        media_dir=tmp_path / "media",
        timeout=60.0,
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application, migrated, its worker using the same doors."""
    migrate(settings.database_url)
    app = create_app(settings)
    yield app
    app.extensions["services"].close()


@pytest.fixture
def doors(app: Flask) -> Services:
    """Settings, store, media and jobs of the application."""
    return app.extensions["services"]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser."""
    return app.test_client()


@pytest.fixture(scope="session")
def loaded() -> None:
    """The engine as a worker has it: its children can load nothing more."""
    analysis.prepare()


@pytest.fixture
def work(doors: Services, monkeypatch: pytest.MonkeyPatch, loaded: None) -> Callable[[], None]:
    """Work through the queue in this process (each analysis still in a forked child), then give the signals back."""
    monkeypatch.setattr(worker, "_services", lambda: doors)

    def burst() -> None:
        kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            doors.jobs.work(lambda: None, burst=True)
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    return burst
