"""Files on their way in: streamed from the form straight into the private media store, hashed, never elsewhere."""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

from flask import Flask, g, request
from flask.typing import ResponseReturnValue
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.datastructures import FileStorage

from analysis.errors import ErrorCode
from analysis.media.sniff import sniff

from ..errors import Refusal, answer
from ..services import services
from ..storage.media_store import Incoming
from ..storage.rows import Upload
from .submission import must_be_open

BODIES = 64
"""Requests with a body that are served at the same time. The server waits for a body in one of its threads
(:func:`webapp.ops.commands.web_command` gives it more than these), so slow senders must not get them all."""
_bodies = threading.BoundedSemaphore(BODIES)
_INTAKES = {"pages.create", "api.create", "api.create_batch", "batch.start"}  # views that take files and addresses
_KEY = re.compile(r"[A-Za-z0-9-]{16,64}")
_FORM = 256 * 1024  # bytes a form may have around its file
_MIN_FREE_DISK = 64 << 20  # bytes that must stay free in the media store
_NO_ROOM = ("no_room", "The server has no room for this file just now. Please try again later.", 507)
_MIN_FREE_MEMORY = 256 << 20  # bytes of memory that must stay free on the machine


class UploadRequest(HtmxAwareRequest):
    """A request whose files land in the media store instead of a temporary folder."""

    def _get_file_stream(self, *_args: Any, **_kwargs: Any) -> IO[bytes]:
        incoming = services().media.receive()
        g.setdefault("incoming", []).append(incoming)
        return cast(IO[bytes], incoming)  # it has what the form parser uses of a file


def init_app(app: Flask, max_bytes: int) -> None:
    """Cap the body; look for room before it is read; drop at the end what nobody kept."""
    app.request_class = UploadRequest
    app.config.update(MAX_CONTENT_LENGTH=max_bytes + _FORM, MAX_FORM_MEMORY_SIZE=_FORM, MAX_FORM_PARTS=20)
    app.before_request(_acquire_body_slot)
    app.before_request(_check_capacity)
    app.teardown_request(_drop)
    app.register_error_handler(OSError, _full)


def accept(file: FileStorage | None, *, as_clip: bool = False, numbers_only: bool = False) -> Upload:
    """Keep an uploaded file for its analysis; of what holds no animation and no video nothing is looked at as a clip.

    Raises
    ------
    Refusal
        No file, an empty one, too large a one, or one of no known type; nothing is kept then.
    """
    limit = services().settings.max_bytes
    if file is None or not file.filename:
        raise Refusal("no_file", "No file was chosen.", 400)
    incoming = cast(Incoming, file.stream)  # UploadRequest put it there
    if incoming.size == 0:
        raise Refusal(ErrorCode.UNREADABLE, "The file is empty.")
    if incoming.size > limit:
        raise Refusal(
            ErrorCode.TOO_LARGE,
            f"The file has {incoming.size / 2**20:.0f} MB; at most {limit / 2**20:.0f} MB are accepted.",
        )
    kind = sniff(incoming.head)
    if not kind.format:
        what = f"This is {kind.says}" if kind.says else "This is no kind of file known here"
        what += ", neither a picture nor a video" if kind.says else ""
        raise Refusal(
            ErrorCode.UNSUPPORTED_TYPE, f"{what}. The content of a file decides what it is, whatever its name says."
        )
    return Upload(
        format=kind.format,
        size=incoming.size,
        sha256=incoming.sha256,
        media=incoming.keep(),
        as_clip=as_clip and incoming.clip_watch.may_be_clip(kind.format),
        numbers_only=numbers_only,
    )


def upload_key(given: str | None) -> str | None:
    """The name a browser gave its upload: some random letters, or none.

    Raises
    ------
    Refusal
        It is something else.
    """
    if given and not _KEY.fullmatch(given):
        raise Refusal("bad_key", "The key of an upload has 16 to 64 letters, digits and hyphens.", 400)
    return given or None


def wants_clip(form: Mapping[str, str]) -> bool:
    """Whether a form asks that an animation be looked at as a clip."""
    return _wants(form, "as_clip")


def wants_numbers_only(form: Mapping[str, str]) -> bool:
    """Whether a form asks that no picture be kept."""
    return _wants(form, "numbers_only")


def _wants(form: Mapping[str, str], name: str) -> bool:
    """Whether a form says yes.

    Raises
    ------
    Refusal
        It says something else than yes or no.
    """
    given = form.get(name, "false")
    if given not in {"true", "false"}:
        raise Refusal("bad_request", f"{name} is true or false.", 400)
    return given == "true"


def _acquire_body_slot() -> None:
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.content_length == 0:
        return
    if not _bodies.acquire(blocking=False):
        raise Refusal("busy", "Many are sending just now. Please try again in a moment.", 503, retry_after=5)
    g.has_turn = True


def _check_capacity() -> None:
    """Before a body is read: is there a place for it, on the disk, in memory, in the queue?"""
    if request.method != "POST":
        return
    size = request.content_length or 0
    if services().media.free() < size + _MIN_FREE_DISK:
        raise Refusal(*_NO_ROOM)
    if (available := memory_available()) is not None and available < size + _MIN_FREE_MEMORY:
        sentence = "The server is short of memory just now. Please try again in a minute."
        raise Refusal("no_memory", sentence, 503, retry_after=60)
    if request.endpoint in _INTAKES:
        must_be_open(services())


def memory_available() -> int | None:
    """Bytes of memory that programs could still take on this machine; None where the kernel does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    said = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return int(said.split()[1]) * 1024 if said else None


def _full(problem: OSError) -> ResponseReturnValue:
    """There was room when this file began to come, and another one has taken it since."""
    if problem.errno not in {errno.ENOSPC, errno.EDQUOT}:
        raise problem
    return answer(Refusal(*_NO_ROOM))


def _drop(_error: BaseException | None) -> None:
    if g.pop("has_turn", False):
        _bodies.release()
    for incoming in g.pop("incoming", []):
        incoming.close()
