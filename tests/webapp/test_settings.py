"""Settings come from the environment once, and nonsense is refused by name."""

from __future__ import annotations

import dataclasses

import pytest

from webapp import settings
from webapp.settings import Settings


def test_defaults_are_the_documented_limits(tmp_path):
    made = Settings.from_env({"DATA_DIR": str(tmp_path)})
    assert (made.max_bytes, made.max_pixels) == (100 * 1024 * 1024, 50_000_000)
    assert made.database_url == f"sqlite:///{tmp_path}/detector.db"
    assert made.allowed_hosts == ("localhost", "127.0.0.1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.max_bytes = 1


def test_variables_are_read():
    made = Settings.from_env(
        {"MAX_MEGABYTES": "5", "MAX_MEGAPIXELS": "2.5", "SECURE_COOKIES": "1", "ALLOWED_HOSTS": "a.example, b.example",
         "SKIP_COMPONENTS": "deep", "REDIS_URL": "", "MEDIA_DIR": "/somewhere"}
    )  # fmt: skip
    assert (made.max_bytes, made.max_pixels, made.secure_cookies) == (5 * 1024 * 1024, 2_500_000, True)
    assert made.allowed_hosts == ("a.example", "b.example")
    assert made.skip == ("deep",)
    assert made.redis_url == "redis://127.0.0.1:6379/0"
    assert str(made.media_dir) == "/somewhere"


def test_postgresql_is_spoken_to_through_psycopg_under_any_of_its_names():
    for given in ("postgres://u@db/x", "postgresql://u@db/x", "postgresql+psycopg://u@db/x"):
        assert Settings.from_env({"DATABASE_URL": given}).database_url == "postgresql+psycopg://u@db/x"


def test_no_network_is_allowed_beside_the_public_ones_unless_named():
    assert Settings.from_env({}).fetch_allow == ()
    allowed = Settings.from_env({"FETCH_ALLOW": "10.1.2.0/24, fd00::/8"}).fetch_allow
    assert [str(network) for network in allowed] == ["10.1.2.0/24", "fd00::/8"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_MEGABYTES", "many"),
        ("MAX_MEGABYTES", "-1"),
        ("MAX_MEGAPIXELS", "nan"),
        ("FETCH_ALLOW", "10.0.0.1/8"),
        ("SECURE_COOKIES", "perhaps"),
        ("AUTH", "maybe"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("WORKERS", "1.5"),
        ("QUEUE_LIMIT", "0"),
        ("TIMEOUT_SECONDS", "0.1"),
        ("MEMORY_MEGABYTES", "16"),
        ("UPLOAD_RATE", "many a minute"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_nonsense_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        Settings.from_env({name: value})


def test_media_go_to_memory_when_there_is_room_else_to_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "_MEMORY", tmp_path)
    monkeypatch.setattr(settings, "_ROOMY", 1)
    assert settings.default_media_dir(tmp_path / "var").parent == tmp_path
    monkeypatch.setattr(settings, "_ROOMY", 1 << 62)
    assert settings.default_media_dir(tmp_path / "var") == tmp_path / "var" / "media"
