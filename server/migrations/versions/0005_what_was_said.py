"""Notes, calls and messages of customers, and the way to the facts that are told of them."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "interaction",
        sa.Column("id", BigId, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("direction", sa.String(3), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_interaction_contact_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_interaction_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
    )
    op.create_index("ix_interaction_customer_id_at", "interaction", ["customer_id", "at", "id"], unique=False)
    op.create_index(op.f("ix_interaction_contact_id"), "interaction", ["contact_id"], unique=False)
    _index_facts("ix_fact_whole_order", "order_id", "unit_id IS NULL AND order_id IS NOT NULL")
    _index_facts("ix_fact_record", "subject", "unit_id IS NULL AND order_id IS NULL AND station_id IS NULL")


def _index_facts(name: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "fact", [column, "id"], unique=False, sqlite_where=where, postgresql_where=where)
