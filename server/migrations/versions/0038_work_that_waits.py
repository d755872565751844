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
    going_on = sa.text(_GOING_ON)
    columns = ["work_center_id", "work_order_id"]
    op.create_index("ix_operation_going_on", "operation", columns, sqlite_where=going_on, postgresql_where=going_on)
    if op.get_bind().dialect.name == "postgresql":
        made_here = sa.text(_MADE_HERE)
        op.create_index("ix_unit_made_here", "unit", ["order_id", "state"], postgresql_where=made_here)
