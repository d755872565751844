"""One-time codes of gateways, and which key follows which."""

import sqlalchemy as sa
from alembic import op

from server.db.types import UtcDateTime

revision = "0030"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("api_key", sa.Column("replaces_id", sa.BigInteger()))
    op.add_column("gateway", sa.Column("enrol_hash", sa.LargeBinary(32)))
    op.add_column("gateway", sa.Column("enrol_prefix", sa.String(12)))
    op.add_column("gateway", sa.Column("enrol_expires_at", UtcDateTime()))
    op.create_index("ix_gateway_enrol_hash", "gateway", ["enrol_hash"], unique=True)
