"""What browsers call their uploads, so that sending one twice analyzes it once."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the key, unique for each owner."""
    op.add_column("analyses", sa.Column("upload_key", sa.String))
    op.create_index("ix_analyses_upload_key", "analyses", ["owner", "upload_key"], unique=True)


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_analyses_upload_key", "analyses")
    op.drop_column("analyses", "upload_key")
