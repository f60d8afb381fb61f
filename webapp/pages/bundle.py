"""Evidence bundles: one's own report as one signed file, and the page that checks a bundle somebody gives."""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from analysis.bundle import keys
from analysis.bundle.archive import BrokenBundle
from analysis.bundle.checking import Checked
from analysis.report import Report, from_json

from ..access.owned import reported_row_of
from ..access.security import owner
from ..errors import Refusal
from ..intake.bundles import ask_again, bundle_response, file_given_again
from ..presenters import bundle as present
from ..services import services
from ..storage.media_store import Incoming
from ..storage.rows import Analysis

bundles = Blueprint("bundles", __name__)

KEY_PATH = "/.well-known/ai-media-detector-key.pem"


@bundles.get("/analyses/<analysis_id>/bundle")
def offer(analysis_id: str) -> str:
    """What a bundle is, with and without the file."""
    row = _own(analysis_id)
    settings = services().settings
    return render_template(
        "bundle.html",
        row=row,
        report=from_json(row.report or b""),
        key=keys.key_fingerprint(present.public_key(settings)),
        stamped=services().bundles.stamp(row.id) is not None,
        missed_at=services().bundles.missed_stamp(row.id),
        may_ask=settings.time_stamp_url is not None and row.finished_at is not None,
        asked="asked" in request.args,
    )


@bundles.get("/analyses/<analysis_id>/bundle.zip")
def download(analysis_id: str) -> Response:
    """The bundle without the file."""
    return bundle_response(_own(analysis_id))


@bundles.post("/analyses/<analysis_id>/bundle.zip")
def download_with_file(analysis_id: str) -> Response:
    """The bundle with the file, which must be given again: it was deleted after its analysis."""
    row = _own(analysis_id)
    return bundle_response(row, file_given_again(row))


@bundles.post("/analyses/<analysis_id>/stamp")
def ask_for_stamp(analysis_id: str) -> ResponseReturnValue:
    """Have the worker ask once more for the time stamp that the report lacks."""
    row = _own(analysis_id)
    ask_again(row)
    return redirect(url_for(".offer", analysis_id=row.id, asked=1), 303)


@bundles.get("/verify")
def ask() -> str:
    """The form that takes a bundle."""
    return _verify()


@bundles.post("/verify")
def verify() -> ResponseReturnValue:
    """Check a bundle: read once, kept nowhere."""
    file = request.files.get("bundle")
    if file is None or not file.filename:
        raise Refusal("no_file", "No file was chosen.", 400)
    incoming = cast(Incoming, file.stream)
    incoming.seek(0)
    try:
        return _verify(present.check_bundle(services().settings, cast(BinaryIO, incoming), incoming.size))
    except BrokenBundle as problem:
        return _verify(problem=str(problem)), 422


@bundles.get(KEY_PATH)
def key() -> Response:
    """The public key of this server's bundles, for whoever has one to check."""
    pem = keys.pem_of(present.public_key(services().settings))
    return Response(pem, mimetype="application/x-pem-file", headers={"Cache-Control": "no-cache"})


def _verify(checked: Checked | None = None, problem: str | None = None) -> str:
    report: Report | None = checked.report if checked else None
    return render_template(
        "verify.html",
        checked=checked,
        said=checked.headline if checked else None,
        report=report,
        problem=problem,
        key=keys.key_fingerprint(present.public_key(services().settings)),
    )


def _own(analysis_id: str) -> Analysis:
    return reported_row_of(analysis_id, owner())
