"""``python -m webapp COMMAND``: the look before the start, and the list of accounts."""

from __future__ import annotations

import os

import pytest

from webapp.ops import commands
from webapp.storage.accounts import Accounts
from webapp.storage.store import Store


@pytest.fixture
def environment(settings, monkeypatch):
    """The environment of these settings, and nothing else that is a setting."""
    for name in ("HOST", "AUTH", "SECRET_KEY", "OPEN_TO_ALL", "MEDIA_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (
        ("DATA_DIR", settings.data_dir),
        ("DATABASE_URL", settings.database_url),
        ("REDIS_URL", settings.redis_url),
        ("MEDIA_DIR", settings.media_dir),
    ):
        monkeypatch.setenv(name, str(value))
    return monkeypatch


def test_what_is_fine_is_said(environment, capsys):
    assert commands.main(["check"]) == 0
    assert "as it must be" in capsys.readouterr().out


@pytest.mark.parametrize(
    "setting", [("HOST", "0.0.0.0"), ("SECRET_KEY", "changeme"), ("REDIS_URL", "redis://127.0.0.1:1/0")]
)
@pytest.mark.parametrize("command", ["check", "web", "worker"])
def test_what_is_not_is_refused_before_anything_starts(environment, caplog, command, setting):
    environment.setattr(os, "execv", lambda *_given: pytest.fail("it starts all the same"))
    environment.setenv(*setting)
    assert commands.main([command]) == 1
    assert setting[0] in caplog.text


@pytest.mark.parametrize(("command", "program"), [("web", "granian"), ("worker", "worker.py")])
def test_what_passes_becomes_the_program(environment, monkeypatch, command, program):
    became = []
    monkeypatch.setattr(os, "execv", lambda _path, arguments: became.extend(arguments))
    monkeypatch.chdir(".")
    commands.main([command])
    assert program in became


def test_nonsense_is_said_by_name(environment, capsys):
    environment.setenv("PORT", "none")
    assert commands.main(["check"]) == 1
    assert "PORT" in capsys.readouterr().err


def test_accounts_are_made_listed_renewed_revoked_and_removed(environment, settings, capsys):
    def account(*arguments):
        status = commands.main(["account", *arguments])
        said = capsys.readouterr()
        return status, said.out.strip(), said.err

    status, key, _ = account("add", "ada", "--role", "admin")
    assert (status, key[:4]) == (0, "amk_")
    store = Store(settings.database_url)
    accounts = Accounts(store)
    assert accounts.with_key(key).role == "admin"
    status, said, _ = account("list")
    assert (status, said.split()[:2]) == (0, ["ada", "admin"])
    assert key not in said
    status, renewed, _ = account("renew", "ada")
    assert accounts.with_key(key) is None
    assert accounts.with_key(renewed).name == "ada"
    assert account("revoke", "ada")[0] == 0
    assert accounts.with_key(renewed) is None
    assert "revoked" in account("list")[1]
    assert account("remove", "ada")[0] == 0
    assert account("list")[1] == ""
    for action in ("renew", "revoke", "remove"):
        status, _, why = account(action, "ada")
        assert (status, "no account named ada" in why) == (1, True)
    store.close()


def test_a_second_account_of_a_name_is_refused(environment, capsys):
    assert commands.main(["account", "add", "ada"]) == 0
    assert commands.main(["account", "add", "ada"]) == 1
    assert "already" in capsys.readouterr().err
