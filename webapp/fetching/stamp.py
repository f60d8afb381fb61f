"""Time stamps for the worker: the one address that the operator named is sent a hash, through the same guards."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import BinaryIO

import requests
from urllib3.exceptions import HTTPError

from analysis.bundle import time_stamp
from analysis.errors import MediaError

from ..sandbox import child as sandbox
from ..sandbox.child import Ending, Send
from ..settings import Settings
from .addresses import IPNetwork, parse
from .fetch import pinned, resolve

log = logging.getLogger(__name__)

_WAIT = (5.0, 10.0)
_MEMORY = 32 << 20


def stamp(report: bytes, into: BinaryIO, settings: Settings) -> bytes | None:
    """Have a report stamped by the operator's authority; None where that is not possible, which is logged.

    Parameters
    ----------
    report
        The report as it is kept; its SHA-256 is all that is sent.
    into
        An empty file for the answer.
    settings
        With ``time_stamp_url``.
    """
    try:
        asked = time_stamp.request(report)
        work = partial(_ask, str(settings.time_stamp_url), asked, into.fileno(), settings.fetch_allow)
        limits = sandbox.ChildLimits(settings.fetch_seconds, _MEMORY, file=time_stamp.LARGEST_ANSWER, network=True)
        ending = sandbox.run_in_child(work, limits, lambda _kind, _payload: None, keep=(into.fileno(),))
        if ending is not Ending.DONE:
            raise time_stamp.StampRefused("the authority did not answer in time")
        into.seek(0)
        answer = into.read(time_stamp.LARGEST_ANSWER)
        time_stamp.read_stamp(answer, report)
    except time_stamp.StampRefused as problem:
        log.warning("a report was not stamped: %s", problem)
        return None
    return answer


def _ask(url: str, asked: bytes, into: int, allow: Sequence[IPNetwork], _send: Send) -> None:
    """In the child: send the request, write the answer; whatever fails leaves no answer."""
    try:
        target = parse(url)
        addresses = resolve(target, allow)
    except MediaError:
        return
    headers = {
        "Content-Type": time_stamp.REQUEST_TYPE, "Accept": time_stamp.ANSWER_TYPE, "Host": target.authority,
        "User-Agent": "AIMediaDetector/0.1 (asks for a time stamp)", "Accept-Encoding": "identity",
        "Connection": "close",
    }  # fmt: skip
    for address in addresses:
        session = pinned(target, address)
        try:
            with session.post(
                target.url, asked, headers=headers, stream=True, allow_redirects=False, timeout=_WAIT
            ) as answer:
                if answer.status_code == HTTPStatus.OK:
                    os.write(into, answer.raw.read(time_stamp.LARGEST_ANSWER, decode_content=False))
                return
        except requests.ConnectionError:
            continue
        except (requests.RequestException, HTTPError):
            return
