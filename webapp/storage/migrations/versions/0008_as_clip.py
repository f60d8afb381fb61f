"""Animations that are looked at as clips."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; what was analyzed so far was looked at as a still."""
    op.add_column("analyses", sa.Column("as_clip", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("analyses", "as_clip")
