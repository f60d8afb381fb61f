"""The page on which people pair their extension, and see and end what may use the API in their name."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access.security import owner
from ..errors import Refusal
from ..language import gettext
from ..services import services
from ..storage.tokens import CHALLENGE, ORIGIN, SCOPES, code_of

pairing = Blueprint("pairing", __name__, url_prefix="/pair")

_LONGEST_NAME = 60


@pairing.get("")
def index() -> str:
    """What is paired; or, opened by an extension, the question whether it may be.

    The browser gets its name here: else the answer and what the page fetches meanwhile would each give it another.
    """
    mine = owner()
    if "challenge" in request.args:
        challenge, origin, name = _asked(request.args)
        return render_template(
            "pair_approve.html", challenge=challenge, origin=origin, name=name, code=code_of(challenge), scopes=SCOPES
        )
    paired = request.args.get("paired")
    return render_template("pair.html", tokens=services().tokens.of(mine), paired=paired, scopes=SCOPES)


@pairing.post("")
def approve() -> ResponseReturnValue:
    """The person has compared the codes and agrees."""
    challenge, origin, name = _asked(request.form)
    services().tokens.approve(owner(), challenge, origin, name)
    return redirect(url_for(".index", paired=name), 303)


@pairing.post("/tokens")
def issue() -> ResponseReturnValue:
    """A token for a program outside of browsers: shown once, on the answer itself, which nobody keeps."""
    name = _name(request.form.get("name", ""), gettext("A program"))
    secret = services().tokens.issue(owner(), name)
    shown = services().tokens.of(owner())
    answer = make_response(render_template("pair.html", tokens=shown, secret=secret, name=name, scopes=SCOPES), 201)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pairing.post("/tokens/<token_id>/revoke")
def revoke(token_id: str) -> ResponseReturnValue:
    """End a token: the next call with it is refused."""
    if not services().tokens.revoke(token_id, owner()):
        abort(404)
    return redirect(url_for(".index"), 303)


def _asked(given: dict[str, str]) -> tuple[str, str, str]:
    """Challenge, origin and name of an extension that asks."""
    challenge, origin = given.get("challenge", ""), given.get("origin", "")
    if not CHALLENGE.fullmatch(challenge) or not ORIGIN.fullmatch(origin):
        raise Refusal("bad_pairing", "This link was not made by the extension. Start pairing in the extension.", 400)
    return challenge, origin, _name(given.get("name", ""), gettext("Browser extension"))


def _name(untrusted: str, otherwise: str) -> str:
    """A name as one short line of printable letters."""
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in untrusted).split())
    return name[:_LONGEST_NAME] or otherwise
