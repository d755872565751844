"""Gates that compare what passes with what is expected there."""

import sqlalchemy as sa
from alembic import op

from server.db import BigId, UtcDateTime

revision = "0031"
down_revision = "0034"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    """Move the schema forward."""
    no = sa.false()
    op.add_column("read_point", sa.Column("checks_passages", sa.Boolean(), nullable=False, server_default=no))
    op.add_column("read_point", sa.Column("check_seconds", sa.Integer(), nullable=False, server_default="0"))
    _make_checks()


def _make_checks() -> None:
    op.create_table(
        "passage_check",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("read_point_id", sa.BigInteger(), sa.ForeignKey("read_point.id"), nullable=False),
        sa.Column("kind", sa.String(14), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("level", sa.String(6), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by", sa.String(120), nullable=False),
        sa.Column("last_read_at", UtcDateTime()),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("closed_by", sa.String(120)),
    )
    op.create_index("ix_passage_check_read_point_id_id", "passage_check", ["read_point_id", "id"])
    op.create_index(
        "uq_passage_check_open", "passage_check", ["read_point_id"], unique=True, sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )  # fmt: skip
    op.create_table(
        "passage_item",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("check_id", sa.BigInteger(), sa.ForeignKey("passage_check.id"), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), sa.ForeignKey("unit.id")),
        sa.Column("code", sa.String(130), nullable=False),
        sa.Column("seen_at", UtcDateTime()),
        sa.Column("event_id", sa.BigInteger()),
        sa.UniqueConstraint("check_id", "code", name="uq_passage_item_check_id_code"),
    )
