"""What people say of verdicts they hold to be wrong; which engine has analyzed, for every way in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table and the column; the engine is known already where the API has made it part of the key."""
    op.create_table(
        "feedback",
        sa.Column("analysis_id", sa.String, sa.ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("says", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.add_column("analyses", sa.Column("engine", sa.String))
    op.execute(
        "UPDATE analyses SET engine = substr(upload_key, 66) "
        "WHERE report IS NOT NULL AND upload_key LIKE sha256 || ':%'"
    )
    op.create_index("ix_analyses_sha256", "analyses", ["owner", "sha256"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_analyses_sha256", "analyses")
    op.drop_column("analyses", "engine")
    op.drop_table("feedback")
