"""A gate sees and misses each pass of a unit: one row more for every time that it was sent back."""

import sqlalchemy as sa
from alembic import op

from server.db.types import UtcDateTime

revision = "0040"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward.

    SQLite cannot give a table another key, so it is made anew on both engines. What is known of a unit that was sent
    back counts for its present way, so that nothing is told as missed that happened before gates counted this.
    """
    op.execute("CREATE TABLE gate_pass_before AS SELECT * FROM gate_pass")
    op.drop_table("gate_pass")
    op.create_table(
        "gate_pass",
        sa.Column("read_point_id", sa.BigInteger(), sa.ForeignKey("read_point.id"), primary_key=True),
        sa.Column("unit_id", sa.BigInteger(), sa.ForeignKey("unit.id"), primary_key=True),
        sa.Column("rework", sa.Integer(), primary_key=True, server_default="0"),
        sa.Column("seen_at", UtcDateTime()),
        sa.Column("missed_at", UtcDateTime()),
        sa.Column("fact_id", sa.BigInteger()),
    )
    op.create_index("ix_gate_pass_unit_id", "gate_pass", ["unit_id"])
    op.execute(
        "INSERT INTO gate_pass (read_point_id, unit_id, rework, seen_at, missed_at, fact_id) "
        "SELECT known.read_point_id, known.unit_id, unit.rework, known.seen_at, known.missed_at, known.fact_id "
        "FROM gate_pass_before AS known JOIN unit ON unit.id = known.unit_id"
    )
    op.drop_table("gate_pass_before")
