"""Gateways, keys and screens get a row version, as everything that people edit."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("gateway", "api_key", "device")


def upgrade() -> None:
    """Move the schema forward."""
    for table in TABLES:
        op.add_column(table, sa.Column("row_version", sa.Integer(), nullable=False, server_default="1"))
