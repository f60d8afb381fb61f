"""The only way to foreign addresses: a user names one, and a disposable child of the worker fetches it.

The name is resolved once, every record is checked (:mod:`webapp.fetching.addresses`), and the connection is made to a
checked record, not to the name. Redirects are followed by hand, each one checked anew. The child has a deadline that
kills it, little memory, and writes into one nameless file, which may not grow past the limit.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import socket
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import urljoin

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from analysis.errors import ErrorCode, MediaError
from analysis.media.sniff import SNIFF_BYTES, ClipWatch, sniff
from analysis.report import ErrorBody

from ..sandbox import child as sandbox
from ..sandbox.child import Ending, Send
from ..settings import Settings
from ..storage.rows import Upload
from .addresses import IPAddress, IPNetwork, Target, allowed, parse, permitted, refused

_HOPS = 3
_RECORDS = 4  # how many of a name's records are tried
_CHUNK = 64 * 1024
_WAIT = (5.0, 10.0)  # seconds for the connection and for each read; the deadline over all is the child's
_MEMORY = 32 << 20  # bytes the child may allocate; how much it really needs is measured in its test
_HEADERS = {
    "User-Agent": "AIMediaDetector/0.1 (fetches one picture on behalf of a person)",
    "Accept": "image/*,video/*;q=0.9,*/*;q=0.1",
    "Accept-Encoding": "identity",  # nothing is unpacked here, so nothing can swell
    "Connection": "close",
}
_WEB_PAGE = (
    "This address shows a web page, not a picture or a video. Give the address of the picture itself (in the page's "
    "menu on it: “Copy image address”), or save the picture and send the file."
)


def fetch(untrusted_url: str, file: BinaryIO, settings: Settings, stop: Callable[[], bool] = lambda: False) -> Upload:
    """Fetch an address into an empty file; called by the worker, never by a web thread.

    Returns
    -------
    Upload
        What has arrived; the file stands at its beginning and has no name.

    Raises
    ------
    MediaError
        ``fetch_refused``, ``fetch_failed``, ``too_large`` or ``unsupported_type``, with a sentence.
    """
    told: list[ErrorBody] = []
    work = partial(_download, untrusted_url, file.fileno(), settings.max_bytes, settings.fetch_allow)
    limits = sandbox.ChildLimits(settings.fetch_seconds, _MEMORY, file=settings.max_bytes, network=True)
    ending = sandbox.run_in_child(
        work,
        limits,
        lambda _kind, payload: told.append(msgspec.json.decode(payload, type=ErrorBody)),
        keep=(file.fileno(),),
        stop=stop,
    )
    if told:
        raise MediaError(ErrorCode(told[0].code), told[0].message)
    if ending is Ending.TIMED_OUT:
        raise _failed(f"The address took over {settings.fetch_seconds:g} seconds to send its file.")
    if ending is not Ending.DONE:
        raise _failed("Fetching this address broke off.")
    return _arrived(file)


def _arrived(file: BinaryIO) -> Upload:
    """Look at the file itself, not at what the child made of it."""
    file.seek(0)
    kind = sniff(file.read(SNIFF_BYTES))
    file.seek(0)
    digest, watch = hashlib.sha256(), ClipWatch()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        watch.feed(chunk)
    size = file.tell()
    file.seek(0)
    if not kind.format:
        raise _no_media(kind.says)
    return Upload(
        format=kind.format, size=size, sha256=digest.hexdigest(), media="", may_be_clip=watch.may_be_clip(kind.format)
    )


def _download(untrusted_url: str, into: int, limit: int, allow: Sequence[IPNetwork], send: Send) -> None:
    """In the child: follow the address to its file and write it; say why where that is not possible."""
    try:
        _follow(untrusted_url, into, limit, allow)
    except MediaError as refusal:
        send("e", msgspec.json.encode(ErrorBody(code=refusal.code, message=refusal.message)))
    except (requests.RequestException, HTTPError):
        failure = _failed("The address did not send a whole file. It may be down, or refuse programs.")
        send("e", msgspec.json.encode(ErrorBody(code=failure.code, message=failure.message)))


def _follow(untrusted_url: str, into: int, limit: int, allow: Sequence[IPNetwork]) -> None:
    for _ in range(1 + _HOPS):
        target = parse(untrusted_url)
        with _ask(target, resolve(target, allow)) as response:
            if not response.is_redirect:
                _save(response, into, limit)
                return
            untrusted_url = urljoin(
                target.url, response.headers["Location"].encode("latin-1").decode("utf-8", "replace")
            )
    raise _failed(f"The address leads on and on; at most {_HOPS} redirects are followed.")


def resolve(target: Target, allow: Sequence[IPNetwork]) -> list[IPAddress]:
    """Every address of the target, resolved once; refused unless each of them is permitted.

    A name that does not exist is refused in the same words: whether a name exists inside is nobody's business.
    """
    if target.literal:
        found: list[IPAddress] = [target.literal]
    else:
        try:
            records = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise refused() from None
        found = list(dict.fromkeys(ipaddress.ip_address(str(record[4][0])) for record in records))
    if not permitted(target, found, allow):
        raise refused()
    if any(_is_own(one) and not allowed(one, allow) for one in found):
        raise refused()
    return found[:_RECORDS]


def _is_own(address: IPAddress) -> bool:
    """Whether this machine itself has that address, behind its own firewall. No packet is sent to find out."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ipaddress.ip_address(probe.getsockname()[0]) == address
    except OSError:
        return False  # no way there: the connection will fail by itself


def pinned(target: Target, address: IPAddress) -> requests.Session:
    """What speaks to that one checked address; nothing of the environment has a say (proxies)."""
    session = requests.Session()
    session.trust_env = False
    session.mount(f"{target.scheme}://", _Pinned(target, address))
    return session


def _ask(target: Target, addresses: Sequence[IPAddress]) -> requests.Response:
    """The answer of the first address that takes the connection."""
    unreached: requests.ConnectionError | None = None
    for address in addresses:
        headers = {**_HEADERS, "Host": target.authority}
        try:
            return pinned(target, address).get(
                target.url, headers=headers, stream=True, allow_redirects=False, timeout=_WAIT
            )
        except requests.ConnectionError as problem:
            unreached = problem
    raise unreached or refused()


def _save(response: requests.Response, into: int, limit: int) -> None:
    """Write the body to the file as it comes; end early when it is too large, or plainly no picture."""
    if response.status_code != HTTPStatus.OK:
        raise _failed(_status_says(response.status_code))
    if response.headers.get("Content-Encoding", "identity").lower() not in {"", "identity"}:
        raise _failed("The address sends its file packed, though it was asked not to.")
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    is_page = response.headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml"))
    size, head, known = 0, b"", False
    for chunk in response.raw.stream(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        if not known:
            head += chunk[:SNIFF_BYTES]
            if len(head) >= SNIFF_BYTES:
                _must_be_media(head, is_page)
                known = True
        _write(into, chunk)
    if not size:
        raise _failed("The address sends an empty file.")
    if not known:
        _must_be_media(head, is_page)


def _write(into: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    try:
        while view:
            view = view[os.write(into, view) :]
    except OSError:
        raise _failed("The server has no room for this file just now. Please try again later.") from None


def _must_be_media(head: bytes, is_page: bool) -> None:
    kind = sniff(head)
    if not kind.format:
        raise _no_media("a web page" if is_page else kind.says)


def _no_media(says: str) -> MediaError:
    if says == "a web page":
        return MediaError(ErrorCode.UNSUPPORTED_TYPE, _WEB_PAGE)
    what = f"{says}, neither a picture nor a video" if says else "no kind of file known here"
    return MediaError(ErrorCode.UNSUPPORTED_TYPE, f"What lies at this address is {what}.")


def _too_large(limit: int) -> MediaError:
    return MediaError(
        ErrorCode.TOO_LARGE, f"The file at this address is larger than the {limit / 2**20:.0f} MB accepted here."
    )


def _failed(message: str) -> MediaError:
    return MediaError(ErrorCode.FETCH_FAILED, message)


def _status_says(status: int) -> str:
    if status in {401, 402, 403, 407, 451}:
        return "The address does not give its file to everyone. Save the picture or video and send the file instead."
    if status in {404, 410}:
        return "There is nothing at this address (any more)."
    return f"The address answers with an error (status {status})."


class _Pinned(HTTPAdapter):
    """Connects to one checked address; names and certificates are still those of the host that was asked for."""

    def __init__(self, target: Target, address: IPAddress) -> None:
        super().__init__(max_retries=0)
        self._target = target
        self._address = address

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        """The pool of the pinned address, whatever the URL says."""
        del proxies
        _, tls = self.build_connection_pool_key_attributes(request, verify, cert)
        options: dict[str, Any] = dict(tls)
        if self._target.scheme == "https":
            options |= {"server_hostname": self._target.host, "assert_hostname": self._target.host}
        return self.poolmanager.connection_from_host(
            str(self._address), self._target.port, self._target.scheme, pool_kwargs=options
        )
