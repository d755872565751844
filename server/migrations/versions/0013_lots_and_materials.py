"""Lots on moves and balances, levels to order at, what proves a move, and the materials at hand at a station."""

import sqlalchemy as sa
from alembic import op

from server.db.types import Json, Quantity

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "stock_item",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reorder_level", Quantity(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_stock_item_product_id")),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_stock_item")),
    )
    # Whatever has moved is counted from now on.
    op.execute("INSERT INTO stock_item (product_id, row_version) SELECT DISTINCT product_id, 1 FROM stock_move")
    op.add_column("stock_move", sa.Column("lot", sa.String(20), server_default="", nullable=False))
    op.add_column("stock_move", sa.Column("reference", sa.String(80), nullable=True))
    for name in ("work_order_id", "unit_id", "station_id", "fact_id", "reverses_id"):
        op.add_column("stock_move", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_index("ix_stock_move_product_id_lot_id", "stock_move", ["product_id", "lot", "id"], unique=False)
    op.create_index("ix_stock_move_unit_id", "stock_move", ["unit_id"], unique=False)
    op.create_index("ix_stock_move_fact_id", "stock_move", ["fact_id"], unique=False)
    op.add_column("stock_balance", sa.Column("lot", sa.String(20), server_default="", nullable=False))
    op.drop_index("uq_stock_balance_product_id_location_id", "stock_balance")
    op.create_index(
        "uq_stock_balance_product_id_location_id_lot",
        "stock_balance",
        ["product_id", "location_id", "lot"],
        unique=True,
    )
    op.add_column("station_state", sa.Column("stock", Json(), nullable=True))
