"""A change that waits or counts also holds for work orders made in place of pieces that were lost."""

import sqlalchemy as sa
from alembic import op

from server.db.types import Json

revision = "0023"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("change_request", sa.Column("carried_to", Json(), nullable=False, server_default="[]"))
