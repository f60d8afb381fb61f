"""The API's evidence bundles and the key they are signed with: views of the blueprint in :mod:`webapp.api.v1`."""

from __future__ import annotations

from flask import Response, make_response

from analysis.bundle import keys

from ..access import auth
from ..access.owned import reported_row_of
from ..intake.bundles import ask_again, bundle_response, file_given_again
from ..presenters.bundle import public_key
from ..services import services
from ..storage.rows import Analysis
from .types import SigningKey
from .v1 import api, as_json


@api.get("/analyses/<analysis_id>/bundle")
@auth.needs("check")
def bundle(analysis_id: str) -> Response:
    """The evidence bundle of a whole report, without the file."""
    return bundle_response(_with_report(analysis_id))


@api.post("/analyses/<analysis_id>/bundle")
@auth.needs("check")
def bundle_with_file(analysis_id: str) -> Response:
    """The bundle with the file, which is sent again and must be the very same."""
    row = _with_report(analysis_id)
    return bundle_response(row, file_given_again(row))


@api.post("/analyses/<analysis_id>/stamp")
@auth.needs("check")
def ask_for_stamp(analysis_id: str) -> Response:
    """Have the worker ask once more for the time stamp that a whole report lacks."""
    ask_again(_with_report(analysis_id))
    return make_response("", 202)


@api.get("/key")
@auth.public
def signing_key() -> Response:
    """The public key of this server's bundles."""
    key = public_key(services().settings)
    return as_json(SigningKey(fingerprint=keys.key_fingerprint(key), pem=keys.pem_of(key).decode()))


def _with_report(analysis_id: str) -> Analysis:
    return reported_row_of(analysis_id, auth.token().owner)
