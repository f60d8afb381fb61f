"""The page of one's webhooks: the secret that signs them, and what came of the newest ones."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ..access.security import owner
from ..presenters.webhook import newest_webhooks
from ..services import services

webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@webhooks.before_request
def must_be_on() -> None:
    """Without ``WEBHOOKS=1`` none of this is there."""
    if not services().settings.webhooks:
        abort(404)


@webhooks.get("")
def index() -> str:
    """Whether there is a secret, and the newest webhooks."""
    return _page()


@webhooks.post("/secret")
def make_secret() -> ResponseReturnValue:
    """A new secret: shown once, on the answer itself, which nobody keeps."""
    secret = services().webhooks.make_secret(owner())
    answer = make_response(_page(secret), 201)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@webhooks.post("/secret/delete")
def delete_secret() -> ResponseReturnValue:
    """Without a secret nothing is sent."""
    services().webhooks.delete_secret(owner())
    return redirect(url_for(".index"), 303)


def _page(secret: str | None = None) -> str:
    mine = owner()
    return render_template(
        "webhooks.html", secret=secret, since=services().webhooks.secret_since(mine), sent=newest_webhooks(mine)
    )
