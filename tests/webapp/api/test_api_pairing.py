"""Pairing, tokens, and what a web site can make of a server on its visitor's machine: nothing."""

from __future__ import annotations

import io
import itertools
import re
import sqlite3

import pytest

from tests.webapp.given import picture, token
from webapp.storage.tokens import challenge_of, code_of

ORIGIN = "chrome-extension://" + "abcdefghijklmnop" * 2
FIREFOX = "moz-extension://01234567-89ab-cdef-0123-456789abcdef"
OTHER = "chrome-extension://" + "p" * 32
VERIFIER = "v" * 43
SITE = "https://news.example"


def approve(client, origin=ORIGIN, verifier=VERIFIER, name="Detector in Chromium"):
    form = {"csrf_token": token(client), "challenge": challenge_of(verifier), "origin": origin, "name": name}
    return client.post("/pair", data=form)


def claim(app, origin=ORIGIN, verifier=VERIFIER):
    """What the extension asks, in a browser of its own making: no cookies."""
    client = app.test_client(use_cookies=False)
    return client.post("/api/v1/pairings", json={"verifier": verifier}, headers={"Origin": origin} if origin else {})


def pair(app, client, origin=ORIGIN):
    assert approve(client, origin).status_code == 303
    return claim(app, origin).json["token"]


def ask(app, secret, method="GET", path="/token", **headers):
    client = app.test_client(use_cookies=False)
    given = {"Authorization": f"Bearer {secret}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.open(f"/api/v1{path}", method=method, headers=given)


def test_the_page_shows_the_code_and_who_asks(client):
    challenge = challenge_of(VERIFIER)
    page = client.get("/pair", query_string={"challenge": challenge, "origin": ORIGIN, "name": "My <b>Detector"})
    said = page.get_data(as_text=True)
    assert re.search(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", said)[0] == code_of(challenge)
    assert ORIGIN in said
    assert "My &lt;b&gt;Detector" in said
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_a_browser_has_its_name_before_the_person_agrees(app, client):
    """Its first page is this one; what that fetches at the same time must not make it somebody else."""
    client.get("/pair", query_string={"challenge": challenge_of(VERIFIER), "origin": ORIGIN})
    first = client.get_cookie("detector").value
    secret = pair(app, client)
    client.set_cookie("detector", first)  # as a slow answer that was under way all the time sets it
    client.get("/")
    assert ORIGIN in client.get("/pair").get_data(as_text=True)
    assert ask(app, secret, Origin=ORIGIN).status_code == 200


@pytest.mark.parametrize("origin", [ORIGIN, FIREFOX])
def test_an_approved_extension_gets_its_token_once(app, client, origin):
    assert claim(app, origin).status_code == 403
    approve(client, origin)
    got = claim(app, origin)
    assert (got.status_code, got.json["scope"]) == (201, ["check", "delete"])
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["Access-Control-Allow-Origin"] == origin
    assert claim(app, origin).json["error"]["code"] == "not_approved"
    facts = ask(app, got.json["token"], Origin=origin).json
    assert (facts["name"], facts["origin"]) == ("Detector in Chromium", origin)


def test_only_the_approved_origin_with_its_verifier_gets_it(app, client):
    approve(client)
    for origin, verifier in ((OTHER, VERIFIER), (None, VERIFIER), (SITE, VERIFIER), (ORIGIN, "w" * 43)):
        assert claim(app, origin, verifier).status_code == 403
    assert claim(app).status_code == 201


def test_an_approval_ends_after_minutes(app, client, monkeypatch):
    import webapp.storage.tokens as module

    approve(client)
    now = module.time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 601)
    assert claim(app).status_code == 403


def test_approving_wants_the_persons_own_click(app, client):
    form = {"challenge": challenge_of(VERIFIER), "origin": ORIGIN, "name": "x"}
    assert client.post("/pair", data=form).status_code == 400  # no CSRF token
    assert client.get("/pair", query_string=form).status_code == 200  # looking approves nothing
    assert claim(app).status_code == 403


STRANGE = [
    "", "null", "*", SITE, "moz-extension://*", "chrome-extension://*", "chrome-extension://" + "z" * 32, ORIGIN + "/",
    "chrome-extension://abc", ORIGIN + "\n", "http://127.0.0.1:8000", "moz-extension://0123",
]  # fmt: skip


def test_nothing_but_one_extension_can_be_paired(client):
    for origin in STRANGE:
        query = {"challenge": challenge_of(VERIFIER), "origin": origin, "name": "x"}
        assert client.get("/pair", query_string=query).status_code == 400, origin
        assert approve(client, origin).status_code == 400, origin


def test_a_token_works_from_its_origin_alone(app, client):
    secret = pair(app, client)
    pair(app, client, OTHER)
    assert ask(app, secret, Origin=ORIGIN).status_code == 200
    assert ask(app, secret, Origin=OTHER).status_code == 401  # paired as well, but with a token of its own
    assert ask(app, secret, Origin=SITE).status_code == 403
    assert ask(app, secret, Origin="null").status_code == 403
    # an extension's own GET carries no origin where it has the host permission; what changes something always does
    assert ask(app, secret, Sec_Fetch_Site="none").status_code == 200
    assert ask(app, secret, "DELETE").status_code == 401


def test_a_programs_token_works_from_no_page(app, client):
    secret = app.extensions["services"].tokens.issue("somebody", "a script")
    pair(app, client)
    assert ask(app, secret).status_code == 200
    for origin in (ORIGIN, SITE, "http://localhost"):
        assert ask(app, secret, Origin=origin).status_code in {401, 403}
    assert ask(app, secret, Sec_Fetch_Site="cross-site").status_code == 403


def test_revoking_ends_a_token_at_once(app, client):
    secret = pair(app, client)
    listed = client.get("/pair").get_data(as_text=True)
    assert "Detector in Chromium" in listed
    assert ORIGIN in listed
    address = re.search(r'action="(/pair/tokens/[^"]+/revoke)"', listed)[1]
    stranger = app.test_client()
    assert stranger.post(address, data={"csrf_token": token(stranger)}).status_code == 404
    assert "Detector in Chromium" not in stranger.get("/pair").get_data(as_text=True)
    assert ask(app, secret, Origin=ORIGIN).status_code == 200
    assert client.post(address, data={"csrf_token": token(client)}).status_code == 303
    answer = ask(app, secret, Origin=ORIGIN)
    assert answer.status_code == 403  # the origin is not paired any more
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_extension_can_end_its_own_token(app, client):
    secret = pair(app, client)
    assert ask(app, secret, "DELETE", Origin=ORIGIN).status_code == 204
    assert ask(app, secret).status_code == 401


def test_pairing_again_replaces_the_old_token(app, client):
    old, new = pair(app, client), pair(app, client)
    assert ask(app, old, Origin=ORIGIN).status_code == 401
    assert ask(app, new, Origin=ORIGIN).status_code == 200


def test_what_the_extension_checks_is_among_the_persons_own(app, client):
    secret = pair(app, client)
    sent = app.test_client(use_cookies=False).post(
        "/api/v1/analyses",
        data={"file": (io.BytesIO(picture()), "a.jpg")},
        headers={"Authorization": f"Bearer {secret}", "Origin": ORIGIN},
    )
    assert client.get(sent.json["page"]).status_code == 200
    assert app.test_client().get(sent.json["page"]).status_code == 404


def test_a_program_is_shown_its_token_once(app, client):
    answer = client.post("/pair/tokens", data={"csrf_token": token(client), "name": "my script"})
    assert answer.headers["Cache-Control"] == "no-store"
    secret = re.search(r">(amd_[A-Za-z0-9_-]{43})<", answer.get_data(as_text=True))[1]
    assert ask(app, secret).json["name"] == "my script"
    assert secret not in client.get("/pair").get_data(as_text=True)


def test_secrets_are_kept_as_hashes_and_never_logged(app, client, settings, caplog):
    caplog.set_level(0)
    secret = pair(app, client)
    ask(app, secret, Origin=ORIGIN)
    kept = b"".join(path.read_bytes() for path in settings.data_dir.rglob("*") if path.is_file())
    assert b"Detector in Chromium" in kept
    for word in (secret, secret.removeprefix("amd_"), VERIFIER):
        assert word.encode() not in kept
        assert word not in caplog.text
    with sqlite3.connect(settings.data_dir / "test.db") as database:
        assert len(database.execute("SELECT token_hash FROM tokens").fetchone()[0]) == 64


def test_scopes_are_kept(app, client, settings):
    secret = pair(app, client)
    with sqlite3.connect(settings.data_dir / "test.db") as database:
        database.execute("UPDATE tokens SET scope = 'check'")
    answer = ask(app, secret, "DELETE", f"/analyses/{'A' * 22}", Origin=ORIGIN)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "out_of_scope")
    assert ask(app, secret, Origin=ORIGIN).status_code == 200


def preflight(app, origin, path="/api/v1/analyses"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
        "Access-Control-Request-Private-Network": "true",
    }
    return app.test_client().options(path, headers=headers)


def test_preflights_are_answered_for_paired_origins_only(app, client):
    for origin in (ORIGIN, OTHER, SITE, "null", "http://localhost", FIREFOX):
        answer = preflight(app, origin)
        assert answer.status_code == 403
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    pair(app, client)
    answer = preflight(app, ORIGIN)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert preflight(app, OTHER).status_code == 403
    assert preflight(app, ORIGIN, "/analyses").headers.get("Access-Control-Allow-Origin") is None


# What a site can make its visitor's browser send to a server on the visitor's machine. The browser adds the headers.
FORM = {"Origin": SITE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FETCH = {"Origin": SITE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
NEIGHBOR = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}
OLD = {"Origin": SITE}
REBOUND = {"Host": "rebound.example", "Sec-Fetch-Site": "same-origin"}
PAGES = [("POST", "/analyses"), ("POST", "/pair"), ("POST", "/pair/tokens"), ("POST", "/history/delete")]
API = [("POST", "/api/v1/analyses"), ("POST", "/api/v1/lookups"), ("DELETE", "/api/v1/token"),
       ("POST", "/api/v1/pairings"), ("GET", "/api/v1/token"), ("GET", "/api/v1/openapi.json")]  # fmt: skip


def test_a_web_site_gets_nothing_from_the_local_server(app, client):
    pair(app, client)
    for headers, (method, path) in itertools.product((FORM, FETCH, NEIGHBOR, OLD, REBOUND), (*PAGES, *API)):
        answer = client.open(path, method=method, headers={"Accept": "application/json", **headers})
        assert answer.status_code in {400, 403}, (headers, path)
        assert headers is REBOUND or answer.json["error"]["code"] in {"other_site", "not_paired"}, (headers, path)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_nor_may_it_embed_or_read_anything(client):
    paths = ("/", "/pair", "/history", "/token", "/healthz", "/api/v1/token", "/static/icon.svg")
    for headers, path in itertools.product((FETCH, IMAGE, NEIGHBOR), paths):
        assert client.get(path, headers=headers).status_code == 403, (headers, path)


def test_an_extension_that_is_not_paired_sees_that_the_server_lives_and_nothing_else(client):
    asks = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": ORIGIN}
    answer = client.get("/healthz", headers=asks)
    assert answer.json == {"ok": True}
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    for path in ("/", "/pair", "/readyz", "/metrics", "/api/v1/token"):
        refused = client.get(path, headers=asks)
        assert refused.status_code == 403, path
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_links_to_the_pages_and_their_own_requests_work(client):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": "http://localhost"}
    typed = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
    for headers in (link, own, typed):
        assert client.get("/", headers=headers).status_code == 200
    form = {"csrf_token": token(client), "name": "a"}
    for headers in (own, {"Origin": "http://localhost"}, {}):
        assert client.post("/pair/tokens", data=form, headers=headers).status_code == 201
