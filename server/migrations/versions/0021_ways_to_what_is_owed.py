"""Ways to the orders that are still to be invoiced, to customers by name, and to the units that are held."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    rest = sa.text("uninvoiced_gross > 0")
    op.create_index(
        "ix_sales_order_uninvoiced", "sales_order", ["customer_id"], sqlite_where=rest, postgresql_where=rest
    )
    op.create_index(
        "ix_unit_held",
        "unit",
        ["product_id"],
        sqlite_where=sa.text("held IS 1"),
        postgresql_where=sa.text("held IS true"),
    )
    op.create_index("ix_customer_name", "customer", ["name", "status", "number"])
