"""The API's notes and reviews: views of the blueprint in :mod:`webapp.api.v1`."""

from __future__ import annotations

from flask import Response, make_response

from ..access import auth
from ..errors import Refusal
from ..services import services
from ..storage.accounts import REVIEWERS
from ..storage.remarks import ReviewerSays, TooManyReviews
from .types import NoteBody, ReviewBody
from .v1 import api, body, own

_NOT_READY = ("not_ready", "There is no verdict to speak of: this analysis has not ended with one.", 409)


@api.post("/analyses/<analysis_id>/note")
@auth.needs("check")
def note(analysis_id: str) -> Response:
    """Keep the owner's note in place of the one before; an empty one deletes it."""
    text = body(NoteBody).text
    own(analysis_id)
    if not services().remarks.put_note(analysis_id, auth.token().owner, text):
        raise Refusal(*_NOT_READY)
    return make_response("", 204)


@api.post("/analyses/<analysis_id>/review")
@auth.needs("check")
def review(analysis_id: str) -> Response:
    """A reviewer says what a file is; it stands above the detector's verdict."""
    said = body(ReviewBody)
    own(analysis_id)
    settings, account = services().settings, services().accounts.with_id(auth.token().owner)
    if not settings.sign_in or account is None or account.role not in REVIEWERS:
        raise Refusal("not_a_reviewer", "Only reviewers of this server can do this.", 403)
    try:
        kept = services().remarks.review(analysis_id, ReviewerSays(said.says), said.source, account.name)
    except TooManyReviews:
        raise Refusal("too_many_reviews", "This report was reviewed very often already.", 409) from None
    if not kept:
        raise Refusal(*_NOT_READY)
    return make_response("", 204)
