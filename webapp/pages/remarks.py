"""What people say of a report: the note of its owner, and the verdict of a reviewer who may see it."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..access.owned import row_of
from ..access.security import owner
from ..errors import Refusal
from ..presenters.remarks import is_reviewer
from ..services import services
from ..storage.remarks import ReviewerSays, TooManyReviews

remarks = Blueprint("remarks", __name__)


@remarks.post("/analyses/<analysis_id>/note")
def note(analysis_id: str) -> ResponseReturnValue:
    """Keep the owner's note; an empty one deletes it."""
    text = "" if "delete" in request.form else request.form.get("text", "")
    if not services().remarks.put_note(analysis_id, owner(), text):
        abort(404)
    return redirect(url_for("pages.show", analysis_id=analysis_id, _anchor="remarks"), 303)


@remarks.post("/analyses/<analysis_id>/review")
def review(analysis_id: str) -> ResponseReturnValue:
    """A reviewer says what a file is, of a check of the reviewer's own."""
    _review(row_of(analysis_id, owner()).id)
    return redirect(url_for("pages.show", analysis_id=analysis_id), 303)


@remarks.post("/shared/<token>/review")
def review_shared(token: str) -> ResponseReturnValue:
    """The same of another's, whose link the reviewer was given."""
    found = services().archive.shared(token)
    if found is None:
        abort(404)
    _review(found[0].id)
    return redirect(url_for("shared.show", token=token), 303)


def _review(analysis_id: str) -> None:
    if not is_reviewer():
        raise Refusal("not_a_reviewer", "Only reviewers of this server can do this.", 403)
    says, source = request.form.get("says", ""), request.form.get("source", "").strip()
    if says not in set(ReviewerSays) or not source:
        raise Refusal("bad_request", "Choose what the file is, and say how that is known.", 400)
    try:
        kept = services().remarks.review(analysis_id, ReviewerSays(says), source, g.account.name)
    except TooManyReviews:
        raise Refusal("too_many_reviews", "This report was reviewed very often already.", 409) from None
    if not kept:
        abort(404)
