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
from server.web.entry import Fault
from server.web.forms import Form
from server.web.page import Page

#: A longer list is no list to choose from.
MOST = 500
#: So many names are told to whoever named more than one customer.
TOLD = 5

Choices = Sequence[tuple[str, str]] | None


def customer_choices(session: Session, *, blocked: bool = False) -> Choices:
    """Number and words of each customer, by name; None where there are too many to choose from.

    Whoever is `blocked` gets no orders and still pays.
    """
    statuses = [CustomerStatus.ACTIVE.value, *([CustomerStatus.BLOCKED.value] if blocked else [])]
    statement = select(Customer.number, Customer.name).where(Customer.status.in_(statuses))
    rows = session.execute(statement.order_by(Customer.name).limit(MOST + 1)).all()
    return [(number, f"{name} · {number}") for number, name in rows] if len(rows) <= MOST else None


def with_customer(page: Page, form: Form) -> Form:
    """The form with the number of the customer whose number or name was typed; raises Fault where several have it.

    What nobody has stays as it was typed, for the service has a sentence for it.
    """
    typed = form.text("customer")
    if not typed or not typed.isprintable():
        return form
    with page.database.read() as session:
        found = _named(session, typed)
    if len(found) > 1:
        names = ", ".join(f"{name} ({number})" for number, name in found[:TOLD])
        told = page.say(N_("More than one customer is called so: %(names)s. Write the number."), names=names)
        raise Fault(form.with_faults({"customer": told}), 422)
    return form if not found else Form({**form.values, "customer": found[0][0]}, form.faults, form.fault)


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
