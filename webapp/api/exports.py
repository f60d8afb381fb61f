"""One's own checks as a table, as JSON and as a feed."""

from __future__ import annotations

import msgspec
from flask import Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from analysis.report import Verdict

from ..access import auth
from ..errors import Refusal
from ..presenters.export import MOST, Export, Exported, as_csv, as_rss, exported
from ..services import services
from .v1 import api

_LONGEST = 200


@api.get("/history.json")
@auth.needs("check")
def history_json() -> Response:
    """As JSON."""
    return make_response(msgspec.json.encode(Export(_chosen())), {"Content-Type": "application/json"})


@api.get("/history.csv")
@auth.needs("check")
def history_csv() -> Response:
    """As a table."""
    return make_response(as_csv(_chosen()), {"Content-Type": "text/csv; charset=utf-8"})


@api.get("/history.rss")
@auth.needs("check")
@auth.by_password
def history_rss() -> ResponseReturnValue:
    """As a feed; readers give the token as password."""
    home = url_for("history.index", _external=True)
    answer = make_response(as_rss(_chosen(external=True), home))
    answer.headers["Content-Type"] = "application/rss+xml; charset=utf-8"
    answer.add_etag()
    return answer.make_conditional(request)


def _chosen(*, external: bool = False) -> list[Exported]:
    """The checks that were asked for: by id (a batch), or by words and verdicts; all of them this owner's."""
    ids, words, verdicts = request.args.getlist("id"), request.args.get("q", ""), request.args.getlist("verdict")
    if len(ids) > MOST or len(words) > _LONGEST or not set(verdicts) <= set(Verdict):
        raise Refusal("bad_request", f"At most {MOST} ids, {_LONGEST} letters of words, and verdicts that exist.", 400)
    rows = services().archive.export(auth.token().owner, ids=ids, words=words, verdicts=verdicts, most=MOST)
    return exported(rows, lambda one: url_for("pages.show", analysis_id=one, _external=external))
