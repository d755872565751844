"""The days of the estimates, and an index that alone says how every open order stands."""

from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from server.db.types import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_DAYS = {"predicted_at": "predicted_day", "predicted_late_at": "predicted_late_day"}
_STANDING = [
    "lifecycle",
    "promise_date",
    "priority",
    "id",
    "fulfilment",
    "on_hold",
    "predicted_day",
    "predicted_late_day",
    "created_by",
]


def upgrade() -> None:
    """Move the schema forward."""
    for day in _DAYS.values():
        op.add_column("sales_order", sa.Column(day, sa.Date(), nullable=True))
    _fill_days()
    op.create_index("ix_sales_order_standing", "sales_order", _STANDING)


def _fill_days() -> None:
    """What is estimated now keeps its estimate, on the day that it is at the site."""
    connection = op.get_bind()
    zone = connection.execute(sa.text("SELECT time_zone FROM site")).scalar()
    times = [sa.column(name, UtcDateTime()) for name in _DAYS]
    orders = sa.table("sales_order", sa.column("id"), *times, *(sa.column(day, sa.Date()) for day in _DAYS.values()))
    found = connection.execute(sa.select(orders.c.id, *times).where(orders.c.predicted_at.is_not(None))).all()
    rows = [
        {"order": order_id} | {
            day: None if moment is None else moment.astimezone(ZoneInfo(zone or "UTC")).date()
            for day, moment in zip(_DAYS.values(), moments, strict=True)
        }
        for order_id, *moments in found
    ]  # fmt: skip
    if rows:
        connection.execute(sa.update(orders).where(orders.c.id == sa.bindparam("order")), rows)
