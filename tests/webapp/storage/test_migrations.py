"""The migrations arrive at what the code declares, and take what is there along."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

import webapp.services  # noqa: F401 -- declares every table
from webapp.storage import database


@pytest.fixture
def engine(tmp_path):
    """An empty database."""
    made = database.connect(f"sqlite:///{tmp_path / 'm.db'}")
    yield made
    made.dispose()


def upgrade(engine, revision):
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_the_migrations_arrive_at_what_the_code_declares(engine):
    upgrade(engine, "head")
    with engine.connect() as connection:
        # names and keys; of types SQLite knows none to compare: FLOAT and DOUBLE are one to it
        seen = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(seen, database.Base.metadata) == []


def test_the_engine_of_known_results_is_taken_along(engine):
    upgrade(engine, "0004")
    rows = {
        "done": ("f" * 64 + ":0.1.0-abc-no_deep", b"{}"),
        "waits": ("f" * 64 + ":0.1.0-abc", None),
        "page": ("a-key-of-the-browser:with-colon", b"{}"),
        "plain": (None, b"{}"),
    }
    insert = text(
        "INSERT INTO analyses (id, owner, state, created_at, format, size, sha256, upload_key, report) "
        f"VALUES (:id, 'me', 'done', 0, 'JPEG', 1, '{'f' * 64}', :key, :report)"
    )
    with engine.begin() as connection:
        for name, (key, report) in rows.items():
            connection.execute(insert, {"id": name, "key": key, "report": report})
    upgrade(engine, "head")
    with engine.connect() as connection:
        found = dict(map(tuple, connection.execute(text("SELECT id, engine FROM analyses"))))
        assert set(connection.scalars(text("SELECT as_clip FROM analyses"))) == {0}  # they were looked at as stills
    assert found == {"done": "0.1.0-abc-no_deep", "waits": None, "page": None, "plain": None}
