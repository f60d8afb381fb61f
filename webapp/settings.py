"""Every setting in one frozen object, read once from the environment."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from limits import parse_many

ROOT = Path(__file__).parent.parent
_MEMORY = Path("/dev/shm")  # noqa: S108 -- the point: files of users live in memory, in a private folder of it
_ROOMY = 1 << 30
_NAMES = """
ALLOWED_HOSTS API_RATE AUTH BUNDLE_KEY DATABASE_URL DATA_DIR FEATURES_DAYS FETCH_ALLOW FETCH_SECONDS HOST
KEEP_DAYS LOG_FORMAT MAX_MEGABYTES MAX_MEGAPIXELS MEDIA_DIR MEDIA_URL MEMORY_MEGABYTES NETWORKS NETWORKS_FOLDER
OPEN_TO_ALL OWNER_QUEUE_LIMIT PAGE_RATE PORT PUBLIC_LINKS QUEUE_LIMIT REDIS_URL SECRET_KEY SECURE_COOKIES
SEEN_BEFORE SIGN_IN_RATE SKIP_COMPONENTS TIMEOUT_SECONDS TIME_STAMP_ROOTS TIME_STAMP_URL TRUSTED_PROXIES
TRUST_FILE TRUST_FOLDER UPLOAD_RATE WEBHOOKS WEIGHTS_FOLDER WORKERS
"""
NAMES = frozenset(_NAMES.split())
"""Environment variables that are read: no other is."""


class SeenScope(StrEnum):
    """What a new check is compared with. Only the last two keep a hash of what is checked."""

    OFF = "off"
    LISTS = "lists"
    """The operator's lists."""
    OWN = "own"
    """Those, and earlier checks of the same owner."""
    ALL = "all"
    """Those, and all earlier checks of this server."""


@dataclass(frozen=True)
class Settings:
    """What an operator may choose. ``docs/deploy.md`` lists the names of the environment variables; a test compares."""

    data_dir: Path
    """Database and secret key."""
    database_url: str
    redis_url: str
    media_dir: Path
    """Where uploaded bytes live while they are analyzed; in memory unless said otherwise."""
    media_url: str | None = None
    """The store that web processes and workers on several machines share (``redis://…``, ``s3://bucket/folder``)."""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    sign_in: bool = False
    """Everything needs an account; without it only addresses of this very machine are served (``open_to_all``)."""
    sign_in_rate: str = "10 per 15 minutes"
    """How many wrong keys one address may show."""
    public_links: bool = False
    """Whether links to shared reports open without signing in."""
    open_to_all: bool = False
    """The operator wants a server without accounts on an address that others reach."""
    log_format: str = "text"
    secret_key: str | None = None
    """Signs cookies; by default a random one, made once and kept in ``data_dir``."""
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    secure_cookies: bool = False
    """Turn on behind TLS: cookies are then sent over HTTPS alone, and browsers are told to insist on it."""
    trusted_proxies: int = 0
    """How many reverse proxies stand in front and may say who the client is."""
    max_bytes: int = 100 * 1024 * 1024
    max_pixels: int = 50_000_000
    timeout: float = 60.0
    """Seconds an analysis may take before its process is killed."""
    memory: int = 3 << 30
    """Bytes an analysis may allocate on top of what its worker holds."""
    queue_limit: int = 100
    """How many may wait; the next one is refused with 503."""
    owner_limit: int = 50
    """How many of one person may wait; the next one is refused with 429."""
    keep_days: float = 30.0
    """How long ended checks are kept; 0 keeps them until their owner deletes them."""
    seen_before: SeenScope = SeenScope.OFF
    """What a new check is compared with."""
    upload_rate: str = "60 per minute"
    page_rate: str = "1200 per minute"
    api_rate: str = "300 per minute"
    """How many files and addresses one paired program may send."""
    fetch_seconds: float = 20.0
    """Seconds an address has to send its whole file."""
    fetch_allow: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    """Networks addresses may lead to beside the public internet; none unless the operator says so."""
    webhooks: bool = False
    """Whether people may name addresses that are told of the end of their analyses."""
    bundle_key: Path | None = None
    """The key that signs evidence bundles; by default ``bundle.key`` in ``data_dir``, made at first use."""
    time_stamp_url: str | None = None
    """RFC 3161 authority that stamps every report; none unless the operator names one."""
    time_stamp_roots: Path | None = None
    """Certificates (PEM) of time-stamp authorities that are trusted when a bundle is checked."""
    features_days: float = 0.0
    """How long the numbers a verdict is computed from are kept; 0, the default, keeps none."""
    skip: tuple[str, ...] = ()
    """Components left out (``deep``)."""
    weights_folder: Path | None = None
    """Where the weights of the deep component may lie besides torch's own cache."""
    networks: tuple[str, ...] = ()
    """Installed, calibrated networks that join the score of stills (``python -m analysis models``)."""
    networks_folder: Path = ROOT / "var" / "networks"
    trust_file: Path | None = None
    """Certificates (PEM) whose Content Credentials are trusted beside the lists of verified signers."""
    trust_folder: Path = ROOT / "var" / "trust"
    """Where ``python -m analysis trust update`` keeps newer lists of verified signers."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; unset or empty variables keep their default.

        Raises
        ------
        ValueError
            With the variable's name, when a value makes no sense.
        """
        env = os.environ if env is None else env
        given = {name: env[name] for name in NAMES if env.get(name)}
        data_dir = Path(given.get("DATA_DIR", ROOT / "var")).absolute()
        return cls(
            data_dir=data_dir,
            database_url=_database(given.get("DATABASE_URL", f"sqlite:///{data_dir / 'detector.db'}")),
            redis_url=given.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
            media_dir=Path(given["MEDIA_DIR"]).absolute() if "MEDIA_DIR" in given else default_media_dir(data_dir),
            media_url=given.get("MEDIA_URL"),
            host=given.get("HOST", cls.host),
            port=_whole(given, "PORT", cls.port, highest=65535),
            workers=_whole(given, "WORKERS", os.cpu_count() or 1, highest=1024),
            sign_in=_flag(given, "AUTH"),
            sign_in_rate=_rate(given, "SIGN_IN_RATE", cls.sign_in_rate),
            public_links=_flag(given, "PUBLIC_LINKS"),
            open_to_all=_flag(given, "OPEN_TO_ALL"),
            log_format=_one_of(given, "LOG_FORMAT", ("text", "json")),
            secret_key=given.get("SECRET_KEY"),
            allowed_hosts=_words(given, "ALLOWED_HOSTS") or cls.allowed_hosts,
            secure_cookies=_flag(given, "SECURE_COOKIES"),
            trusted_proxies=_whole(given, "TRUSTED_PROXIES", 0, lowest=0, highest=10),
            max_bytes=int(_number(given, "MAX_MEGABYTES", 100, highest=2000) * 1024 * 1024),
            max_pixels=int(_number(given, "MAX_MEGAPIXELS", 50, highest=1000) * 1_000_000),
            timeout=_number(given, "TIMEOUT_SECONDS", 60, lowest=1, highest=3600),
            memory=int(_number(given, "MEMORY_MEGABYTES", 3072, lowest=256) * 1024 * 1024),
            queue_limit=_whole(given, "QUEUE_LIMIT", 100, highest=1_000_000),
            owner_limit=_whole(given, "OWNER_QUEUE_LIMIT", cls.owner_limit, highest=1_000_000),
            keep_days=_number(given, "KEEP_DAYS", cls.keep_days, lowest=0),
            seen_before=SeenScope(_one_of(given, "SEEN_BEFORE", tuple(SeenScope))),
            upload_rate=_rate(given, "UPLOAD_RATE", cls.upload_rate),
            page_rate=_rate(given, "PAGE_RATE", cls.page_rate),
            api_rate=_rate(given, "API_RATE", cls.api_rate),
            fetch_seconds=_number(given, "FETCH_SECONDS", 20, lowest=1, highest=3600),
            fetch_allow=_networks(given, "FETCH_ALLOW"),
            webhooks=_flag(given, "WEBHOOKS"),
            bundle_key=Path(given["BUNDLE_KEY"]).absolute() if "BUNDLE_KEY" in given else None,
            time_stamp_url=_address(given, "TIME_STAMP_URL"),
            time_stamp_roots=Path(given["TIME_STAMP_ROOTS"]).absolute() if "TIME_STAMP_ROOTS" in given else None,
            features_days=_number(given, "FEATURES_DAYS", cls.features_days, lowest=0),
            skip=_words(given, "SKIP_COMPONENTS"),
            weights_folder=Path(given["WEIGHTS_FOLDER"]).absolute() if "WEIGHTS_FOLDER" in given else None,
            networks=_names(given, "NETWORKS"),
            networks_folder=Path(given.get("NETWORKS_FOLDER", data_dir / "networks")).absolute(),
            trust_folder=Path(given.get("TRUST_FOLDER", data_dir / "trust")).absolute(),
            trust_file=Path(given["TRUST_FILE"]).absolute() if "TRUST_FILE" in given else None,
        )

    @property
    def media_in_memory(self) -> bool:
        """Whether uploaded bytes stay off the disks."""
        return self.media_dir.is_relative_to(_MEMORY)


@cache
def product_version() -> str:
    """The version of the product."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version


def default_media_dir(data_dir: Path) -> Path:
    """A folder in memory when the machine has 1 GiB of it, else ``data_dir/media`` (a disk: said at start).

    The choice looks at the size and not at what is free, so that web process and workers always agree.
    """
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
        facts = os.statvfs(_MEMORY)
        if facts.f_blocks * facts.f_frsize >= _ROOMY:
            name = hashlib.sha256(bytes(data_dir)).hexdigest()[:8]  # one folder for each installation
            return _MEMORY / f"ai-media-detector-{os.getuid()}-{name}"
    return data_dir / "media"


def _words(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word for word in given.get(name, "").replace(",", " ").split() if word)


def _names(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(_words(given, name)))
    if not all(re.fullmatch("[a-z][a-z0-9_]{0,39}", word) for word in words):
        raise ValueError(f"{name} must hold names such as sieve, not {given[name]!r}")
    return words


def _networks(given: Mapping[str, str], name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word) for word in _words(given, name))
    except ValueError as problem:
        raise ValueError(f"{name} must hold networks such as 10.1.2.0/24: {problem}") from None


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "0").lower()
    if value not in {"0", "1", "no", "yes", "false", "true"}:
        raise ValueError(f"{name} must be 0 or 1, not {value!r}")
    return value in {"1", "yes", "true"}


def _one_of(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = given.get(name, allowed[0])
    if value not in allowed:
        raise ValueError(f"{name} must be {' or '.join(allowed)}, not {value!r}")
    return value


def _address(given: Mapping[str, str], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValueError(f"{name} must be an http or https address, not {value!r}")
    return value


def _rate(given: Mapping[str, str], name: str, default: str) -> str:
    value = given.get(name, default)
    try:
        parse_many(value)
    except ValueError:
        raise ValueError(f"{name} must be a rate such as '60 per minute', not {value!r}") from None
    return value


def _database(url: str) -> str:
    """PostgreSQL under any of its names is spoken to through psycopg 3."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def _whole(given: Mapping[str, str], name: str, default: int, *, lowest: int = 1, highest: int) -> int:
    value = _number(given, name, default, lowest=lowest, highest=highest)
    if value != int(value):
        raise ValueError(f"{name} must be a whole number, not {given[name]!r}")
    return int(value)


def _number(
    given: Mapping[str, str], name: str, default: float, *, lowest: float = 0.001, highest: float = 1e6
) -> float:
    try:
        value = float(given.get(name, default))
    except ValueError:
        raise ValueError(f"{name} must be a number, not {given[name]!r}") from None
    if not lowest <= value <= highest:
        raise ValueError(f"{name} must lie between {lowest:g} and {highest:g}, not {value:g}")
    return value
