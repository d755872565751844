"""Indexes of what waits on the floor: operations that can go on, and units that are made and not gone."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_GOING_ON = "state IN ('ready', 'running', 'paused')"
_MADE_HERE = "state IN ('finished', 'in_stock', 'packed') AND order_id IS NOT NULL AND work_order_id IS NOT NULL"


def upgrade() -> None:
    """Move the schema forward."""
    for name, table, columns, where in (
        ("ix_operation_going_on", "operation", ["work_center_id", "work_order_id"], _GOING_ON),
        ("ix_unit_made_here", "unit", ["order_id", "state"], _MADE_HERE),
    ):
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
