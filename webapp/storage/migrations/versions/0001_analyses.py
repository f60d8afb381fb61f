"""Analyses and their lenses."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "analyses",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
        sa.Column("format", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("media", sa.String),
        sa.Column("report", sa.LargeBinary),
        sa.Column("verdict", sa.String),
        sa.Column("score", sa.Float),
        sa.Column("error_code", sa.String),
        sa.Column("error_message", sa.String),
    )
    op.create_index("ix_analyses_owner", "analyses", ["owner", "created_at"])
    op.create_index("ix_analyses_state", "analyses", ["state"])
    op.create_table(
        "lenses",
        sa.Column("analysis_id", sa.String, sa.ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("mime", sa.String, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("lenses")
    op.drop_table("analyses")
