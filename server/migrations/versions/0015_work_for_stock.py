"""Work orders that nobody has ordered: for stock."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    with op.batch_alter_table("work_order") as batch:
        batch.alter_column("order_id", existing_type=sa.BigInteger(), nullable=True)
        batch.alter_column("order_line_id", existing_type=sa.BigInteger(), nullable=True)
