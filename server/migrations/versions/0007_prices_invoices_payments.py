"""Totals of orders, what stands on invoices, invoices and payments."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import sqlalchemy as sa
from alembic import op
from babel.numbers import get_currency_precision

from server.db.types import BigId, Money, Quantity, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    _widen()
    _total()
    _add_invoices()
    _add_payments()


def _widen() -> None:
    for name in ("total_net", "total_tax", "total_gross", "uninvoiced_gross"):
        op.add_column("sales_order", sa.Column(name, Money(), nullable=False, server_default="0"))
    for name in ("discount_percent", "tax_percent"):
        op.add_column("order_line", sa.Column(name, Quantity(), nullable=False, server_default="0"))
    op.add_column("site", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("site", sa.Column("tax_number", sa.String(40), nullable=True))
    op.add_column("site", sa.Column("bank_account", sa.String(200), nullable=True))
    op.add_column("site", sa.Column("tax_percent", Quantity(), nullable=False, server_default="0"))
    op.add_column("site", sa.Column("shows_balance", sa.Boolean(), nullable=False, server_default=sa.false()))


def _total() -> None:
    """Orders that are there already have neither discount nor tax."""
    orders = sa.table("sales_order", sa.column("id"), *(sa.column(name, Money()) for name in _TOTALS))
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT o.id, o.currency, l.quantity, l.unit_price FROM sales_order o "
            "JOIN order_line l ON l.order_id = o.id WHERE l.unit_price IS NOT NULL"
        )
    )
    found: dict[int, Decimal] = defaultdict(Decimal)
    for order_id, currency, quantity, price in rows:
        coin = Decimal(1).scaleb(-get_currency_precision(currency))
        net = Decimal(quantity).scaleb(-6) * Decimal(price).scaleb(-4)
        found[order_id] += net.quantize(coin, rounding=ROUND_HALF_UP)
    for order_id, total in found.items():
        values = {"total_net": total, "total_gross": total, "uninvoiced_gross": total}
        connection.execute(sa.update(orders).where(orders.c.id == order_id).values(values))


_TOTALS = ("total_net", "total_gross", "uninvoiced_gross")


def _add_invoices() -> None:
    op.create_table(
        "invoice",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("net", Money(), nullable=False),
        sa.Column("tax", Money(), nullable=False),
        sa.Column("gross", Money(), nullable=False),
        sa.Column("paid", Money(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("seller", sa.Text(), nullable=True),
        sa.Column("buyer", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=True),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.Column("cancel_reason", sa.String(200), nullable=True),
        sa.Column("credit_note", sa.String(40), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_invoice_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
        sa.UniqueConstraint("credit_note", name=op.f("uq_invoice_credit_note")),
    )
    op.create_index("ix_invoice_customer_id_state", "invoice", ["customer_id", "state"])
    op.create_index("ix_invoice_state_due_on", "invoice", ["state", "due_on"])
    op.create_table(
        "invoice_line",
        sa.Column("id", BigId, nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("shipment_id", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.String(60), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("uom", sa.String(10), nullable=False),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("unit_price", Money(), nullable=True),
        sa.Column("discount_percent", Quantity(), nullable=False),
        sa.Column("tax_percent", Quantity(), nullable=False),
        sa.Column("net", Money(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_line_invoice_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_invoice_line_order_id")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_invoice_line_order_line_id")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_invoice_line_shipment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("invoice_id", "position", name=op.f("uq_invoice_line_invoice_id_position")),
    )
    for column in ("order_id", "order_line_id"):
        op.create_index(op.f(f"ix_invoice_line_{column}"), "invoice_line", [column])
    op.create_table(
        "invoice_shipment",
        sa.Column("id", BigId, nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("shipment_id", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_shipment_invoice_id")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_invoice_shipment_shipment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_shipment")),
    )
    op.create_index(op.f("ix_invoice_shipment_invoice_id"), "invoice_shipment", ["invoice_id"])
    op.create_index(
        "uq_invoice_shipment_active",
        "invoice_shipment",
        ["shipment_id"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )


def _add_payments() -> None:
    op.create_table(
        "payment",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(80), nullable=True),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_payment_customer_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["payment.id"], name=op.f("fk_payment_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_number")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_payment_reverses_id")),
    )
    op.create_index(op.f("ix_payment_customer_id"), "payment", ["customer_id"])
    op.create_table(
        "payment_allocation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_allocation_payment_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_payment_allocation_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_allocation")),
    )
    for column in ("payment_id", "invoice_id"):
        op.create_index(op.f(f"ix_payment_allocation_{column}"), "payment_allocation", [column])
