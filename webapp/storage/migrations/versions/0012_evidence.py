"""Time stamps of reports, what people say of verdicts, and what later detectors make of kept features."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def _of_analysis(*, alone: bool = False) -> sa.Column[str]:
    goes_with_it = sa.ForeignKey("analyses.id", ondelete="CASCADE")
    return sa.Column("analysis_id", sa.String, goes_with_it, primary_key=alone, nullable=False)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "time_stamps",
        _of_analysis(alone=True),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "notes",
        _of_analysis(alone=True),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_analysis(),
        sa.Column("says", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("reviewer", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("ix_reviews_analysis", "reviews", ["analysis_id"])
    op.create_table(
        "kept_features",
        _of_analysis(alone=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("ix_kept_features_created", "kept_features", ["created_at"])
    op.create_table(
        "second_verdicts",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_analysis(),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("old_engine", sa.String),
        sa.Column("old_verdict", sa.String),
        sa.Column("old_score", sa.Float),
        sa.Column("new_engine", sa.String, nullable=False),
        sa.Column("new_verdict", sa.String, nullable=False),
        sa.Column("new_score", sa.Float),
    )
    op.create_index("ix_second_verdicts_analysis", "second_verdicts", ["analysis_id"])


def downgrade() -> None:
    """Remove them."""
    for table in ("second_verdicts", "kept_features", "reviews", "notes", "time_stamps"):
        op.drop_table(table)
