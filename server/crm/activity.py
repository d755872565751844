"""What sales has done lately for a customer, for those who decide on credit: his timeline without what only moved."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from server.crm.customer_timeline import Item, customer_timeline
from server.parties.models import Customer

#: What the dock did is no activity of sales.
_MOVED = ("shipment_", "order_completed")


def sales_activity(session: Session, customer: Customer, *, limit: int = 8) -> Sequence[Item]:
    """The latest steps, newest first."""
    found = customer_timeline(session, customer, sees_credit=True).items
    return [item for item in found if not item.kind.startswith(_MOVED)][:limit]
