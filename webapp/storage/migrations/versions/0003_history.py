"""What history and sharing need: a name if its owner gives one, the generator a file names, links to shared reports."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add two columns and a table."""
    op.add_column("analyses", sa.Column("name", sa.String))
    op.add_column("analyses", sa.Column("generator", sa.String))
    op.create_table(
        "shares",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("analysis_id", sa.String, sa.ForeignKey("analyses.id", ondelete="CASCADE"), nullable=False),
        sa.Column("token_hash", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_index("ix_shares_analysis", "shares", ["analysis_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("shares")
    op.drop_column("analyses", "generator")
    op.drop_column("analyses", "name")
