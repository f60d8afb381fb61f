"""What migrations and tables become for PostgreSQL, compiled without a server: ``test_postgresql.py`` needs one."""

from __future__ import annotations

import importlib
import io
import re

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import webapp.services  # noqa: F401 -- declares every table
from webapp.storage.database import Base

PACKAGE = "webapp.storage.migrations.versions"
TABLES = {
    "0011_seen_before": {"check_hashes", "hash_lists", "listed_hashes", "sightings"},
    "0012_evidence": {"time_stamps", "notes", "reviews", "kept_features", "second_verdicts"},
    "0014_webhooks": {"webhooks", "webhook_secrets", "missed_time_stamps"},
}


def sql_of(step, way):
    """The SQL of one migration as PostgreSQL would get it."""
    out = io.StringIO()
    context = MigrationContext.configure(
        dialect=postgresql.dialect(), opts={"as_sql": True, "output_buffer": out, "literal_binds": True}
    )
    with Operations.context(context):
        getattr(importlib.import_module(f"{PACKAGE}.{step}"), way)()
    return out.getvalue()


def columns_of(sql, table):
    """Names and types of a table's columns, as its statement writes them."""
    (body,) = re.findall(rf"CREATE TABLE {table} \((.*?)\n\)", sql, re.DOTALL)
    lines = [line.strip().rstrip(",") for line in body.splitlines()]
    return dict(line.split(" ", 1) for line in lines if re.match(r"[a-z_]+ [A-Z]", line))


def plain(kind):
    """A type without what is a matter of style: FLOAT is DOUBLE PRECISION, and a key is NOT NULL."""
    return kind.replace("DOUBLE PRECISION", "FLOAT").replace(" NOT NULL", "").split(" DEFAULT")[0].strip()


@pytest.mark.parametrize("step", TABLES)
def test_a_migration_makes_the_tables_that_the_code_declares(step):
    sql = sql_of(step, "upgrade")
    assert set(re.findall(r"CREATE TABLE (\w+)", sql)) == TABLES[step]
    assert "BLOB" not in sql
    assert "AUTOINCREMENT" not in sql
    for name in TABLES[step]:
        declared = str(CreateTable(Base.metadata.tables[name]).compile(dialect=postgresql.dialect()))
        made, wanted = columns_of(sql, name), columns_of(declared, name)
        assert {at: plain(kind) for at, kind in made.items()} == {at: plain(kind) for at, kind in wanted.items()}
        for index in Base.metadata.tables[name].indexes:
            assert str(CreateIndex(index).compile(dialect=postgresql.dialect())) in sql


@pytest.mark.parametrize("step", TABLES)
def test_a_migration_can_be_taken_back(step):
    assert set(re.findall(r"DROP TABLE (\w+)", sql_of(step, "downgrade"))) == TABLES[step]
