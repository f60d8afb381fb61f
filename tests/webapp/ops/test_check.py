"""What must not start does not, and says why: contradicting settings, or an environment that cannot hold them."""

from __future__ import annotations

import dataclasses

import pytest
import redis

from webapp.access.security import is_loopback
from webapp.ops.check import environment_problems, settings_problems
from webapp.settings import Settings

KEY = "0f6c9a17e4b258d3" * 4


def refusals(**env):
    return " ".join(one.sentence for one in settings_problems(Settings.from_env(env)) if one.fatal)


def warnings(**env):
    return " ".join(one.sentence for one in settings_problems(Settings.from_env(env)) if not one.fatal)


def test_the_defaults_are_fine(settings):
    assert not list(settings_problems(Settings.from_env({})))
    assert not list(environment_problems(settings))


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.4", False), ("check.example", False)],
)  # fmt: skip
def test_which_addresses_are_reached_by_others(host, alone):
    assert is_loopback(host) is alone
    assert bool(refusals(HOST=host)) is not alone


def test_a_server_for_others_needs_accounts_or_the_operators_word():
    assert "AUTH=1" in refusals(HOST="0.0.0.0")
    assert not refusals(HOST="0.0.0.0", AUTH="1")
    assert not refusals(HOST="0.0.0.0", OPEN_TO_ALL="1")


def test_a_server_for_others_is_told_what_it_still_lacks():
    assert "ALLOWED_HOSTS" in warnings(HOST="0.0.0.0", AUTH="1")
    assert "SECURE_COOKIES" in warnings(HOST="0.0.0.0", AUTH="1")
    assert not warnings(HOST="0.0.0.0", AUTH="1", ALLOWED_HOSTS="check.example", SECURE_COOKIES="1")


@pytest.mark.parametrize("key", ["short", "a" * 64, "changeme" + KEY, "my-secret-key-of-thirty-two-letters!", KEY[:31]])
def test_keys_that_can_be_guessed_are_refused_and_not_repeated(key):
    said = refusals(SECRET_KEY=key)
    assert "SECRET_KEY" in said
    assert key not in said
    assert not refusals(SECRET_KEY=KEY)


def test_files_that_are_named_must_be_there(tmp_path):
    assert "TRUST_FILE" in refusals(TRUST_FILE=str(tmp_path / "none.pem"))
    assert "WEIGHTS_FOLDER" in refusals(WEIGHTS_FOLDER=str(tmp_path / "none"))
    assert not refusals(WEIGHTS_FOLDER=str(tmp_path))


def test_what_several_machines_must_share_is_said():
    assert "MEDIA_URL" in warnings(DATABASE_URL="postgresql://u@db/detector")
    assert "SECRET_KEY" in warnings(DATABASE_URL="postgresql://u@db/detector")
    assert "SQLite" in warnings(MEDIA_URL="redis://media:6379/0")


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_redis_that_drops_jobs_is_refused(settings, policy):
    with redis.Redis.from_url(settings.redis_url) as server:
        server.config_set("maxmemory-policy", policy)
        try:
            found = [one.sentence for one in environment_problems(settings)]
        finally:
            server.config_set("maxmemory-policy", "noeviction")
    assert len(found) == 1
    assert policy in found[0]
    assert "noeviction" in found[0]


def test_what_does_not_answer_is_named_without_its_password(settings, tmp_path):
    broken = dataclasses.replace(
        settings,
        redis_url="redis://user:hunter2@127.0.0.1:1/0",
        database_url="postgresql+psycopg://user:hunter2@127.0.0.1:1/detector",
        media_url="redis://user:hunter2@127.0.0.1:1/1",
    )
    said = [one.sentence for one in environment_problems(broken)]
    assert [one.partition(":")[0] for one in said] == ["REDIS_URL", "DATABASE_URL", "MEDIA_URL"]
    assert "hunter2" not in "".join(said)


def test_a_folder_that_cannot_be_written_is_named(settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    broken = dataclasses.replace(settings, data_dir=tmp_path / "file" / "data", media_dir=tmp_path / "file" / "media")
    said = [one.sentence for one in environment_problems(broken)]
    assert [one.partition(":")[0] for one in said] == ["DATA_DIR", "MEDIA_DIR"]


def test_a_media_folder_open_to_others_is_refused(settings):
    settings.media_dir.mkdir(exist_ok=True)
    settings.media_dir.chmod(0o755)
    assert "0700" in " ".join(one.sentence for one in environment_problems(settings))


def test_nothing_is_left_by_looking(settings):
    list(environment_problems(settings))
    assert not list(settings.media_dir.iterdir())
    with redis.Redis.from_url(settings.redis_url) as server:
        assert not server.keys("*")
