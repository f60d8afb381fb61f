"""The API's way in for a table of addresses: a view of the blueprint in :mod:`webapp.api.v1`."""

from __future__ import annotations

from flask import Response, request, url_for

from ..access import auth
from ..intake.batch import addresses_of, start_batch
from ..intake.uploads import wants_clip, wants_numbers_only
from ..intake.webhooks import must_be_callable
from ..services import services
from .types import Batch, BatchItem, Problem
from .v1 import api, as_json


@api.post("/batches")
@auth.needs("check")
def create_batch() -> Response:
    """Start an analysis of each address of a table."""
    svc, owner = services(), auth.token().owner
    callback = must_be_callable(svc, owner, request.form.get("callback_url"))
    started = start_batch(
        svc,
        owner,
        addresses_of(request.files.get("file")),
        callback=callback,
        as_clip=wants_clip(request.form),
        numbers_only=wants_numbers_only(request.form),
    )
    return as_json(
        Batch(
            [
                BatchItem(
                    line=one.number,
                    url=one.url,
                    id=one.analysis_id,
                    page=url_for("pages.show", analysis_id=one.analysis_id) if one.analysis_id else None,
                    error=Problem(code=one.refusal.code, message=one.refusal.message) if one.refusal else None,
                )
                for one in started
            ]
        ),
        202,
    )
