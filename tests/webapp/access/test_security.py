"""Headers, tokens, hosts, limits, cookies."""

from __future__ import annotations

import dataclasses
import io
import re
import time

import brotli
import pytest
from werkzeug.routing import Rule

from tests.webapp.given import picture, send, token
from webapp.app import create_app


def unsafe_routes(app) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "pwa.share"]  # it does nothing: test_pwa
    return [rule for rule in rules if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}]


def test_pages_carry_a_strict_policy(client):
    headers = client.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-cache" in headers["Cache-Control"]


def test_pages_hold_nothing_a_strict_policy_would_stop(client):
    page = client.get("/").get_data(as_text=True)
    for forbidden in ("style=", "onclick", "<style", "javascript:", "hx-on", "//cdn", "https://"):
        assert forbidden not in page


EXPECTED = {"/api/v1/pairings": (403, "not_approved")}  # its body is the secret, and it is for extensions alone


def test_every_unsafe_route_wants_a_token(app, client):
    routes = unsafe_routes(app)
    assert routes
    for rule in routes:
        by_token = rule.rule.startswith("/api/")
        expected = EXPECTED.get(rule.rule, (401, "unauthorized") if by_token else (400, "csrf_failed"))
        address = re.sub(r"<[^>]+>", "A" * 22, rule.rule)
        for method in sorted(rule.methods - {"GET", "HEAD", "OPTIONS"}):
            answer = client.open(address, method=method, headers={"Accept": "application/json"})
            assert (answer.status_code, answer.json["error"]["code"]) == expected, rule


def test_a_token_of_another_browser_is_worth_nothing(app, client):
    form = {"csrf_token": token(app.test_client()), "file": (io.BytesIO(picture()), "a.jpg")}
    client.get("/")
    assert client.post("/analyses", data=form).status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"])
def test_foreign_hosts_are_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000"])
def test_own_hosts_are_served(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_uploads_are_limited_and_pages_are_not(settings, app):
    client = create_app(dataclasses.replace(settings, upload_rate="3 per minute")).test_client()
    answers = [send(client, picture()).status_code for _ in range(5)]
    assert answers == [303, 303, 303, 429, 429]
    assert client.get("/").status_code == 200


def test_the_cookie_is_hidden_from_scripts_and_other_sites(client):
    cookie = client.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_the_cookie_is_renewed_once_a_day_and_never_by_static_files(client, monkeypatch):
    client.get("/history")
    assert "Set-Cookie" not in client.get("/history").headers
    sheet = client.get(re.search(r'href="([^"]+/base\.css)"', client.get("/").get_data(as_text=True))[1])
    assert sheet.status_code == 200
    assert "Set-Cookie" not in sheet.headers
    tomorrow = time.time() + 86_400
    monkeypatch.setattr("webapp.access.security.time.time", lambda: tomorrow)
    assert "Expires=" in client.get("/history").headers["Set-Cookie"]
    assert "Set-Cookie" not in client.get("/history").headers


def test_styles_and_scripts_are_compressed_and_pages_with_a_token_are_not(client):
    page = client.get("/", headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in page.headers
    address = re.search(r'href="([^"]+/report\.css)"', page.get_data(as_text=True))[1]
    small = client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert "max-age=31536000" in small.headers["Cache-Control"]
    assert brotli.decompress(small.data) == client.get(address).data


def test_behind_tls_cookies_are_secure_and_browsers_told_to_insist(settings, app):
    client = create_app(dataclasses.replace(settings, secure_cookies=True)).test_client()
    answer = client.get("/", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_the_secret_key_is_made_once_and_private(settings, app):
    path = settings.data_dir / "secret.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert create_app(settings).config["SECRET_KEY"] == app.config["SECRET_KEY"] == path.read_text()


def test_403_stays_403_and_404_stays_404_as_json(app, client):
    from flask import abort

    app.add_url_rule("/forbidden", view_func=lambda: abort(403))
    for address, status in (("/forbidden", 403), ("/nowhere", 404)):
        answer = client.get(address, headers={"Accept": "application/json"})
        assert answer.status_code == status
        assert set(answer.json["error"]) == {"code", "message"}


def test_a_bug_is_500_without_its_traceback(app, client):
    app.add_url_rule("/bug", view_func=lambda: 1 / 0)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = client.get("/bug")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.get_data(as_text=True)


def test_without_redis_pages_answer_and_uploads_are_503_and_leave_nothing(settings, app, tmp_path):
    alone = create_app(dataclasses.replace(settings, redis_url=f"unix://{tmp_path}/nobody"))
    client = alone.test_client()
    assert client.get("/").status_code == 200
    answer = send(client, picture(), Accept="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "queue_down")
    assert not list(settings.media_dir.iterdir())


def test_health(client):
    assert client.get("/healthz").json == {"ok": True}
