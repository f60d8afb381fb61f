"""This browser's own checks: found again, and deleted for good. Who one is stands in a signed cookie, nowhere else."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from analysis.explain.headline import LOW, OPEN, headline
from analysis.explain.words import VERDICTS
from analysis.report import Verdict, from_json

from ..access.security import owner
from ..presenters.export import MOST, Export, Exported, as_csv, exported
from ..services import services

history = Blueprint("history", __name__)


@history.get("/history")
def index() -> str:
    """The list, searched and filtered."""
    words, verdicts = _searched()
    page = services().archive.history(
        owner(), words=words, verdicts=verdicts, before=request.args.get("before", type=float)
    )
    # of these verdicts the headline may say more than the verdict: a hint, broken credentials, a camera's credential
    calm = [row.id for row in page.rows if row.verdict in OPEN]
    headlines = {at: headline(from_json(text)) for at, text in services().archive.reports(calm).items()}
    choices = [(verdict, said) for verdict, said in VERDICTS.items() if verdict is not LOW[0]]
    return render_template(
        "history.html",
        page=page,
        words=words,
        verdicts=verdicts,
        all_verdicts=VERDICTS,
        choices=choices,
        headlines=headlines,
        settings=services().settings,
    )


@history.get("/history.csv")
def as_table() -> Response:
    """The list, or what of it was searched for, as a table."""
    return _file(as_csv(_chosen()), "text/csv; charset=utf-8", "checks.csv")


@history.get("/history.json")
def as_json() -> Response:
    """The same as JSON."""
    return _file(msgspec.json.encode(Export(_chosen())), "application/json", "checks.json")


@history.post("/history/delete")
def delete_all() -> ResponseReturnValue:
    """Remove everything of this browser."""
    services().forget(*services().archive.delete_all(owner()))
    return redirect(url_for(".index"), 303)


@history.post("/history/<analysis_id>/delete")
def delete(analysis_id: str) -> ResponseReturnValue:
    """Remove one check, and come back to the list."""
    row = services().store.delete(analysis_id, owner())
    if row is not None:  # deleting twice is deleting
        services().forget(row)
    return redirect(url_for(".index"), 303)


def _chosen() -> list[Exported]:
    words, verdicts = _searched()
    ids = request.args.getlist("id")[:MOST]
    rows = services().archive.export(owner(), ids=ids, words=words, verdicts=verdicts, most=MOST)
    return exported(rows, lambda one: url_for("pages.show", analysis_id=one))


def _searched() -> tuple[str, list[str]]:
    """Words and verdicts that are searched for."""
    verdicts = [one for one in request.args.getlist("verdict") if one in set(Verdict)]
    if set(verdicts) & set(LOW):  # one in words
        verdicts = [*(one for one in verdicts if one not in LOW), *LOW]
    return request.args.get("q", "").strip()[:200], verdicts


def _file(content: str | bytes, kind: str, name: str) -> Response:
    response = make_response(content, 200, {"Content-Type": kind})
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
