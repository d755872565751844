"""Read points that hear the same tags, and for how long a tag is at the loudest of them alone."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.add_column("read_point", sa.Column("overlap_group", sa.String(40)))
    op.add_column("read_point", sa.Column("overlap_seconds", sa.Integer(), nullable=False, server_default="5"))
