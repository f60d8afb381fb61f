"""How often an analysis was begun, and contents that bring analyses down."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("analyses", sa.Column("runs", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "deaths",
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("deaths")
    op.drop_column("analyses", "runs")
