"""Every refusal has a code, a sentence and a status; pages, fragments and JSON say the same.

==================  ======  ============================================================
code                status  when
==================  ======  ============================================================
unsupported_type    415     the content is of no known type
too_large           413     more bytes than the setting
too_many_pixels     422     the header promises more pixels than the setting
truncated           422     the file ends early
unreadable          422     it is damaged, or empty
no_video_stream     422     a clip without pictures
too_short           422     a clip with too few of them
fetch_refused       422     an address that may not be fetched
fetch_failed        502     an address that could not be fetched
timeout             504     the analysis took too long
analysis_crashed    500     its process died
expired             410     the file or the result is gone
==================  ======  ============================================================
"""

from __future__ import annotations

import logging

import msgspec
from flask import Flask, Response, make_response, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request
from werkzeug.exceptions import HTTPException, SecurityError

from analysis.errors import ErrorCode

from .storage.media_store import MediaDown

log = logging.getLogger(__name__)

STATUS = {
    ErrorCode.UNSUPPORTED_TYPE: 415,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.TOO_MANY_PIXELS: 422,
    ErrorCode.TRUNCATED: 422,
    ErrorCode.UNREADABLE: 422,
    ErrorCode.NO_VIDEO_STREAM: 422,
    ErrorCode.TOO_SHORT: 422,
    ErrorCode.FETCH_REFUSED: 422,
    ErrorCode.FETCH_FAILED: 502,
    ErrorCode.TIMEOUT: 504,
    ErrorCode.ANALYSIS_CRASHED: 500,
    ErrorCode.EXPIRED: 410,
    ErrorCode.QUARANTINED: 422,
}

_ADVICE = {
    ErrorCode.UNSUPPORTED_TYPE: "Save it as JPEG or PNG, a clip as MP4, or take a screenshot of it.",
    ErrorCode.TOO_LARGE: "Cut a clip shorter, or save a smaller copy; a copy shows less than its original.",
    ErrorCode.TOO_MANY_PIXELS: "Scale it down or cut out the part in question; a copy shows less than its original.",
    ErrorCode.TRUNCATED: "It was probably not saved or downloaded to its end: fetch it again.",
    ErrorCode.UNREADABLE: "Open it in a viewer: if it shows, save it anew as PNG and send that copy.",
    ErrorCode.NO_VIDEO_STREAM: "It may hold sound alone. Send the clip itself, or a frame of it.",
    ErrorCode.TOO_SHORT: "Send a longer part of the clip, or one frame of it as a picture.",
    ErrorCode.FETCH_REFUSED: "Save the picture on your device and send the file.",
    ErrorCode.FETCH_FAILED: "Open the address yourself; if the picture shows, save it and send the file.",
    ErrorCode.TIMEOUT: "Try once more when fewer files wait, or send a smaller copy.",
    ErrorCode.ANALYSIS_CRASHED: "Try once more. If it happens again, save the picture anew and send that copy.",
    ErrorCode.EXPIRED: "Send the file again.",
    ErrorCode.QUARANTINED: "Save the picture anew as PNG and send that copy, or try tomorrow.",
}
"""What a person can do about it."""

_HTTP = {
    400: ("bad_request", "The request could not be understood."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing here, or it belongs to another browser."),
    405: ("method_not_allowed", "This address does not accept that kind of request."),
    413: (ErrorCode.TOO_LARGE, "The file is larger than accepted here."),
    429: ("too_many_requests", "Too many requests in a short time. Please wait a minute and try again."),
    500: ("internal", "Something went wrong on our side. It has been logged; please try again."),
}


class Refusal(Exception):  # noqa: N818 -- it is an answer, not a fault
    """An answer that is not the one hoped for."""

    def __init__(
        self, code: str, message: str, status: int | None = None, *, retry_after: int | None = None, advice: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or STATUS[ErrorCode(code)]
        self.retry_after = retry_after
        self._advice = advice

    @property
    def advice(self) -> str | None:
        """What to do about it, where there is something."""
        if self._advice:
            return self._advice
        return _ADVICE.get(ErrorCode(self.code)) if self.code in set(ErrorCode) else None


def init_app(app: Flask) -> None:
    """Answer every failure in the one shape, in the manner the client reads."""
    app.register_error_handler(Refusal, answer)
    app.register_error_handler(MediaDown, _from_media)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Exception, _from_bug)


def answer(refusal: Refusal) -> Response:
    """JSON for programs, a fragment for htmx, a page for people."""
    if wants_json():
        body = make_response(msgspec.json.encode({"error": {"code": refusal.code, "message": refusal.message}}))
        body.mimetype = "application/json"
    else:
        fragment = request.htmx and not request.htmx.history_restore_request
        body = make_response(render_template("_problem.html" if fragment else "problem.html", problem=refusal))
        if fragment:
            body.headers["HX-Reselect"] = "#problem"  # whatever part of a page the request meant to take
    body.status_code = refusal.status
    if refusal.retry_after is not None:
        body.headers["Retry-After"] = str(refusal.retry_after)
    return body


def _from_http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if isinstance(error, SecurityError):  # not one of our hosts: no page, whose addresses would be built on that name
        return Response("This server does not answer to that name.\n", status, mimetype="text/plain")
    if error.response is not None:  # a redirect, or an answer someone has already made
        return error.response
    code, message = _HTTP.get(status, (error.name.lower().replace(" ", "_"), f"{error.name}."))
    return answer(Refusal(code, message, status))


def _from_media(_error: MediaDown) -> Response:
    return answer(Refusal("media_down", "Files cannot be taken just now. Please try again soon.", 503, retry_after=30))


def _from_bug(error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    code, message = _HTTP[500]
    return answer(Refusal(code, message, 500))


def wants_json() -> bool:
    """Whether a program asks, by the address it uses or by what it accepts."""
    if request.path.endswith(".json") or request.path.startswith("/api/"):
        return True
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
