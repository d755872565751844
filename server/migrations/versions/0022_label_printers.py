"""Label printers, and what waits for them."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Quantity, UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "printer",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("key", sa.String(40), nullable=False, unique=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("host", sa.String(120), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("dpi", sa.Integer(), nullable=False),
        sa.Column("width_mm", Quantity(), nullable=False),
        sa.Column("height_mm", Quantity(), nullable=False),
        sa.Column("asks_status", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
    )
    _create_jobs()
    op.create_index("ix_print_job_state_printer_id_id", "print_job", ["state", "printer_id", "id"])
    op.create_index("ix_print_job_ended_at", "print_job", ["ended_at"])


def _create_jobs() -> None:
    op.create_table(
        "print_job",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("printer_id", sa.BigInteger(), sa.ForeignKey("printer.id"), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("reference", sa.String(160), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("trouble", sa.String(12)),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime()),
        sa.Column("leased_until", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("reprint_of", sa.BigInteger()),
    )
