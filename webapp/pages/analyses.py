"""The pages. Each view asks the services, hands the result to a template, and computes nothing itself."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from htmx_flask import make_response, request

from analysis.report import Report, from_json

from ..access.owned import delete_row, kept_report, refusal_of_row, row_of
from ..access.security import owner
from ..intake import submission as intake
from ..intake.uploads import accept, upload_key, wants_clip, wants_numbers_only
from ..presenters import report as present
from ..presenters.progress import progress
from ..presenters.remarks import remarks_context
from ..presenters.seen import seen
from ..services import services
from ..storage.rows import Analysis, JobState
from ..storage.store import KnownKey

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> str:
    """The landing page with its form. The browser gets its name here, before it sends several files at once."""
    owner()
    return render_template("index.html", settings=services().settings)


@pages.post("/analyses")
def create() -> ResponseReturnValue:
    """Take a file or an address, queue its analysis, and send the browser to its page.

    Scripts get its line of a list instead.

    An upload that carries a ``key`` may be sent again after a lost connection: it is analyzed once.
    """
    svc = services()
    key, as_clip, numbers = (
        upload_key(request.form.get("key")),
        wants_clip(request.form),
        wants_numbers_only(request.form),
    )
    file, untrusted_url = request.files.get("file"), request.form.get("url", "").strip()
    if untrusted_url and not file:
        address = intake.keep_address(svc, untrusted_url, as_clip=as_clip, numbers_only=numbers)
        address_key = intake.address_key(owner(), untrusted_url, as_clip=as_clip, numbers_only=numbers)
        return _started(intake.start_once(svc, owner(), address, address_key))
    upload = accept(file, as_clip=as_clip, numbers_only=numbers)
    try:
        analysis_id = intake.start(svc, owner(), upload, key)
    except KnownKey as known:
        svc.media.discard(upload.media)
        return _started(known.analysis_id)
    return _started(analysis_id)


@pages.get("/analyses/<analysis_id>")
def show(analysis_id: str) -> ResponseReturnValue:
    """An analysis as a page, in whatever state it is. A refused file's page carries the status of its code.

    Not to htmx, for which a page about a refusal is what it asked for and not an error beside the page before it.
    """
    row = _own(analysis_id)
    page = render_template("analysis.html", **_view(row))
    if not request.htmx or request.htmx.history_restore_request:
        return page, refusal_of_row(row).status if row.state == JobState.FAILED else 200
    # htmx follows the redirect of an upload by itself and would keep the form's address
    return make_response(page, push_url=None if "frame" in request.args else request.path)


@pages.get("/analyses/<analysis_id>/state")
def state(analysis_id: str) -> Response:
    """What a running analysis' page polls: how far it is, until the whole ended analysis takes the place of that.

    Only the running fragment carries a trigger, so polling stops. What surrounds it (the button that cancels) stays.
    """
    row = _own(analysis_id)
    shown = _view(row)
    if "progress" in shown:
        return make_response(render_template("_progress.html", polled=True, **shown))
    return make_response(render_template("_analysis.html", polled=True, **shown), retarget="#analysis")


@pages.get("/analyses/<analysis_id>/line")
def line(analysis_id: str) -> str:
    """An analysis as one line of a list, which asks again by itself until it has ended."""
    return render_template("_line.html", **_view(_own(analysis_id)))


@pages.post("/analyses/<analysis_id>/cancel")
def cancel(analysis_id: str) -> ResponseReturnValue:
    """Stop an analysis that waits or runs: its file is gone at once, its process within a second."""
    svc = services()
    media = svc.store.cancel(_own(analysis_id).id, owner())
    if media:
        svc.jobs.forget(analysis_id)
        svc.media.discard(media)
    return redirect(url_for(".show", analysis_id=analysis_id), 303)


@pages.get("/analyses/<analysis_id>/report.json")
def report_json(analysis_id: str) -> ResponseReturnValue:
    """The report as JSON, for keeping."""
    response = make_response(kept_report(_own(analysis_id)))
    response.mimetype = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="report-{analysis_id[:8]}.json"'
    return response


@pages.get("/analyses/<analysis_id>/lenses/<name>")
def lens(analysis_id: str, name: str) -> Response:
    """One derived picture."""
    found = services().store.lens(analysis_id, owner(), name)
    if found is None:
        abort(404)
    response = make_response(found.data)
    response.mimetype = found.mime
    response.add_etag()
    return response.make_conditional(request)


@pages.post("/analyses/<analysis_id>/delete")
def delete(analysis_id: str) -> ResponseReturnValue:
    """Remove an analysis with everything kept of it."""
    delete_row(analysis_id, owner())
    return redirect(url_for(".index"), 303)


@pages.get("/token")
def token() -> Response:
    """A CSRF token for scripts whose page may be older than its session: one kept for offline use, say."""
    owner()
    return make_response({"token": generate_csrf()}, 200, {"Cache-Control": "no-store"})


def _started(analysis_id: str) -> ResponseReturnValue:
    where = url_for(".show", analysis_id=analysis_id)
    if not request.htmx:
        return redirect(where, 303)
    return make_response(render_template("_line.html", **_view(_own(analysis_id))), 201, {"Location": where})


def _own(analysis_id: str) -> Analysis:
    return row_of(analysis_id, owner())


def _frame() -> int | None:
    """Which frame of a clip is looked at, if one was chosen."""
    return request.args.get("frame", type=int)


def _view(row: Analysis) -> dict[str, object]:
    """What ``_analysis.html`` shows of a row: how far it is, its report, or why there is none."""
    svc = services()
    if row.state == JobState.DONE and row.report is not None:
        report: Report = from_json(row.report)
        shown = present.report(report, svc.store.lens_names(row.id), _frame())
        return {
            "row": row,
            "report": shown,
            "said": svc.feedback.of(row.id),
            "seen": seen(row, report, svc.seen),
            **remarks_context(row, intake.engine_version(svc.settings)),
        }
    if row.state == JobState.FAILED:
        return {"row": row, "problem": refusal_of_row(row)}
    if row.state == JobState.CANCELLED:
        return {"row": row, "cancelled": True}
    waiting = svc.jobs.waiting(row.id) if row.state == JobState.QUEUED else None
    told = svc.jobs.progress(row.id)
    return {"row": row, "progress": progress(row, waiting, told)}
