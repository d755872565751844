"""Exchange rates that finance keeps."""

import sqlalchemy as sa
from alembic import op

from server.db.types import BigId, Quantity, UtcDateTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "exchange_rate",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("base", sa.String(3), nullable=False),
        sa.Column("value", Quantity(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entered_by", sa.String(120), nullable=False),
    )
    op.create_index("ix_exchange_rate_base_currency_as_of_id", "exchange_rate", ["base", "currency", "as_of", "id"])
