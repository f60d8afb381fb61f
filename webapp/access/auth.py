"""Who may call, and from where: other web sites never, the API by token alone, extensions by their exact origin.

The API ignores cookies: a browser adds them to what any site makes it send, a token it does not. A browser says where a
request comes from (``Origin``, ``Sec-Fetch-Site``), and pages cannot change what it says; so a token that was made for
an extension works from that extension alone, and one made for a program works from no page at all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Flask, current_app, g, make_response, request
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response

from ..errors import Refusal
from ..services import services
from ..storage.tokens import ORIGIN, Token

RETRY_AFTER = "X-RateLimit-Retry-After"
"""How long the limiter says to wait, on every answer; ours say it where waiting is asked for (this is taken off)."""

View = TypeVar("View", bound=Callable[..., Any])

_API = "/api/"
_ALIVE = "/healthz"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_BASIC = 'Basic realm="AI Media Detector", charset="UTF-8"'
_METHODS = "GET, POST, DELETE"
_HEADERS = {
    "Access-Control-Allow-Methods": _METHODS,
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = "Location, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"


def init_app(app: Flask) -> None:
    """Look at where each request comes from, and whose it is, before anything else does."""
    app.before_request(_check_origin)
    app.after_request(_add_cors_headers)


def protect(blueprint: Blueprint) -> None:
    """Views of this blueprint need a token, but for those marked :func:`public`."""
    blueprint.before_request(_need_token)


def needs(scope: str) -> Callable[[View], View]:
    """The view needs a token with that scope."""

    def mark(view: View) -> View:
        view.scope = scope  # type: ignore[attr-defined]  # -- read again by _need_token
        return view

    return mark


public = needs("")
"""The view needs no token."""


def by_password(view: View) -> View:
    """The view, which only reads, takes the token as the password of basic authentication too: feed readers know it."""
    view.by_password = True  # type: ignore[attr-defined]  # -- read again by _secret
    return view


def token() -> Token:
    """The token of this request; there is one in every view that needs one."""
    found: Token = g.token
    return found


def caller() -> str:
    """Whose requests are counted together: those of a token, of an account, or else of an address."""
    found: Token | None = g.get("token")
    if found:
        return f"token:{found.id}"
    return f"account:{g.account.id}" if "account" in g else str(get_remote_address())


def _check_origin() -> Response | None:
    origin = request.headers.get("Origin")
    if request.path == _ALIVE and origin is not None and ORIGIN.fullmatch(origin):
        # any extension may see that a server lives here, so that it can tell why it is refused
        g.allowed_origin = origin
        return None
    if not request.path.startswith(_API):
        _stop_other_sites()
        return None
    if origin is None and request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        raise _foreign()
    if origin is not None:
        if not services().tokens.is_paired(origin):
            raise Refusal("not_paired", "This extension or site is not paired with this server.", 403)
        g.allowed_origin = origin
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return _preflight()
    g.token = _bearer(origin)
    return None


def _stop_other_sites() -> None:
    """Pages: another site may link to them, and nothing else."""
    site = request.headers.get("Sec-Fetch-Site")
    if site in {"cross-site", "same-site"}:
        if request.method not in _SAFE or request.headers.get("Sec-Fetch-Mode") != "navigate":
            raise _foreign()
    elif site is None and request.method not in _SAFE:
        origin = request.headers.get("Origin")
        if origin is not None and origin != request.host_url.rstrip("/"):
            raise _foreign()


def _bearer(origin: str | None) -> Token | None:
    secret = _secret()
    found = services().tokens.find(secret) if secret else None
    if found is None or (services().settings.sign_in and services().accounts.with_id(found.owner) is None):
        return None  # a token of a browser's, from before there were accounts
    if found.origin == origin:
        return found
    # a browser leaves the origin out of an extension's own reading requests, and out of nothing else
    return found if origin is None and request.method in _SAFE else None


def _secret() -> str:
    """The token as it was sent; empty where none was."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return sent.strip()
    if scheme.lower() == "basic" and _takes_password():
        try:
            return base64.b64decode(sent.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return ""


def _takes_password() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method in _SAFE and getattr(view, "by_password", False)


def _need_token() -> None:
    scope = getattr(current_app.view_functions.get(request.endpoint or ""), "scope", None)
    if scope == "":
        return
    if g.get("token") is None:
        raise Refusal("unauthorized", "This needs the token of a paired extension or program.", 401)
    if scope is None or scope not in token().scope.split():
        raise Refusal("out_of_scope", "The token does not allow this.", 403)


def _preflight() -> Response:
    answer = make_response("", 204)
    answer.headers.update(_HEADERS)
    if "Access-Control-Request-Private-Network" in request.headers:
        answer.headers["Access-Control-Allow-Private-Network"] = "true"
    return answer


def _add_cors_headers(response: Response) -> Response:
    """Let the paired extension, by its exact name, read the answer."""
    wait = response.headers.pop(RETRY_AFTER, None)
    if wait is not None and response.status_code == 429:
        response.headers["Retry-After"] = wait
    if request.path.startswith(_API):
        response.headers.add("Vary", "Origin")
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = _BASIC if _takes_password() else "Bearer"
    if "allowed_origin" in g:
        response.headers["Access-Control-Allow-Origin"] = g.allowed_origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    return response


def _foreign() -> Refusal:
    return Refusal("other_site", "Another web site may not do this here.", 403)
