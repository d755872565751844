"""What a list page watches: everything of its kind for our own people, his own for a customer."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.erp.orders.models import SalesOrder
from server.parties.models import Customer


def own_topic(session: Session, principal: Principal, everything: str) -> str | None:
    """The topic that moves whenever the reader's list does; None where he may watch nothing."""
    if principal.kind == "visit":
        number = session.scalar(select(SalesOrder.number).where(SalesOrder.id == principal.order_id))
        return f"order:{number}" if number is not None else None
    if principal.customer_id is not None:
        return f"customer:{session.scalar(select(Customer.number).where(Customer.id == principal.customer_id))}"
    return everything
