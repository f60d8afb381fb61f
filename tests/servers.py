"""Real servers for tests: PostgreSQL and Redis from the system's packages, on sockets in a folder of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

REDIS = shutil.which("redis-server")


def _postgres() -> Path | None:
    """The folder of PostgreSQL's programs; Debian keeps them out of PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def _as_postgres() -> dict[str, object]:
    """PostgreSQL refuses to run as root: then it runs as the user its package made."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


@contextmanager
def postgresql(folder: Path, *options: str) -> Iterator[str]:
    """A new PostgreSQL server that listens on a socket in ``folder`` alone; its SQLAlchemy address."""
    programs = _postgres()
    if programs is None:
        pytest.skip("SKIPPED LOUDLY: no PostgreSQL on this machine; install the package postgresql")
    data = folder / "data"
    data.mkdir(parents=True)
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        shutil.chown(data, "postgres", "postgres")
    who = _as_postgres()
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "detector", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        cwd=folder,
        **who,
    )
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("wb"),
        **who,
    )
    try:
        ready = [programs / "pg_isready", "-q", "-h", folder, "-U", "detector"]
        while subprocess.run(ready, check=False).returncode:
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        subprocess.run([programs / "createdb", "-h", folder, "-U", "detector", "detector"], check=True)
        yield f"postgresql+psycopg://detector@/detector?host={folder}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[str]:
    """A new Redis server of the system's, with an append-only file as in production; its address."""
    if REDIS is None:
        pytest.skip("SKIPPED LOUDLY: no redis-server on this machine; install the package redis-server")
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "redis.sock"
    usual = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--appendonly", "yes", "--logfile", "log"]
    server = subprocess.Popen([REDIS, *usual, "--maxmemory-policy", "noeviction", *options])
    try:
        with redis.Redis(unix_socket_path=str(socket)) as connection:
            while True:
                assert server.poll() is None, (folder / "log").read_text()
                try:
                    connection.ping()
                    break
                except redis.RedisError:
                    time.sleep(0.05)
        yield f"unix://{socket}"
    finally:
        server.terminate()
        server.wait()
