"""Reservations: what of an order comes out of stock."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Json, Quantity, UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_ENDS = {
    "order_id": "sales_order",
    "order_line_id": "order_line",
    "product_id": "product",
    "work_order_id": "work_order",
}


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "reservation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(120), nullable=False),
        sa.Column("picked", Json(), nullable=False),
        sa.Column("work_order_id", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_reservation_{name}"))
            for name, table in _ENDS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("order_line_id", name=op.f("uq_reservation_order_line_id")),
    )
    op.create_index("ix_reservation_order_id", "reservation", ["order_id"])
    op.create_index("ix_reservation_product_id_state", "reservation", ["product_id", "state"])
