"""What every table rests on: how SQLite and PostgreSQL are spoken to, and brought to the newest schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Dialect, Engine, String, TypeDecorator, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase

DatabaseDown = SQLAlchemyError
"""What every failure of the database is; the other packages catch no other exception of it."""

MIGRATIONS = Path(__file__).parent / "migrations"


class _Text(TypeDecorator[str]):
    """Text without NUL, which PostgreSQL refuses and which untrusted files and addresses may hold."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Put a replacement character in its place."""
        return value.replace("\0", "\ufffd") if value is not None else None


class Base(DeclarativeBase):
    """What the migrations must arrive at."""

    type_annotation_map: ClassVar = {str: _Text}


def migrate(url: str) -> None:
    """Bring the database to the newest schema (making it first, where it is a file)."""
    engine = connect(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # several web processes may start at once
                connection.execute(text("SELECT pg_advisory_xact_lock(20221122)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def connect(url: str) -> Engine:
    """The database at that address, tuned for many readers and writers; connections are made on first use."""
    parsed = make_url(url)
    engine = create_engine(parsed, pool_pre_ping=True, hide_parameters=True)  # errors are logged, contents are not
    if parsed.get_backend_name() == "sqlite":
        if (file := sqlite_file(url)) is not None:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        event.listen(engine, "connect", _tune_sqlite)
    return engine


def sqlite_file(url: str) -> Path | None:
    """The file that such a database is; None where it is none."""
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}
    return Path(str(parsed.database)) if is_file else None


def _tune_sqlite(connection: Any, _record: object) -> None:
    """Readers beside a writer, patience instead of errors, cascades, and deleting that overwrites."""
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=5000",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
