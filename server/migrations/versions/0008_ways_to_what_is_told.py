"""Ways to facts about orders and records that no planner mistakes for others, and to the open orders of a customer."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.drop_index("ix_fact_whole_order", "fact")
    op.drop_index("ix_fact_record", "fact")
    _index_facts("ix_fact_whole_order", "order_id", "coalesce(unit_id, 0) = 0")
    _index_facts("ix_fact_record", "subject", "coalesce(unit_id, order_id, station_id, 0) = 0")
    op.create_index("ix_sales_order_customer_id_lifecycle", "sales_order", ["customer_id", "lifecycle"], unique=False)


def _index_facts(name: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "fact", [column, "id"], unique=False, sqlite_where=where, postgresql_where=where)
