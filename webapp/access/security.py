"""What protects the pages: headers, cookies, CSRF tokens, host allow-list, limits of requests."""

from __future__ import annotations

import ipaddress
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, g, session, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_wtf.csrf import CSRFError, CSRFProtect
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from ..errors import Refusal, answer
from ..settings import Settings
from .auth import RETRY_AFTER, caller

_YEAR = 365 * 24 * 3600


def init_app(
    app: Flask,
    settings: Settings,
    *,
    costly: Mapping[str, str],
    guessed: Mapping[str, str],
    free: Sequence[str],
    by_token: Blueprint,
) -> None:
    """Put every protection in place.

    Parameters
    ----------
    costly
        Views that have a limit of requests of their own.
    guessed
        Views where secrets can be guessed: only wrong ones (401) count.
    free
        Views that have none.
    by_token
        Views that cookies do not open, so that they need no CSRF token.
    """
    app.config.update(
        SECRET_KEY=settings.secret_key or _own_key(settings),
        TRUSTED_HOSTS=list(settings.allowed_hosts),
        SESSION_COOKIE_NAME="detector",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        PERMANENT_SESSION_LIFETIME=_YEAR,
        SESSION_REFRESH_EACH_REQUEST=False,  # `owner` renews it once a day: static files and polls set no cookie
        WTF_CSRF_TIME_LIMIT=None,  # a page may stay open for days; the token lives as long as its session
        RATELIMIT_STORAGE_URI=settings.redis_url.replace("unix://", "redis+unix://", 1),
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 0.5, "socket_timeout": 2.0},
        RATELIMIT_HEADERS_ENABLED=True,
        RATELIMIT_HEADER_RETRY_AFTER=RETRY_AFTER,
        RATELIMIT_DEFAULT=settings.page_rate,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_IN_MEMORY_FALLBACK=settings.page_rate,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # -- Flask's own documented way
    limiter = Limiter(caller, app=app)
    for name, rate in costly.items():
        limited: Any = limiter.limit(rate)(app.view_functions[name])
        app.view_functions[name] = limited
    for name, rate in guessed.items():
        limited = limiter.limit(rate, deduct_when=_was_wrong)(app.view_functions[name])
        app.view_functions[name] = limited
    for name in free:
        limiter.exempt(app.view_functions[name])
    CSRFProtect(app).exempt(by_token)
    app.register_error_handler(CSRFError, _csrf_failed)
    headers = _headers(settings)

    @app.after_request
    def protect(response: Response) -> Response:
        stricter = response.headers.get("Referrer-Policy")  # a page whose address is a secret sends none
        headers.set_headers(response)
        if stricter:
            response.headers["Referrer-Policy"] = stricter
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


def owner() -> str:
    """Who asks: the account that is signed in; without accounts a random name in this browser's signed cookie.

    That name is made when first needed, and renewed once a day.
    """
    if "account" in g:
        account_id: str = g.account.id
        return account_id
    if "owner" not in session:
        session["owner"] = secrets.token_urlsafe(16)
        session.permanent = True
    today = int(time.time() // 86_400)
    if session.get("day") != today:
        session["day"] = today
    name: str = session["owner"]
    return name


def own_page(untrusted: str) -> str:
    """The page that a form names to come back to, if it is one of ours; else the first one."""
    parts = urlsplit(untrusted)
    ours = untrusted.startswith("/") and not untrusted.startswith("//") and not parts.scheme and not parts.netloc
    return untrusted if ours and untrusted.isprintable() and "\\" not in untrusted else url_for("pages.index")


def _was_wrong(response: Response) -> bool:
    return response.status_code == 401


def _csrf_failed(_error: CSRFError) -> ResponseReturnValue:
    return answer(
        Refusal("csrf_failed", "This page is too old, or your browser refuses cookies. Reload it and try again.", 400)
    )


def _own_key(settings: Settings) -> str:
    """The secret key kept in the data folder, made on first use, readable by us alone."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.data_dir / "secret.key"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(file, "w") as out:
            out.write(secrets.token_hex(32))
    key = path.read_text().strip()
    if len(key) < 32:
        raise ValueError(f"{path} does not hold a key; remove it to have one made")
    return key


def _headers(settings: Settings) -> Secure:
    policy = (
        ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .style_src("'self'")
        .img_src("'self'", "blob:")  # blob: the picture just chosen, shown from the person's own device
        .media_src("blob:")  # the first frame of the clip just chosen
        .connect_src("'self'")
        .manifest_src("'self'")
        .worker_src("'self'")
        .form_action("'self'")
        .frame_ancestors("'none'")
        .base_uri("'none'")
    )
    return Secure(
        csp=policy,
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        permissions=PermissionsPolicy().camera("'self'").microphone("()").geolocation("()"),
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
        hsts=StrictTransportSecurity().max_age(_YEAR) if settings.secure_cookies else None,
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
