"""Reason codes, how often a unit was worked on again, and everybody who works at a station."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "reason_code",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reason_code")),
        sa.UniqueConstraint("code", name=op.f("uq_reason_code_code")),
    )
    op.add_column("unit", sa.Column("rework", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("station_state", sa.Column("armed_reason", sa.String(20), nullable=True))
    op.add_column("station_state", sa.Column("armed_operation", sa.String(24), nullable=True))
    op.add_column("station_state", sa.Column("crew", Json(), nullable=True))
