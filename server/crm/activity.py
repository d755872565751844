"""What sales has done lately for a customer, for those who decide on credit: his timeline without what only moved."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from server.crm.customer_timeline import Item, Wanted, customer_timeline
from server.erp.billing.states import MoneyFact
from server.parties.models import Customer
from server.tracking.facts import FactKind

#: What the dock, the floor and those who read this did themselves is no activity of sales. It is left out as it is
#: looked for: many a customer gets more shipments in a week than his timeline has on its first page.
_OF_OTHERS: Final = frozenset(
    {kind.value for kind in FactKind if kind.startswith(("shipment_", "change_a", "change_reopened", "repack_"))}
    | {FactKind.ORDER_COMPLETED.value, FactKind.WORK_ORDER_CREATED.value, FactKind.WORK_ORDER_CANCELLED.value}
    | {kind.value for kind in MoneyFact if kind.startswith(("invoice_", "payment_"))}
)


def sales_activity(session: Session, customer: Customer, *, limit: int = 8) -> Sequence[Item]:
    """The latest steps, newest first."""
    return customer_timeline(session, customer, Wanted(limit=limit, sees_credit=True, without=_OF_OTHERS)).items
