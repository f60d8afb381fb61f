"""Checks that keep no picture."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; what was analyzed so far has kept its pictures."""
    op.add_column("analyses", sa.Column("numbers_only", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("analyses", "numbers_only")
