"""Signing in and out of a server that is open to others, and the gate before everything else.

Without ``AUTH=1`` none of this is there. The API has its own tokens (:mod:`webapp.access.auth`); each belongs to an
account.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Flask, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.exceptions import SecurityError

from .. import language
from ..access.security import own_page
from ..errors import Refusal, wants_json
from ..services import services
from ..storage.accounts import Account

account = Blueprint("account", __name__)

OPEN = {
    "static",
    "bundles.key",  # who was given a bundle need not have an account
    "account.form",
    "account.enter",
    "about.choose_language",
    "health.alive",
    "health.ready",
    "health.metrics",  # it asks for more than an account by itself
    "pwa.manifest",  # browsers fetch it without cookies
    "pwa.worker",
    "pwa.share",  # takes nothing
}
"""What nobody needs to be signed in for."""
_LINKS = "shared."  # the views behind links to reports


@dataclass
class Person(UserMixin):
    """The account that is signed in in this browser, under the secret of this session."""

    account: Account
    secret: str

    def get_id(self) -> str:
        """What the cookie holds: not who it is, but a secret that the server can end."""
        return self.secret


def init_app(app: Flask, *, public_links: bool) -> None:
    """Let nobody in but those who have signed in."""
    manager = LoginManager(app)
    manager.session_protection = None  # it compares addresses, and phones change theirs

    manager.user_loader(_person)

    @app.before_request
    def gate() -> ResponseReturnValue | None:
        if request.path.startswith("/api/") or isinstance(request.routing_exception, SecurityError):
            return None  # its own tokens; not one of our names: refused without a page, whose addresses would hold it
        if current_user.is_authenticated:
            g.account = current_user.account
            return None
        if request.endpoint in OPEN or (public_links and (request.endpoint or "").startswith(_LINKS)):
            return None
        if request.method == "GET" and not wants_json() and "HX-Request" not in request.headers:
            asked = request.full_path if request.query_string else request.path
            return redirect(url_for("account.form", next=asked if asked != "/" else None), 303)
        raise Refusal("signed_out", "You are not signed in any more. Reload the page to sign in.", 401)

    app.register_blueprint(account)


def _person(secret: str) -> Person | None:
    found = services().accounts.signed_in(secret)
    return Person(found, secret) if found else None


@account.get("/sign-in")
def form() -> ResponseReturnValue:
    """The page that asks for the key."""
    if current_user.is_authenticated:
        return redirect(own_page(request.args.get("next", "")), 303)
    return _asks(request.args.get("next", ""))


@account.post("/sign-in")
def enter() -> ResponseReturnValue:
    """A key was shown: it opens a session, under a new cookie, or it does not."""
    found = services().accounts.with_key(request.form.get("key", "").strip())
    if found is None:
        return make_response(_asks(request.form.get("next", ""), wrong=True), 401)
    chosen = language.chosen()
    session.clear()
    language.choose_language(chosen)
    login_user(Person(found, services().accounts.sign_in(found)))
    session.permanent = True
    return redirect(own_page(request.form.get("next", "")), 303)


@account.post("/sign-out")
def leave() -> ResponseReturnValue:
    """End the session here and on the server; the browser forgets kept reports and files that wait."""
    services().accounts.sign_out(current_user.get_id())
    chosen = language.chosen()
    logout_user()
    session.clear()
    language.choose_language(chosen)
    answer = make_response(redirect(url_for(".form"), 303))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _asks(untrusted_next: str, *, wrong: bool = False) -> str:
    return render_template("sign_in.html", next=untrusted_next, wrong=wrong)
