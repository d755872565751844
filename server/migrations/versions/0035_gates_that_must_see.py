"""Gates that every unit has to pass, and which units each of them saw and missed."""

import sqlalchemy as sa
from alembic import op

from server.db.types import UtcDateTime

revision = "0035"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("read_point", sa.Column("must_see", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("read_point", sa.Column("must_see_since", UtcDateTime()))
    op.create_table(
        "gate_pass",
        sa.Column("read_point_id", sa.BigInteger(), sa.ForeignKey("read_point.id"), primary_key=True),
        sa.Column("unit_id", sa.BigInteger(), sa.ForeignKey("unit.id"), primary_key=True),
        sa.Column("seen_at", UtcDateTime()),
        sa.Column("missed_at", UtcDateTime()),
        sa.Column("fact_id", sa.BigInteger()),
    )
    op.create_index("ix_gate_pass_unit_id", "gate_pass", ["unit_id"])
