"""Webhooks for the worker: signed as Standard Webhooks says, and sent through the same guarded door as every fetch.

The receiver's address is a stranger's: its name is resolved once and every record checked, the connection is made to a
checked record, no redirect is followed, and of the answer nothing but its status is read.

References
----------
Standard Webhooks 1.0.0, https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus

import requests
from urllib3.exceptions import HTTPError

from analysis.errors import MediaError

from ..sandbox import child as sandbox
from ..sandbox.child import Ending, Send
from ..settings import Settings
from .addresses import IPNetwork, allowed, parse
from .fetch import pinned, resolve

SECONDS = 10.0
"""What a receiver has for its answer."""
REFUSED, UNREACHABLE, TOO_SLOW = "refused", "unreachable", "too slow"
"""What else than a status a try may meet."""

_WAIT = (5.0, SECONDS)
_MEMORY = 32 << 20


def signed_headers(secret: str, message_id: str, body: bytes, at: float) -> dict[str, str]:
    """The three headers that tell a receiver whose message this is, and when it was sent.

    Parameters
    ----------
    secret
        As its owner knows it: ``whsec_`` and base64.
    message_id
        Without a full stop, for that is what separates the signed parts.
    body
        What is sent, byte for byte.
    at
        When this try is made: a receiver refuses what is older than a few minutes, so that nobody can replay it.
    """
    stamp = str(int(at))
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    digest = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def send_webhook(untrusted_url: str, body: bytes, secret: str, message_id: str, settings: Settings) -> tuple[bool, str]:
    """Make one try: whether the receiver has taken it, and its status, or why there was none."""
    headers = {
        **signed_headers(secret, message_id, body, time.time()),
        "Content-Type": "application/json",
        "User-Agent": "AIMediaDetector/0.1 (webhook)",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    told: list[bytes] = []
    work = partial(_post_to, untrusted_url, body, headers, settings.fetch_allow)
    limits = sandbox.ChildLimits(SECONDS, _MEMORY, network=True)
    ending = sandbox.run_in_child(work, limits, lambda _kind, payload: told.append(payload))
    if ending is Ending.TIMED_OUT:
        return False, TOO_SLOW
    answer = told[0].decode("ascii", "replace")[:20] if told else UNREACHABLE
    if answer in {REFUSED, TOO_SLOW}:
        return False, answer
    if not answer.isdecimal():
        return False, UNREACHABLE
    return HTTPStatus.OK <= int(answer) < HTTPStatus.MULTIPLE_CHOICES, answer


def _post_to(
    untrusted_url: str, body: bytes, headers: Mapping[str, str], allow: Sequence[IPNetwork], send: Send
) -> None:
    """In the child: send it once and say what was met."""
    try:
        target = parse(untrusted_url)
        addresses = resolve(target, allow)
    except MediaError:
        send("w", REFUSED.encode())
        return
    if target.scheme != "https" and not all(allowed(one, allow) for one in addresses):
        send("w", REFUSED.encode())  # a verdict crosses the internet under cover alone
        return
    met = UNREACHABLE
    for address in addresses:
        try:
            with pinned(target, address).post(
                target.url,
                body,
                headers={**headers, "Host": target.authority},
                stream=True,  # of the body nothing is read
                allow_redirects=False,
                timeout=_WAIT,
            ) as answer:
                met = str(answer.status_code)
                break
        except requests.ConnectionError:
            continue
        except requests.Timeout:
            met = TOO_SLOW
            break
        except (requests.RequestException, HTTPError):
            break
    send("w", met.encode())
