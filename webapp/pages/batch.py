"""The page that takes a table of addresses and shows what becomes of each."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from ..access.security import owner
from ..intake.batch import MOST_LINES, addresses_of, start_batch
from ..intake.uploads import wants_clip, wants_numbers_only
from ..intake.webhooks import must_be_callable
from ..services import services

batch = Blueprint("batch", __name__, url_prefix="/batch")


@batch.get("")
def index() -> str:
    """The form."""
    mine = owner()
    return render_template(
        "batch.html", most=MOST_LINES, settings=services().settings, may_call=services().webhooks.secret_since(mine)
    )


@batch.post("")
def start() -> ResponseReturnValue:
    """Start an analysis of each address. The answer is the list of them, which follows each to its end."""
    svc, mine = services(), owner()
    callback = must_be_callable(svc, mine, request.form.get("callback_url", "").strip())
    started = start_batch(
        svc,
        mine,
        addresses_of(request.files.get("file")),
        callback=callback,
        as_clip=wants_clip(request.form),
        numbers_only=wants_numbers_only(request.form),
    )
    return make_response(render_template("batch_started.html", lines=started), 202)
