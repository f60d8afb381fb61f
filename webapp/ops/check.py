"""What must hold before anything is served: settings that go together, an environment that can hold them.

Each finding is a sentence for the operator. Secrets are in none of them, nor are the addresses that hold passwords.
"""

from __future__ import annotations

import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis

from ..access.security import is_loopback
from ..settings import ROOT, Settings
from ..storage.database import DatabaseDown, sqlite_file
from ..storage.media_shared import open_media_store
from ..storage.media_store import MediaDown
from ..storage.store import Store

_SHORTEST_KEY = 32
_FEWEST_LETTERS = 10
_KNOWN_KEY = re.compile(r"change.?(me|this|it)|secret|password|example|default|insecure|12345678|abcdefgh", re.I)
_PATIENCE = {"socket_connect_timeout": 2.0, "socket_timeout": 5.0}


@dataclass(frozen=True)
class Obstacle:
    """Something the operator should know; ``fatal`` when nothing may start before it is put right."""

    sentence: str
    fatal: bool = True


def settings_problems(settings: Settings) -> Iterator[Obstacle]:
    """What is wrong with the settings themselves; touches nothing."""
    if not is_loopback(settings.host):
        yield from _reachable_by_others(settings)
    if settings.secret_key is not None and _is_weak(settings.secret_key):
        yield Obstacle(
            f"SECRET_KEY must have at least {_SHORTEST_KEY} characters of its own: `openssl rand -hex 32` makes one"
        )
    for name, path in (("TRUST_FILE", settings.trust_file), ("WEIGHTS_FOLDER", settings.weights_folder)):
        if path is not None and not path.exists():
            yield Obstacle(f"{name} leads to nothing that exists")
    alone = settings.database_url.startswith("sqlite")
    if not alone and settings.secret_key is None:
        yield Obstacle("without a SECRET_KEY every machine that serves pages signs cookies its own way", fatal=False)
    if not alone and settings.media_url is None:
        yield Obstacle("without a MEDIA_URL only workers on this very machine find the files", fatal=False)
    if alone and settings.media_url is not None:
        yield Obstacle("MEDIA_URL is shared, but SQLite is not: workers elsewhere need PostgreSQL", fatal=False)


def environment_problems(settings: Settings) -> Iterator[Obstacle]:
    """What is wrong with folders, Redis, database and the store of files; each is tried once, nothing is left."""
    tried: list[tuple[str, Callable[[Settings], None]]] = [
        ("DATA_DIR", _data_folder),
        ("REDIS_URL", _queue),
        ("DATABASE_URL", _database),
        ("MEDIA_URL" if settings.media_url else "MEDIA_DIR", _media),
    ]
    for name, attempt in tried:
        try:
            attempt(settings)
        except (OSError, ValueError, redis.RedisError, DatabaseDown, MediaDown) as problem:
            yield Obstacle(f"{name}: {_reason(problem)}")


def port_problem(settings: Settings) -> str | None:
    """Why the web server could not listen, as the system words it; None where it could."""
    with socket.socket(address_family(settings.host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as problem:
            return problem.strerror
    return None


def address_family(host: str) -> socket.AddressFamily:
    """IPv6 for addresses that are written so."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def has_front_end() -> bool:
    """Whether set-up has brought the browser's libraries."""
    return (ROOT / "static" / "vendor" / "htmx.js").is_file()


def require_noeviction(server: redis.Redis) -> None:
    """Refuse a Redis that may drop jobs when memory is short.

    Raises
    ------
    ValueError
        Its policy is another than ``noeviction``.
    """
    policy = server.info("memory").get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise ValueError(f"this Redis drops jobs when memory is short ({policy}); set maxmemory-policy noeviction")


def _reachable_by_others(settings: Settings) -> Iterator[Obstacle]:
    if not (settings.sign_in or settings.open_to_all):
        yield Obstacle(
            f"HOST {settings.host} is reached by others, and everybody could use it: set AUTH=1 and make accounts with "
            "`python -m webapp account add NAME`, or OPEN_TO_ALL=1 if that is what you want"
        )
    if settings.allowed_hosts == Settings.allowed_hosts:
        yield Obstacle("others will be refused: ALLOWED_HOSTS must hold the name they call this server by", fatal=False)
    if settings.sign_in and not settings.secure_cookies:
        yield Obstacle("without TLS in front and SECURE_COOKIES=1 the keys of accounts travel openly", fatal=False)


def _is_weak(key: str) -> bool:
    return len(key) < _SHORTEST_KEY or len(set(key)) < _FEWEST_LETTERS or _KNOWN_KEY.search(key) is not None


def _data_folder(settings: Settings) -> None:
    if settings.database_url.startswith("sqlite") or settings.secret_key is None:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_into(settings.data_dir)


def _queue(settings: Settings) -> None:
    with redis.Redis.from_url(settings.redis_url, **_PATIENCE) as server:
        require_noeviction(server)


def _database(settings: Settings) -> None:
    file = sqlite_file(settings.database_url)
    if file is not None and not file.exists():
        _write_into(next(folder for folder in file.parents if folder.exists()))
        return  # it is made by who starts: a look leaves nothing
    store = Store(settings.database_url)
    try:
        store.engine.connect().close()
    finally:
        store.close()


def _media(settings: Settings) -> None:
    media = open_media_store(settings)
    _write_into(settings.media_dir)
    media.check()


def _write_into(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0")
        file.flush()


def _reason(problem: Exception) -> str:
    """Why, without what libraries put into their messages: addresses, users, passwords."""
    if isinstance(problem, ValueError | PermissionError) and not getattr(problem, "filename", None):
        return str(problem)
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.strerror} ({problem.filename})" if problem.filename else problem.strerror
    return f"it does not answer as it should ({type(problem).__name__})"
