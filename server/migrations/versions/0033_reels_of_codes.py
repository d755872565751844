"""Codes wait on reels for the units that they will name."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId

revision = "0033"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "reel_code",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("reel", sa.String(40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(160), nullable=False, unique=True),
        sa.Column("unit_id", sa.BigInteger(), sa.ForeignKey("unit.id")),
    )
    op.create_index("ix_reel_code_reel_place", "reel_code", ["reel", "place"])
    op.create_index("ix_reel_code_unit_id", "reel_code", ["unit_id"])
