"""What is logged: what happened, where, to which request and analysis. Never what a file, an address or a form holds.

A message of our own says what its author wrote. What a library says, and what an exception says of itself, may quote
anything: of those only the place and the kind are kept. Lines are plain text, or JSON (``LOG_FORMAT=json``).
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bound_contextvars, get_contextvars
from structlog.typing import EventDict, Processor

from .settings import ROOT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_OURS = {"webapp", "worker", "analysis", "__main__", "root"}
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}")
_HEADER = "X-Request-ID"
_Failure = tuple[type[BaseException], BaseException, TracebackType | None]

log = logging.getLogger(__name__)


def set_up(form: str = "text", stream: TextIO | None = None) -> None:
    """Log to standard error from now on, in ``text`` or ``json``."""
    logging.captureWarnings(True)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def init_app(app: Flask, form: str) -> None:
    """Give every request an id (a proxy's own, where that is harmless), and in ``json`` a line when it is answered."""

    @app.before_request
    def begin() -> None:
        g.request_id = safe(request.headers.get(_HEADER)) or secrets.token_hex(16)
        g.begun = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" in g:
            response.headers[_HEADER] = g.request_id
        if form == "json" and request.endpoint not in {"static", "health.alive"}:
            known = request.url_rule.rule if request.url_rule else "none"  # the route: addresses hold ids and words
            method = request.method if request.method.isalpha() else "other"
            taken = (time.perf_counter() - g.get("begun", time.perf_counter())) * 1000
            log.info("%s %s answered with %d after %.0f ms", method[:8], known, response.status_code, taken)
        return response


def last_resort(application: WSGIApplication) -> WSGIApplication:
    """Around the whole application: what nobody caught is logged here, and not by the server, which would quote it."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return application(environ, start_response)
        except Exception:
            log.exception("a request ended without an answer")
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"Something went wrong on our side.\n"]

    return call


def request_id() -> str | None:
    """Of the request that is being answered, for what it starts elsewhere."""
    found: str | None = get_contextvars().get("request")
    return found


def safe(untrusted: object) -> str | None:
    """An id that somebody else gave, if it is short and holds nothing but letters, digits and hyphens."""
    return untrusted if isinstance(untrusted, str) and _SAFE.fullmatch(untrusted) else None


@contextmanager
def about(**what: str | None) -> Iterator[None]:
    """Everything logged meanwhile says so."""
    with bound_contextvars(**{name: value for name, value in what.items() if value}):
        yield


class Outline(logging.Formatter):
    """One record as text, without what it may quote: for processes whose log another one writes."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, and the places a failure came through."""
        said = {"event": record.getMessage(), "logger": record.name, "_record": record, "exc_info": record.exc_info}
        outlined = _without_content(None, "", said)
        return "\n".join([str(outlined["event"]), *outlined.get("failure", [])])


def _formatter(form: str) -> logging.Formatter:
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=[]),
        structlog.processors.TimeStamper(fmt="iso"),
        _without_content,
    ]
    last: Processor = structlog.processors.JSONRenderer() if form == "json" else _as_text
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )


def _without_content(_logger: Any, _method: str, said: EventDict) -> EventDict:
    """Take out what may quote a file, an address or a form."""
    record: logging.LogRecord = said["_record"]
    if record.name.partition(".")[0] not in _OURS:
        said["event"] = f"said by {record.module}, line {record.lineno}"
    failure = said.pop("exc_info", None)
    if isinstance(failure, tuple) and failure[0] is not None:
        said["failure"] = list(_outline(failure))
    said.pop("exc_text", None)
    said.pop("stack_info", None)
    return said


def _outline(failure: _Failure) -> Iterator[str]:
    """Kind and places of an exception and of those it came from; innermost last."""
    error: BaseException | None = failure[1]
    seen = 0
    while error is not None and seen < 5:
        harmless: object = None
        if isinstance(error, OSError):
            harmless = error.errno
        elif isinstance(error, ImportError):
            harmless = error.name
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        yield f"{'from ' if seen else ''}{kind}{f' ({harmless})' if harmless else ''}"
        for frame, line in list(traceback.walk_tb(error.__traceback__))[-20:]:
            place = frame.f_code.co_filename.removeprefix(f"{ROOT}/")
            yield f"  {place}:{line} {frame.f_code.co_name}"
        error, seen = error.__cause__ or error.__context__, seen + 1


def _as_text(_logger: Any, _method: str, said: EventDict) -> str:
    first = f"{said.pop('timestamp')} {said.pop('level').upper()} {said.pop('logger')}: {said.pop('event')}"
    failure = said.pop("failure", [])
    known = "".join(f" {name}={value}" for name, value in said.items())
    return "\n".join([first + known, *failure])
