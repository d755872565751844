"""What is not invoiced, wrong passwords, and customers that look alike: found without looking at all rows."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

#: What a shared trait says, and what so many share tells nothing, as they were when this was written.
_WEIGHTS = {"vat": 80, "name": 60, "email": 45, "person": 40, "sound": 35, "phone": 35, "address": 30}
_LEAST, _COMMON = 50, 12


def upgrade() -> None:
    """Move the schema forward."""
    _mark_shipments()
    failed = sa.text("action = 'sign_in_failed'")
    op.create_index("ix_audit_failed_sign_ins", "audit", ["at"], sqlite_where=failed, postgresql_where=failed)
    _keep_suspects()


def _mark_shipments() -> None:
    op.add_column("shipment", sa.Column("to_invoice", sa.Boolean(), server_default=sa.true(), nullable=False))
    asked = "SELECT shipment_id FROM invoice_shipment WHERE active"
    op.execute(f"UPDATE shipment SET to_invoice = false WHERE id IN ({asked})")  # noqa: S608 - words of ours
    op.create_index(
        "ix_shipment_to_invoice",
        "shipment",
        ["id"],
        sqlite_where=sa.text("to_invoice = 1"),
        postgresql_where=sa.text("to_invoice"),
    )


def _keep_suspects() -> None:
    op.create_table(
        "customer_suspect",
        sa.Column("low_id", sa.BigInteger(), nullable=False),
        sa.Column("high_id", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["high_id"], ["customer.id"], name=op.f("fk_customer_suspect_high_id")),
        sa.ForeignKeyConstraint(["low_id"], ["customer.id"], name=op.f("fk_customer_suspect_low_id")),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_customer_suspect")),
    )
    cases = " ".join(f"WHEN '{kind}' THEN {weight}" for kind, weight in _WEIGHTS.items())
    weight = f"sum(CASE a.kind {cases} ELSE 0 END)"
    op.execute(
        f"INSERT INTO customer_suspect (low_id, high_id, weight) SELECT a.customer_id, b.customer_id, {weight} "  # noqa: S608 - as above
        "FROM customer_match_key a JOIN (SELECT kind, value FROM customer_match_key GROUP BY kind, value "
        f"HAVING count(*) BETWEEN 2 AND {_COMMON}) s ON s.kind = a.kind AND s.value = a.value "
        "JOIN customer_match_key b ON b.kind = a.kind AND b.value = a.value AND b.customer_id > a.customer_id "
        f"GROUP BY a.customer_id, b.customer_id HAVING {weight} >= {_LEAST}"
    )
    op.create_index("ix_customer_suspect_weight", "customer_suspect", [sa.text("weight DESC"), "low_id", "high_id"])
    op.create_index(op.f("ix_customer_suspect_high_id"), "customer_suspect", ["high_id"])
