"""A bundle on request: made for this answer and kept nowhere, with the file where it is given again."""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Response, request, send_file

from analysis.bundle.archive import Content

from ..errors import Refusal
from ..presenters import bundle as present
from ..services import services
from ..storage.media_store import Incoming
from ..storage.rows import Analysis


def bundle_response(row: Analysis, file: Content | None = None) -> Response:
    """The bundle of a report as an answer, made in the private folder under no name."""
    if row.finished_at is None:
        raise Refusal("not_ready", "The report is still being computed.", 409, retry_after=1)
    out = services().media.scratch()
    try:
        present.write_bundle(services(), row, out, file)
    except ValueError as problem:
        out.close()
        raise Refusal("no_bundle", f"There can be no bundle of this: {problem}.", 409) from None
    out.seek(0)
    return send_file(out, "application/zip", as_attachment=True, download_name=f"evidence-{row.id[:8]}.zip")


def ask_again(row: Analysis) -> None:
    """Have the worker ask for the time stamp that a report lacks; a report that has one keeps it.

    Raises
    ------
    Refusal
        No authority is named on this server, or the report is not whole yet.
    """
    if services().settings.time_stamp_url is None:
        raise Refusal("no_authority", "This server asks no time-stamp authority.", 409)
    if row.finished_at is None:
        raise Refusal("not_ready", "The report is still being computed.", 409, retry_after=1)
    if services().bundles.stamp(row.id) is None:
        services().jobs.run_errand("worker.stamp_again", row.id)


def file_given_again(row: Analysis) -> Content:
    """The file of a request, if it is the very file that was judged.

    Raises
    ------
    Refusal
        There is none, or it is another one.
    """
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Refusal("no_file", "No file was chosen.", 400)
    incoming = cast(Incoming, file.stream)
    if incoming.sha256 != row.sha256:
        raise Refusal(
            "another_file",
            "This is another file than the one that was judged: its SHA-256 differs. Every copy that was saved anew "
            "is another file.",
            409,
        )
    return cast(BinaryIO, incoming)
