"""Perceptual hashes of checks and of the operator's lists, and which check came near which of them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the four tables."""
    op.create_table(
        "check_hashes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("analysis_id", sa.String, sa.ForeignKey("analyses.id", ondelete="CASCADE"), nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_check_hashes_analysis", "check_hashes", ["analysis_id"])
    op.create_table(
        "hash_lists",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("added_at", sa.Float, nullable=False),
        sa.Column("size", sa.Integer),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "listed_hashes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("list_id", sa.Integer, sa.ForeignKey("hash_lists.id", ondelete="CASCADE"), nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_listed_hashes_list", "listed_hashes", ["list_id"])
    op.create_table(
        "sightings",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("analysis_id", sa.String, sa.ForeignKey("analyses.id", ondelete="CASCADE"), nullable=False),
        sa.Column("earlier_id", sa.Integer, sa.ForeignKey("check_hashes.id", ondelete="CASCADE")),
        sa.Column("listed_id", sa.Integer, sa.ForeignKey("listed_hashes.id", ondelete="CASCADE")),
        sa.Column("distance", sa.Integer, nullable=False),
        sa.Column("variant", sa.Integer, nullable=False),
        sa.Column("frames", sa.Integer, nullable=False),
    )
    op.create_index("ix_sightings_analysis", "sightings", ["analysis_id"])
    op.create_index("ix_sightings_earlier", "sightings", ["earlier_id"])
    op.create_index("ix_sightings_listed", "sightings", ["listed_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("sightings")
    op.drop_table("listed_hashes")
    op.drop_table("hash_lists")
    op.drop_table("check_hashes")
