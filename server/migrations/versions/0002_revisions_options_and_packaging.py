"""Products get revisions, options, kinds and rates; packaging gets specifications; order lines say what is chosen."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Json, Money, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MILLION = 1_000_000


def upgrade() -> None:
    """Move the schema forward."""
    # Column by column, without making tables anew: what refers to them stays as it is.
    op.add_column("work_center", sa.Column("hourly_rate", Money(), nullable=True))
    op.add_column("product", sa.Column("kind", sa.String(10), nullable=False, server_default="made"))
    op.add_column("product", sa.Column("lot_size", sa.BigInteger(), nullable=False, server_default=str(_MILLION)))
    op.add_column("product", sa.Column("options", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("product", sa.Column("option_rules", sa.Text(), nullable=False, server_default="[]"))
    op.execute(sa.text("UPDATE product SET kind = 'purchased' WHERE NOT made"))
    op.execute(sa.text("ALTER TABLE product DROP COLUMN made"))
    op.add_column("bom_line", sa.Column("scrap_percent", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("bom_line", sa.Column("choice", sa.String(130), nullable=True))
    op.add_column("order_line", sa.Column("configuration_summary", sa.String(400), nullable=True))
    _create_revisions()
    _create_packaging_specs()
    _fill_revisions(op.get_bind())


def _create_revisions() -> None:
    op.create_table(
        "product_revision",
        sa.Column("id", BigId, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("released_by", sa.String(120), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_revision_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_revision")),
        sa.UniqueConstraint("product_id", "name", name=op.f("uq_product_revision_product_id_name")),
    )


def _create_packaging_specs() -> None:
    op.create_table(
        "packaging_spec",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("box", sa.String(200), nullable=False),
        sa.Column("per_box", sa.Integer(), nullable=False),
        sa.Column("inner_material", sa.String(200), nullable=True),
        sa.Column("label_text", sa.Text(), nullable=True),
        sa.Column("label_template", sa.String(40), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("released_by", sa.String(120), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_packaging_spec_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packaging_spec")),
        sa.UniqueConstraint("number", "version", name=op.f("uq_packaging_spec_number_version")),
    )
    with op.batch_alter_table("packaging_spec") as batch:
        batch.create_index("ix_packaging_spec_product_id_customer_id", ["product_id", "customer_id"], unique=False)


def _fill_revisions(connection: sa.Connection) -> None:
    """Every product that is there already has one revision, the one that is current."""
    bom = _by_product(
        connection,
        "SELECT l.product_id, p.sku AS component, l.quantity, l.scrap_percent FROM bom_line l "
        "JOIN product p ON p.id = l.component_id ORDER BY l.product_id, l.position",
    )
    routing = _by_product(
        connection,
        "SELECT r.product_id, r.step, r.name, w.key AS work_center, r.setup_minutes, r.run_minutes, "
        "r.transfer_quantity, r.instructions FROM routing_operation r "
        "JOIN work_center w ON w.id = r.work_center_id ORDER BY r.product_id, r.step",
    )
    products = sa.table("product", sa.column("id"), sa.column("revision"), sa.column("created_at", UtcDateTime()))
    now = datetime.now(UTC)
    rows = [
        {
            "product_id": found.id,
            "name": found.revision,
            "state": "released",
            "content": {
                "bom": bom.get(found.id, []),
                "routing": routing.get(found.id, []),
                "options": [],
                "option_rules": [],
            },
            "created_at": found.created_at or now,
            "created_by": "system",
            "released_at": found.created_at or now,
            "released_by": "system",
            "row_version": 1,
        }
        for found in connection.execute(sa.select(products).order_by(products.c.id))
    ]
    table = sa.table(
        "product_revision",
        *(sa.column(name) for name in ("product_id", "name", "state", "created_by", "released_by", "row_version")),
        sa.column("content", Json()),
        sa.column("created_at", UtcDateTime()),
        sa.column("released_at", UtcDateTime()),
    )
    if rows:
        connection.execute(sa.insert(table), rows)


def _by_product(connection: sa.Connection, statement: str) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(sa.text(statement)).mappings():
        line = dict(row)
        product_id = line.pop("product_id")
        for name in ("quantity", "scrap_percent", "setup_minutes", "run_minutes"):
            if name in line:
                line[name] = _digits(line[name])
        found[product_id].append(line)
    return found


def _digits(millionths: int) -> str:
    text = format(Decimal(millionths) / _MILLION, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
