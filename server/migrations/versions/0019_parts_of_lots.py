"""Lots know how many pieces they are, for they may be split."""

import sqlalchemy as sa
from alembic import op

from server.db.types import Quantity

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("unit", sa.Column("quantity", Quantity(), nullable=True))
    op.execute(
        "UPDATE unit SET quantity = "
        "(SELECT work_order.quantity FROM work_order WHERE work_order.id = unit.work_order_id) WHERE kind = 'lot'"
    )
