"""Pallets, which hold boxes as boxes hold units."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("handling_unit", sa.Column("kind", sa.String(8), nullable=False, server_default="box"))
