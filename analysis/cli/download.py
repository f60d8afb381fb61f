"""Fetch one file on request: over https, no larger than allowed, checked by its hash while it arrives, resumable."""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from .. import __version__

_CHUNK = 1 << 18
_HOPS = 5
_SILENCE = 30.0  # seconds a server may say nothing


class RefusedError(Exception):
    """The download cannot or may not be done; the sentence says why."""


@dataclass(frozen=True)
class Wanted:
    """What is to be fetched.

    ``most`` is the number of bytes it may have; ``exact`` whether it must have just these. ``hosts`` are those a
    redirect may lead to beside the address's own, ``*.`` standing for any name before. ``plain`` allows http to other
    machines.
    """

    url: str
    sha256: str
    most: int
    exact: bool = False
    hosts: tuple[str, ...] = ()
    plain: bool = False


def download_file(
    wanted: Wanted, target: Path, step: Callable[[int, int | None], None] = lambda _done, _of: None
) -> None:
    """Bring the file to ``target``, which appears only when it is whole and right.

    What has arrived stays beside it (``.part``) when the connection breaks, and the next call goes on from there if the
    server still has the same file.

    Parameters
    ----------
    step
        Called as ``step(bytes so far, bytes in all or None)``.

    Raises
    ------
    RefusedError
        When the address, a redirect, the size or the hash is not as it must be, or the server does not deliver.
    """
    part = target.with_name(f".{target.name}.part")
    mark = part.with_suffix(".etag")
    check_address(wanted.url, plain=wanted.plain)
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as file:
        _alone(file)
        got = _Got()
        with part.open("rb") as before:
            while block := before.read(_CHUNK):
                got.add(block)
        if not (wanted.exact and got.length == wanted.most):
            _receive(wanted, file, mark, got, step)
        file.flush()
        os.fsync(file.fileno())
        if wanted.exact and got.length != wanted.most:
            _forget(part, mark)
            raise RefusedError(f"{got.length:,} bytes arrived where {wanted.most:,} were announced; nothing is kept")
        if (found := got.digest.hexdigest()) != wanted.sha256:
            _forget(part, mark)
            raise RefusedError(f"what arrived is another file, its SHA-256 is {found}; nothing is kept")
        part.replace(target)
        mark.unlink(missing_ok=True)


def read_text(url: str, most: int) -> str:
    """A short text that changes with time, so that no hash can be known of it: https vouches for it.

    Raises
    ------
    RefusedError
        When the address, a redirect or the size is not as it must be, or the server does not deliver text.
    """
    check_address(url)
    try:
        return _ask(url, {}, None, most).decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("what arrived is no text") from None


def send(url: str, body: bytes, kind: str, most: int) -> bytes:
    """Send a few bytes and return the answer, as a time-stamp authority is asked. The answer is signed: http will do.

    Raises
    ------
    RefusedError
        When the address, a redirect or the size is not as it must be, or the server does not answer.
    """
    check_address(url, plain=True)
    return _ask(url, {"Content-Type": kind}, body, most)


def _ask(url: str, headers: dict[str, str], body: bytes | None, most: int) -> bytes:
    headers = {"User-Agent": f"ai-media-detector/{__version__}", **headers}
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 -- checked by check_address
    try:
        with _opener(Wanted(url, "", most, plain=body is not None)).open(request, timeout=_SILENCE) as answer:
            data: bytes = answer.read(most + 1)
    except urllib.error.HTTPError as error:
        raise RefusedError(f"the server answers {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise RefusedError(
            f"no connection: {error.reason if isinstance(error, urllib.error.URLError) else error}"
        ) from None
    if len(data) > most:
        raise RefusedError(f"the file is larger than it may be ({most:,} bytes)")
    return data


def check_address(url: str, *, plain: bool = False) -> str:
    """The host of an address that may be asked.

    Raises
    ------
    RefusedError
        When it is no https address, or http to anything but this machine while ``plain`` is False.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username or not host:
        raise RefusedError(f"{url} is no address of a file")
    if parts.scheme == "https" or (parts.scheme == "http" and (plain or _is_here(host))):
        return host
    raise RefusedError(f"{parts.scheme}:// is not fetched; --allow-http allows http")


@dataclass
class _Got:
    """What has arrived so far."""

    length: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, block: bytes) -> None:
        self.digest.update(block)
        self.length += len(block)


def _receive(wanted: Wanted, file: IO[bytes], mark: Path, got: _Got, step: Callable[[int, int | None], None]) -> None:
    headers = {"User-Agent": f"ai-media-detector/{__version__}", "Accept-Encoding": "identity"}
    if got.length:
        headers["Range"] = f"bytes={got.length}-"
        if mark.exists():
            headers["If-Range"] = json.loads(mark.read_text())
    try:
        with _opener(wanted).open(urllib.request.Request(wanted.url, headers=headers), timeout=_SILENCE) as answer:  # noqa: S310 -- checked: https
            if got.length and not (answer.status == 206 and _starts_at(answer.headers, got.length)):
                file.truncate(0)  # the server has another file by now, or begins anew
                got.length, got.digest = 0, hashlib.sha256()
            _remember(mark, answer.headers.get("ETag"))
            length = answer.headers.get("Content-Length", "")
            total = got.length + int(length) if length.isdigit() else None
            if total is not None and total > wanted.most:
                _forget(Path(file.name), mark)
                raise RefusedError(f"the file is larger ({total:,} bytes) than it may be ({wanted.most:,})")
            while block := answer.read(_CHUNK):
                got.add(block)
                if got.length > wanted.most:
                    _forget(Path(file.name), mark)
                    raise RefusedError(f"more than {wanted.most:,} bytes came; nothing is kept")
                file.write(block)
                step(got.length, total)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # what is here is longer than what is there
            _forget(Path(file.name), mark)
        raise RefusedError(f"the server answers {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise RefusedError(f"the connection broke: {reason}; call again to go on from {got.length:,} bytes") from None
    if total is not None and got.length < total:
        raise RefusedError(f"the connection broke; call again to go on from {got.length:,} bytes")


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = _HOPS

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._own = urlsplit(wanted.url).hostname or ""

    def redirect_request(  # noqa: PLR0917 -- the library calls it so
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        host = check_address(newurl, plain=self._wanted.plain)
        if not any(_matches(host, allowed) for allowed in (self._own, *self._wanted.hosts)):
            raise RefusedError(f"the server redirects to {host}, which is not among the hosts of this network")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(wanted: Wanted) -> urllib.request.OpenerDirector:
    """Knows http and https alone: no files, no ftp, no data."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(), _Redirects(wanted),
        urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


def _matches(host: str, allowed: str) -> bool:
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _starts_at(headers: Message, place: int) -> bool:
    return headers.get("Content-Range", "").startswith(f"bytes {place}-")


def _remember(mark: Path, etag: str | None) -> None:
    """Keep a strong validator; by a weak one nothing can be continued."""
    if etag and not etag.startswith("W/"):
        mark.write_text(json.dumps(etag))
    else:
        mark.unlink(missing_ok=True)


def _forget(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _alone(file: IO[bytes]) -> None:
    """One download of a file at a time.

    Raises
    ------
    RefusedError
        When another process is at it.
    """
    try:
        import fcntl  # noqa: PLC0415 -- POSIX only
    except ImportError:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise RefusedError("another process is fetching this file just now") from None
