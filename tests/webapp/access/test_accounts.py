"""A server open to others: nobody gets in without a key, keys and sessions can be ended, and wrong keys lock out."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.webapp.given import done, picture, send, token
from webapp.app import create_app
from webapp.pages.account import OPEN
from webapp.storage.accounts import LIFETIME, Role

CHALLENGE, ORIGIN = "c" * 43, "chrome-extension://" + "a" * 32


@pytest.fixture
def site(settings, app):
    """The application with accounts."""
    made = create_app(dataclasses.replace(settings, sign_in=True))
    yield made
    made.extensions["services"].close()


@pytest.fixture
def accounts(site):
    return site.extensions["services"].accounts


@pytest.fixture
def stranger(site):
    """A browser that is not signed in."""
    return site.test_client()


def form_token(client):
    page = client.get("/sign-in").get_data(as_text=True)
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def show(client, key, **more):
    return client.post("/sign-in", data={"csrf_token": form_token(client), "key": key, **more})


@pytest.fixture
def member(site, accounts):
    """A browser in which an account of some name and role is signed in."""

    def make(name="ada", role=Role.USER):
        client = site.test_client()
        client.key = accounts.add(name, role)
        assert show(client, client.key).status_code == 303
        return client

    return make


def test_every_page_and_the_whole_api_need_an_account(site, stranger):
    walked = 0
    for rule in site.url_map.iter_rules():
        address = re.sub(r"<int:[^>]+>", "1", rule.rule)
        address = re.sub(r"<[^>]+>", "A" * 22, address)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = stranger.open(address, method=method, headers={"Accept": "text/html"})
            if rule.endpoint in {*OPEN, "api.openapi", "api.signing_key"}:
                continue
            walked += 1
            if rule.endpoint == "api.claim":  # its body is the secret, and only an account approves it
                assert answer.status_code == 403
            elif rule.rule.startswith("/api/") or method != "GET":
                assert answer.status_code == 401, (method, rule)
            elif rule.rule.endswith(".json"):  # asked for by programs
                assert answer.status_code == 401, rule
            else:
                assert answer.status_code == 303, rule
                assert answer.headers["Location"].startswith("/sign-in"), rule
    assert walked > 30


def test_what_is_open_tells_nothing_of_anybody(stranger, settings):
    for address in ("/healthz", "/sign-in", "/manifest.webmanifest", "/sw.js"):
        assert stranger.get(address).status_code == 200
    assert stranger.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 403


def test_unknown_addresses_are_not_told_from_known_ones(stranger):
    assert stranger.get("/nowhere").status_code == stranger.get("/history").status_code == 303


def test_scripts_and_htmx_are_told_instead_of_sent_to_a_page(stranger):
    for headers in ({"Accept": "application/json"}, {"HX-Request": "true"}):
        assert stranger.get("/token", headers=headers).status_code == 401


def test_a_key_lets_in_and_the_page_asked_for_follows(stranger, accounts):
    key = accounts.add("ada", Role.USER)
    sent = stranger.get("/history?q=a%20b").headers["Location"]
    page = stranger.get(sent).get_data(as_text=True)
    asked = re.search(r'name="next" value="([^"]+)"', page)[1]
    assert show(stranger, key, next=asked).headers["Location"] == "/history?q=a%20b"
    page = stranger.get("/history").get_data(as_text=True)
    assert "Signed in as ada" in page


@pytest.mark.parametrize(
    "untrusted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "evil", "/\r\nX: y", ""],
)
def test_signing_in_leads_to_no_other_site(stranger, accounts, untrusted):
    key = accounts.add("ada", Role.USER)
    assert show(stranger, key, next=untrusted).headers["Location"] == "/"


@pytest.mark.parametrize("key", ["", "amk_" + "x" * 43, "amk_\0", "\ud800", "a" * 10_000])
def test_a_wrong_key_does_not(stranger, accounts, key):
    accounts.add("ada", Role.USER)
    assert show(stranger, key.encode("utf-8", "surrogatepass")).status_code == 401
    assert stranger.get("/history").status_code == 303


def test_wrong_keys_lock_out_even_the_right_one_and_only_their_address(site, accounts):
    key = accounts.add("ada", Role.USER)
    client = site.test_client()
    answers = [show(client, "wrong").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    locked = show(client, key)
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 60
    other = site.test_client()
    other.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    assert show(other, key).status_code == 303


def test_right_keys_do_not_count(site, accounts):
    key = accounts.add("ada", Role.USER)
    assert [show(site.test_client(), key).status_code for _ in range(12)] == [303] * 12


def test_signing_in_needs_the_token_of_the_form(stranger, accounts):
    key = accounts.add("ada", Role.USER)
    stranger.get("/sign-in")
    assert stranger.post("/sign-in", data={"key": key}).status_code == 400


def test_the_session_begins_anew_and_what_was_before_is_worth_nothing(stranger, accounts):
    before = form_token(stranger)
    old = stranger.get_cookie("detector").value
    show(stranger, accounts.add("ada", Role.USER))
    assert stranger.get_cookie("detector").value != old
    form = {"csrf_token": before, "name": "x"}
    assert stranger.post("/pair/tokens", data=form).status_code == 400
    stranger.set_cookie("detector", old)
    assert stranger.get("/history").status_code == 303


def test_signing_out_ends_the_session_on_the_server_too(member):
    client = member()
    copied = client.get_cookie("detector").value
    answer = client.post("/sign-out", data={"csrf_token": token(client)})
    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/history").status_code == 303
    client.set_cookie("detector", copied)
    assert client.get("/history").status_code == 303


def test_a_session_runs_out(member, monkeypatch):
    client = member()
    monkeypatch.setattr("webapp.storage.accounts.time.time", lambda: 4e9)
    assert client.get("/history").status_code == 303
    assert LIFETIME < 1e9


def test_the_history_follows_the_account_not_the_browser(site, accounts, member):
    first, other = member("ada"), member("bob")
    second = site.test_client()
    show(second, first.key)
    address = done(first, site.extensions["services"])
    assert second.get(address).status_code == 200
    assert other.get(address).status_code == 404
    assert address in second.get("/history").get_data(as_text=True)
    assert address not in other.get("/history").get_data(as_text=True)


def test_links_to_reports_need_an_account_unless_the_operator_says_otherwise(site, settings, member):
    doors = site.extensions["services"]
    client = member()
    analysis_id = done(client, doors).rpartition("/")[2]
    link = doors.archive.share(analysis_id, doors.accounts.all()[0].id, 3600)
    assert site.test_client().get(f"/shared/{link}").status_code == 303
    opened = create_app(dataclasses.replace(settings, sign_in=True, public_links=True)).test_client()
    assert opened.get(f"/shared/{link}").status_code == 200
    assert opened.get("/history").status_code == 303


def paired(client, site):
    """Pair an extension in that browser; its token."""
    verifier = "v" * 43
    from webapp.storage.tokens import challenge_of

    form = {"csrf_token": token(client), "challenge": challenge_of(verifier), "origin": ORIGIN, "name": "Mine"}
    assert client.post("/pair", data=form).status_code == 303
    claimed = site.test_client().post("/api/v1/pairings", json={"verifier": verifier}, headers={"Origin": ORIGIN})
    assert claimed.status_code == 201
    return {"Authorization": f"Bearer {claimed.json['token']}", "Origin": ORIGIN}


def test_an_extension_sent_to_sign_in_comes_back_to_its_pairing(stranger):
    answer = stranger.get(f"/pair?challenge={CHALLENGE}&origin={ORIGIN}&name=Mine")
    assert answer.status_code == 303
    assert CHALLENGE in answer.headers["Location"]


def test_a_paired_extension_works_for_its_account_until_that_ends(site, accounts, member):
    client = member()
    bearer = paired(client, site)
    api = site.test_client()
    assert api.get("/api/v1/token", headers=bearer).status_code == 200
    assert accounts.revoke("ada")
    assert api.get("/api/v1/token", headers=bearer).status_code in {401, 403}
    assert client.get("/history").status_code == 303
    assert show(site.test_client(), client.key).status_code == 401


def test_tokens_of_the_time_before_accounts_open_nothing(site, app):
    secret = app.extensions["services"].tokens.issue("some-browser", "script")
    bearer = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/v1/token", headers=bearer).status_code == 200
    assert site.test_client().get("/api/v1/token", headers=bearer).status_code == 401


def test_a_new_key_ends_the_old_one_and_keeps_the_history(site, accounts, member):
    client = member()
    address = done(client, site.extensions["services"])
    bearer = paired(client, site)
    key = accounts.renew("ada")
    assert site.test_client().get("/api/v1/token", headers=bearer).status_code in {401, 403}
    assert client.get("/history").status_code == 303
    assert show(site.test_client(), client.key).status_code == 401
    again = site.test_client()
    show(again, key)
    assert again.get(address).status_code == 200


def test_removing_an_account_removes_its_checks(site, accounts, member):
    doors = site.extensions["services"]
    client, other = member("ada"), member("bob")
    done(client, doors)
    kept = done(other, doors)
    assert accounts.remove("ada")
    assert doors.store.ping() == 1
    assert other.get(kept).status_code == 200
    assert [one.name for one in accounts.all()] == ["bob"]


def test_keys_and_sessions_are_not_in_the_database(site, accounts, member, settings):
    client = member()
    with client.session_transaction() as session:
        secret = session["_user_id"]
    kept = b"".join(path.read_bytes() for path in settings.data_dir.glob("test.db*"))
    assert b"ada" in kept
    assert client.key.encode() not in kept
    assert secret.encode() not in kept


def test_two_accounts_have_two_names(accounts):
    accounts.add("ada", Role.USER)
    for name in ("ada", "", "  ", "a\nb"):
        with pytest.raises(ValueError, match="account"):
            accounts.add(name, Role.USER)


def test_an_administrator_reads_the_figures_in_the_browser_and_a_user_does_not(member):
    far = {"REMOTE_ADDR": "192.0.2.1"}
    assert member("root", Role.ADMIN).get("/metrics", environ_base=far).status_code == 200
    assert member("ada").get("/metrics", environ_base=far).status_code == 403


def test_without_accounts_nothing_of_this_is_there(client):
    assert client.get("/sign-in").status_code == 404
    assert client.get("/history").status_code == 200
    assert "Sign out" not in client.get("/").get_data(as_text=True)
    assert send(client, picture()).status_code == 303


@pytest.mark.parametrize("address", ["/", "/sign-in", "/history"])
def test_a_name_that_is_not_ours_is_refused_without_a_page(stranger, address):
    answer = stranger.get(address, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "Location" not in answer.headers
