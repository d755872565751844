"""Customers who share an e-mail address are suspects from now on; those who are there already are told of here."""

from alembic import op

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None

#: As server/parties/weights.py and server/parties/suspicion.py had them when this was written.
_SHARED = """
    INSERT INTO customer_suspect (low_id, high_id, weight)
    SELECT DISTINCT a.customer_id, b.customer_id, 50
    FROM customer_match_key a
    JOIN customer_match_key b ON b.kind = a.kind AND b.value = a.value AND b.customer_id > a.customer_id
    WHERE a.kind = 'email'
      AND (SELECT count(*) FROM customer_match_key c WHERE c.kind = a.kind AND c.value = a.value) <= 12
      AND NOT EXISTS (
        SELECT 1 FROM customer_suspect p WHERE p.low_id = a.customer_id AND p.high_id = b.customer_id
      )
"""


def upgrade() -> None:
    """Move the schema forward."""
    op.execute(_SHARED)
