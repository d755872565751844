"""Quotes: versions, lines, messages, private links, and the quote an order came from."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Json, Money, Quantity, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "quote",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_reference", sa.String(80), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("owner", sa.String(80), nullable=True),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("sent_version", sa.Integer(), nullable=True),
        sa.Column("draft_version", sa.Integer(), nullable=True),
        sa.Column("total", Money(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_version", sa.Integer(), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("accepted_by", sa.String(120), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("declined_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("closing_reason", sa.String(200), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_quote_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_quote_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint("number", name=op.f("uq_quote_number")),
        sa.UniqueConstraint("order_id", name=op.f("uq_quote_order_id")),
    )
    op.create_index("ix_quote_customer_id_id", "quote", ["customer_id", "id"], unique=False)
    op.create_index(op.f("ix_quote_moved_at"), "quote", ["moved_at"], unique=False)
    op.create_index(op.f("ix_quote_owner"), "quote", ["owner"], unique=False)
    op.create_index(op.f("ix_quote_state"), "quote", ["state"], unique=False)
    op.create_table(
        "quote_link",
        sa.Column("id", BigId, nullable=False),
        sa.Column("quote_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_link_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_quote_link_token_hash")),
    )
    op.create_index(op.f("ix_quote_link_quote_id"), "quote_link", ["quote_id"], unique=False)
    op.create_table(
        "quote_message",
        sa.Column("id", BigId, nullable=False),
        sa.Column("quote_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(8), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("proposal", Json(), nullable=True),
        sa.Column("taken_into", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_message_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_message")),
    )
    op.create_index(op.f("ix_quote_message_quote_id"), "quote_message", ["quote_id"], unique=False)
    op.create_table(
        "quote_version",
        sa.Column("id", BigId, nullable=False),
        sa.Column("quote_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("sent_by", sa.String(120), nullable=True),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_version_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_version")),
        sa.UniqueConstraint("quote_id", "version", name=op.f("uq_quote_version_quote_id_version")),
    )
    op.create_table(
        "quote_line",
        sa.Column("id", BigId, nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("configuration", Json(), nullable=False),
        sa.Column("chosen", Json(), nullable=False),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("unit_price", Money(), nullable=False),
        sa.Column("discount_percent", Quantity(), nullable=False),
        sa.Column("wished_date", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_quote_line_product_id")),
        sa.ForeignKeyConstraint(["version_id"], ["quote_version.id"], name=op.f("fk_quote_line_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_line")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_quote_line_version_id_position")),
    )
    op.create_index(op.f("ix_quote_line_product_id"), "quote_line", ["product_id"], unique=False)
    op.create_table(
        "quote_visit",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["quote_link.id"], name=op.f("fk_quote_visit_link_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_quote_visit")),
    )
    op.create_index(op.f("ix_quote_visit_link_id"), "quote_visit", ["link_id"], unique=False)
    op.add_column("sales_order", sa.Column("quote_number", sa.String(40), nullable=True))
    op.add_column("sales_order", sa.Column("quote_version", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_sales_order_quote_number"), "sales_order", ["quote_number"], unique=True)
