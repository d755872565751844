"""Customers with kind, terms, policies and consents; contacts and addresses with what one asks first."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Quantity, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    _widen_customers()
    _widen_contacts_and_addresses()
    _add_tables()


# Columns are added, renamed and dropped one by one: a copy of the table would meet those that refer to it.


def _widen_customers() -> None:
    op.add_column("customer", sa.Column("kind", sa.String(10), nullable=False, server_default="prospect"))
    op.add_column("customer", sa.Column("customer_since", UtcDateTime(), nullable=True))
    op.add_column("customer", sa.Column("status", sa.String(10), nullable=False, server_default="active"))
    op.add_column("customer", sa.Column("blocked_reason", sa.String(200), nullable=True))
    name = op.f("fk_customer_merged_into_id")
    op.execute(f"ALTER TABLE customer ADD COLUMN merged_into_id BIGINT CONSTRAINT {name} REFERENCES customer (id)")
    op.add_column("customer", sa.Column("vat_number", sa.String(20), nullable=True))
    op.add_column("customer", sa.Column("discount_days", sa.Integer(), nullable=True))
    op.add_column("customer", sa.Column("discount_percent", Quantity(), nullable=True))
    op.add_column("customer", sa.Column("packaging_rule", sa.Text(), nullable=True))
    op.add_column("customer", sa.Column("label_template", sa.String(20), nullable=False, server_default="standard"))
    op.add_column("customer", sa.Column("alerts", sa.Text(), nullable=True))
    for column in ("merged_into_id", "kind", "status", "segment"):
        op.create_index(op.f(f"ix_customer_{column}"), "customer", [column], unique=False)
    op.execute("UPDATE customer SET status = 'blocked' WHERE NOT active")
    op.execute(
        "UPDATE customer SET customer_since ="
        " (SELECT min(confirmed_at) FROM sales_order WHERE customer_id = customer.id)"
    )
    op.execute("UPDATE customer SET kind = 'customer' WHERE customer_since IS NOT NULL")
    op.drop_column("customer", "active")


def _widen_contacts_and_addresses() -> None:
    op.execute("ALTER TABLE contact RENAME COLUMN function TO role")
    op.add_column("contact", sa.Column("preferred", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("contact", sa.Column("erased_at", UtcDateTime(), nullable=True))
    op.add_column("address", sa.Column("is_default", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE address SET kind = 'billing' WHERE kind = 'invoice'")


def _add_tables() -> None:
    op.create_table(
        "consent",
        sa.Column("id", BigId, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("given_by", sa.String(120), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(120), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_consent_contact_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_consent_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_consent_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "customer_match_key",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("value", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_match_key_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "kind", "value", name=op.f("pk_customer_match_key")),
    )
    with op.batch_alter_table("customer_match_key", schema=None) as batch_op:
        batch_op.create_index("ix_customer_match_key_kind_value", ["kind", "value"], unique=False)

    op.create_table(
        "customer_distinct_pair",
        sa.Column("low_id", sa.BigInteger(), nullable=False),
        sa.Column("high_id", sa.BigInteger(), nullable=False),
        sa.Column("said_by", sa.String(120), nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["high_id"], ["customer.id"], name=op.f("fk_customer_distinct_pair_high_id")),
        sa.ForeignKeyConstraint(["low_id"], ["customer.id"], name=op.f("fk_customer_distinct_pair_low_id")),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_customer_distinct_pair")),
    )
