"""Change requests, the stations that must have seen them, and units to be packed anew."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Json, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    _create_requests()
    _create_acknowledgements()
    _create_tasks()


def _create_requests() -> None:
    op.create_table(
        "change_request",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("work_order_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("effectivity", sa.String(12), nullable=False),
        sa.Column("origin", sa.String(12), nullable=False),
        sa.Column("wanted", Json(), nullable=False),
        sa.Column("difference", Json(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_by", sa.String(120), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(120), nullable=True),
        sa.Column("decision_reason", sa.String(200), nullable=True),
        sa.Column("applied_at", UtcDateTime(), nullable=True),
        sa.Column("snapshot_version", sa.Integer(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_change_request_order_id")),
        sa.ForeignKeyConstraint(["work_order_id"], ["work_order.id"], name=op.f("fk_change_request_work_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
        sa.UniqueConstraint("number", name=op.f("uq_change_request_number")),
    )
    for column in ("order_id", "work_order_id", "state"):
        op.create_index(op.f(f"ix_change_request_{column}"), "change_request", [column], unique=False)


def _create_acknowledgements() -> None:
    op.create_table(
        "change_acknowledgement",
        sa.Column("id", BigId, nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("badge", sa.String(20), nullable=True),
        sa.Column("name", sa.String(120), nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["change_request.id"], name=op.f("fk_change_acknowledgement_change_id")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_change_acknowledgement_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_acknowledgement")),
        sa.UniqueConstraint("change_id", "station_id", name=op.f("uq_change_acknowledgement_change_id_station_id")),
    )
    where = sa.text("acknowledged_at IS NULL")
    name = "ix_change_acknowledgement_waiting"
    op.create_index(name, "change_acknowledgement", ["station_id"], sqlite_where=where, postgresql_where=where)


def _create_tasks() -> None:
    op.create_table(
        "repack_task",
        sa.Column("id", BigId, nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("handling_unit_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(120), nullable=True),
        sa.Column("done_reason", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["change_request.id"], name=op.f("fk_repack_task_change_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_repack_task_order_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_repack_task_unit_id")),
        sa.ForeignKeyConstraint(
            ["handling_unit_id"], ["handling_unit.id"], name=op.f("fk_repack_task_handling_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repack_task")),
        sa.UniqueConstraint("change_id", "unit_id", name=op.f("uq_repack_task_change_id_unit_id")),
    )
    for column in ("unit_id", "order_id"):
        op.create_index(op.f(f"ix_repack_task_{column}"), "repack_task", [column], unique=False)
    where = sa.text("state = 'open'")
    op.create_index("ix_repack_task_open", "repack_task", ["id"], sqlite_where=where, postgresql_where=where)
