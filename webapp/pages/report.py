"""What one can do with a report: take its numbers away, name it, share it by a link, lay two side by side."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import make_response, request

from analysis.explain.statements import embedded_thumbnail
from analysis.explain.words import VERDICTS
from analysis.registry import all_analyzers
from analysis.report import Pending, Report, from_json

from ..access.owned import reported_row_of
from ..access.security import is_loopback, owner
from ..errors import Refusal
from ..intake.submission import engine_version
from ..presenters import report as present
from ..presenters.compare import component_differences
from ..presenters.export import cell
from ..presenters.remarks import remarks_context
from ..presenters.seen import seen
from ..services import services
from ..storage.archive import Share, TooManyShares
from ..storage.feedback import LONGEST_FEEDBACK, Says
from ..storage.rows import Analysis, Lens

reports = Blueprint("reports", __name__)
shared = Blueprint("shared", __name__)

STOP_POLLING = 286  # htmx's own status
LIFETIMES = (3600.0, 86_400.0, 7 * 86_400.0, 30 * 86_400.0)
"""Seconds a link may live, as offered."""


@reports.get("/analyses/<analysis_id>/metrics.csv")
def metrics_csv(analysis_id: str) -> Response:
    """Every metric of one's own report as a table."""
    return _csv(_finished(analysis_id)[1], analysis_id[:8])


@reports.get("/analyses/<analysis_id>/rest")
def rest(analysis_id: str) -> Response:
    """What has come since the answer; nothing while it is still being computed."""
    row = services().store.get(analysis_id, owner())
    return _rest(row, from_json(row.report) if row is not None and row.report is not None else None)


@reports.get("/analyses/<analysis_id>/thumbnails/<int:number>")
def thumbnail(analysis_id: str, number: int) -> Response:
    """A small picture that the file's credentials hold."""
    return _jpeg(embedded_thumbnail(_finished(analysis_id)[1], number))


@reports.post("/analyses/<analysis_id>/name")
def rename(analysis_id: str) -> ResponseReturnValue:
    """Keep a name for a check, or drop it."""
    name = " ".join(request.form.get("name", "").split())[:120]
    if not services().archive.rename(analysis_id, owner(), name):
        abort(404)
    return redirect(url_for("pages.show", analysis_id=analysis_id, _anchor="take"), 303)


@reports.post("/analyses/<analysis_id>/feedback")
def feedback(analysis_id: str) -> ResponseReturnValue:
    """Keep what a person says of a verdict they hold to be wrong."""
    says, note = request.form.get("says", ""), request.form.get("note", "")[:LONGEST_FEEDBACK]
    if says not in set(Says):
        raise Refusal("bad_request", "Choose what you know the file to be.", 400)
    if not services().feedback.put(analysis_id, owner(), Says(says), note):
        abort(404)
    return redirect(url_for("pages.show", analysis_id=analysis_id, _anchor="wrong"), 303)


@reports.get("/analyses/<analysis_id>/share")
def sharing(analysis_id: str) -> str:
    """The links to a report, and a form for a new one."""
    return _sharing(_finished(analysis_id)[0])


@reports.post("/analyses/<analysis_id>/share")
def share(analysis_id: str) -> ResponseReturnValue:
    """Make a link; its address is shown in the answer and never again."""
    row, _ = _finished(analysis_id)
    lifetime = request.form.get("lifetime", type=float)
    if lifetime not in LIFETIMES:
        raise Refusal("bad_request", "Choose how long the link shall work.", 400)
    try:
        token = services().archive.share(row.id, owner(), lifetime)
    except TooManyShares:
        raise Refusal("too_many_links", "This report has many links already. Revoke one first.", 409) from None
    if token is None:
        abort(404)
    return make_response(_sharing(row, url_for("shared.show", token=token, _external=True)), 201)


@reports.post("/analyses/<analysis_id>/share/<share_id>/revoke")
def revoke(analysis_id: str, share_id: str) -> ResponseReturnValue:
    """End a link at once."""
    if not services().archive.revoke(analysis_id, owner(), share_id):
        abort(404)
    return redirect(url_for(".sharing", analysis_id=analysis_id), 303)


@reports.get("/compare")
def compare() -> str:
    """Two of one's own reports side by side; with fewer than two, a list to choose from."""
    chosen = list(dict.fromkeys(request.args.getlist("id")))
    if len(chosen) > 2:
        rows = [_finished(one)[0] for one in chosen[:50]]
        return render_template("compare_choose.html", first=None, rows=rows, many=len(rows))
    if len(chosen) < 2:
        first = _finished(chosen[0])[0] if chosen else None
        page = services().archive.history(owner(), verdicts=list(VERDICTS))
        return render_template("compare_choose.html", first=first, rows=[r for r in page.rows if r.id not in chosen])
    pair = [_finished(one) for one in chosen]
    columns = [(row, present.report(found, services().store.lens_names(row.id))) for row, found in pair]
    return render_template("compare.html", columns=columns, differences=component_differences(pair[0][1], pair[1][1]))


@shared.get("/shared/<token>")
def show(token: str) -> ResponseReturnValue:
    """A report for whoever has the link: to be read, not to be changed, and not to be indexed."""
    row, link, found = _shared(token)
    names = services().store.lens_names(row.id)
    shown = present.report(found, names, request.args.get("frame", type=int))
    page = render_template(
        "shared.html",
        row=row,
        report=shown,
        shared=token,
        link=link,
        seen=seen(row, found, services().seen, shared=True),
        **remarks_context(row, engine_version(services().settings)),
    )
    return _unlisted(make_response(page))


@shared.get("/shared/<token>/rest")
def shared_rest(token: str) -> Response:
    """What has come of a shared report since its answer."""
    row, _, found = _shared(token)
    return _unlisted(_rest(row, found, shared=token))


@shared.get("/shared/<token>/lenses/<name>")
def lens(token: str, name: str) -> Response:
    """One derived picture of a shared report."""
    return _unlisted(_picture(services().archive.shared_lens(token, name)))


@shared.get("/shared/<token>/thumbnails/<int:number>")
def shared_thumbnail(token: str, number: int) -> Response:
    """A small picture that a shared report's credentials hold."""
    return _unlisted(_jpeg(embedded_thumbnail(_shared(token)[2], number)))


@shared.get("/shared/<token>/report.json")
def shared_json(token: str) -> Response:
    """A shared report as JSON."""
    row = _shared(token)[0]
    response = make_response(row.report)
    response.mimetype = "application/json"
    response.headers["Content-Disposition"] = 'attachment; filename="report.json"'
    return _unlisted(response)


@shared.get("/shared/<token>/metrics.csv")
def shared_csv(token: str) -> Response:
    """A shared report's metrics."""
    return _unlisted(_csv(_shared(token)[2], "shared"))


def _finished(analysis_id: str) -> tuple[Analysis, Report]:
    row = reported_row_of(analysis_id, owner())
    return row, from_json(row.report or b"")


def _shared(token: str) -> tuple[Analysis, Share, Report]:
    found = services().archive.shared(token)
    if found is None or found[0].report is None:
        advice = "Ask whoever gave it to you for a new one."
        raise Refusal("expired", "This link has expired or was revoked, or never existed.", 404, advice=advice)
    return *found, from_json(found[0].report)


def _sharing(row: Analysis, address: str | None = None) -> str:
    links = services().archive.shares(row.id, owner())
    return render_template(
        "sharing.html", row=row, links=links, address=address, lifetimes=LIFETIMES, local=is_local(request.host)
    )


def is_local(host: str) -> bool:
    """Whether a server that is asked under this name, with or without a port, is reached from its own machine alone.

    >>> is_local("127.0.0.1:8000"), is_local("[::1]:8000"), is_local("localhost"), is_local("detector.example:8000")
    (True, True, True, False)
    """
    name = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name.strip("[]"))


def _unlisted(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _picture(found: Lens | None) -> Response:
    if found is None:
        abort(404)
    response = make_response(found.data)
    response.mimetype = found.mime
    return response


def _jpeg(data: bytes | None) -> Response:
    if data is None:
        abort(404)
    response = make_response(data)
    response.mimetype = "image/jpeg"
    return response


def _rest(row: Analysis | None, found: Report | None, **whose: str) -> Response:
    """To htmx, 204 changes nothing, and 286 ends the asking: there is nothing left to ask about."""
    if row is None or found is None:
        return make_response("", STOP_POLLING)
    if found.pending:
        return make_response("", 204)
    shown = present.report(found, services().store.lens_names(row.id))
    return make_response(render_template("_rest.html", row=row, report=shown, **whose))


def _csv(found: Report, name: str) -> Response:
    if Pending.MEASUREMENTS in found.pending:
        raise Refusal("not_ready", "The measurements are still being taken.", 409, retry_after=1)
    about = {(a.component, metric.name): metric for a in all_analyzers() for metric in a.metrics}
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(
        ["component", "status", "metric", "value", "unit", "low", "high", "usual_low", "usual_high", "describes"]
    )
    for component, result in found.components.items():
        for metric, value in result.metrics.items():
            declared = about.get((component, metric))
            usual = result.ranges.get(metric)
            extra: list[object] = [declared.unit, declared.low, declared.high] if declared else [""] * 3
            extra += [usual.low, usual.high] if usual else [""] * 2
            extra += [declared.describes if declared else ""]
            table.writerow([cell(entry) for entry in (component, result.status, metric, value, *extra)])
    response = make_response(out.getvalue())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="metrics-{name}.csv"'
    return response
