"""Which customer a form is about: chosen from a list while there are few, named by number or name among many."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.texts import holds
from server.http.text import fold
from server.messages import N_
from server.parties.models import Customer
from server.parties.repository import customer as find_customer
from server.parties.states import CustomerStatus
from server.web.forms import Form
from server.web.named_choice import TOLD, Choices, few, with_named
from server.web.page import Page

_SEVERAL = N_("More than one customer is called so: %(names)s. Write the number.")


def customer_choices(session: Session, *, blocked: bool = False) -> Choices:
    """Number and words of each customer, by name; None where there are too many to choose from.

    Whoever is `blocked` gets no orders and still pays.
    """
    statuses = [CustomerStatus.ACTIVE.value, *([CustomerStatus.BLOCKED.value] if blocked else [])]
    statement = select(Customer.number, Customer.name).where(Customer.status.in_(statuses))
    found = few(session, statement.order_by(Customer.name))
    return None if found is None else [(number, f"{name} · {number}") for number, name in found]


def with_customer(page: Page, form: Form, field: str = "customer") -> Form:
    """The form with the number of the customer whose number or name was typed; raises Fault where several have it."""
    return with_named(page, form, field, _named, _SEVERAL)


def _named(session: Session, typed: str) -> Sequence[tuple[str, str]]:
    known = find_customer(session, typed)
    if known is not None:
        return [(known.number, known.name)]
    named = select(Customer.number, Customer.name).where(Customer.status != CustomerStatus.MERGED.value)
    name = fold(typed)
    for condition in (Customer.search_name == name, holds(session, Customer.search_name, name)):
        rows = session.execute(named.where(condition).order_by(Customer.name).limit(TOLD + 1)).all()
        if rows:
            return [(number, name) for number, name in rows]
    return []
