"""This browser's own checks: found again, and deleted for good. Who one is stands in a signed cookie, nowhere else."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from analysis.explain.headline import LOW, OPEN, headline
from analysis.explain.words import VERDICTS
from analysis.report import Verdict, from_json

from ..access.security import owner
from ..services import services
from ..storage.rows import Analysis

history = Blueprint("history", __name__)


@history.get("/history")
def index() -> str:
    """The list, searched and filtered."""
    words = request.args.get("q", "").strip()[:200]
    verdicts = [one for one in request.args.getlist("verdict") if one in set(Verdict)]
    if set(verdicts) & set(LOW):  # one in words
        verdicts = [*(one for one in verdicts if one not in LOW), *LOW]
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


@history.post("/history/delete")
def delete_all() -> ResponseReturnValue:
    """Remove everything of this browser."""
    forget(*services().archive.delete_all(owner()))
    return redirect(url_for(".index"), 303)


@history.post("/history/<analysis_id>/delete")
def delete(analysis_id: str) -> ResponseReturnValue:
    """Remove one check, and come back to the list."""
    row = services().store.delete(analysis_id, owner())
    if row is not None:  # deleting twice is deleting
        forget(row)
    return redirect(url_for(".index"), 303)


def forget(*rows: Analysis) -> None:
    """Take deleted analyses out of the queue, and their files out of the store."""
    doors = services()
    for row in rows:
        doors.jobs.forget(row.id)
        if row.media:
            doors.media.discard(row.media)
