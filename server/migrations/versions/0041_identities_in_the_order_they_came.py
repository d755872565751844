"""On SQLite an event's identity lies where it came, not among those of its source."""

import sqlalchemy as sa
from alembic import op

from server.db.types import Json

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward.

    Kept in the tree of its key, each identity with its whole answer was put between those of its gateway and of the
    next one, which splits pages in the middle and leaves them half empty. Rows that are put at the end, beside a small
    index, fill their pages. PostgreSQL has kept them so from the beginning.
    """
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("event_identity", "event_identity_before")
    op.create_table(
        "event_identity",
        sa.Column("source_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("answer", Json(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "sequence", name=op.f("pk_event_identity")),
    )
    op.execute(
        "INSERT INTO event_identity (source_id, sequence, content_hash, recorded_on, event_id, answer) "
        "SELECT source_id, sequence, content_hash, recorded_on, event_id, answer "
        "FROM event_identity_before ORDER BY event_id"
    )
    op.drop_table("event_identity_before")
