"""Webhooks with the secrets they are signed with, and time stamps that could not be had."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("analysis_id", sa.String, sa.ForeignKey("analyses.id", ondelete="CASCADE"), nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("answer", sa.String),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("ix_webhooks_analysis", "webhooks", ["analysis_id"])
    op.create_index("ix_webhooks_due", "webhooks", ["state", "due_at"])
    op.create_table(
        "webhook_secrets",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("secret", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "missed_time_stamps",
        sa.Column(
            "analysis_id", sa.String, sa.ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True, nullable=False
        ),
        sa.Column("asked_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    for table in ("missed_time_stamps", "webhook_secrets", "webhooks"):
        op.drop_table(table)
