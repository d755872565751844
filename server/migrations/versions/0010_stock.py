"""Locations, moves of goods and balances."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Quantity, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "stock_location",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_location")),
        sa.UniqueConstraint("key", name=op.f("uq_stock_location_key")),
    )
    op.create_table(
        "stock_move",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("from_location_id", sa.BigInteger(), nullable=True),
        sa.Column("to_location_id", sa.BigInteger(), nullable=True),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("uom", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("cause", sa.String(200), nullable=True),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_stock_move_product_id")),
        sa.ForeignKeyConstraint(
            ["from_location_id"], ["stock_location.id"], name=op.f("fk_stock_move_from_location_id")
        ),
        sa.ForeignKeyConstraint(["to_location_id"], ["stock_location.id"], name=op.f("fk_stock_move_to_location_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_move")),
        sa.UniqueConstraint("number", name=op.f("uq_stock_move_number")),
    )
    op.create_index("ix_stock_move_product_id_id", "stock_move", ["product_id", "id"], unique=False)
    op.create_table(
        "stock_balance",
        sa.Column("id", BigId, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_stock_balance_product_id")),
        sa.ForeignKeyConstraint(["location_id"], ["stock_location.id"], name=op.f("fk_stock_balance_location_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_balance")),
    )
    op.create_index(
        "uq_stock_balance_product_id_location_id", "stock_balance", ["product_id", "location_id"], unique=True
    )
    op.create_index(op.f("ix_stock_balance_location_id"), "stock_balance", ["location_id"], unique=False)
