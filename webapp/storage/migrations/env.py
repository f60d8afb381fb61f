"""Alembic's entry: runs on the connection that :func:`webapp.storage.database.migrate` hands over."""

from alembic import context

from webapp.storage.database import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
