"""Answers that something still follows are found by the end that they do not have; old checks by theirs."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_analyses_finished", "analyses", ["finished_at"])


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_analyses_finished", "analyses")
