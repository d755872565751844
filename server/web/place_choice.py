"""Which location a form is about: chosen from a list while there are few, named by key or name among many."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.erp.stock.models import StockLocation
from server.messages import N_
from server.web.entry import Fault
from server.web.forms import Form
from server.web.page import Page

#: A longer list is no list to choose from.
MOST = 500
#: So many names are told to whoever named more than one location.
TOLD = 5

Choices = Sequence[tuple[str, str]] | None


def place_choices(session: Session) -> Choices:
    """Key and name of each location, by name; None where there are too many to choose from."""
    statement = select(StockLocation.key, StockLocation.name).order_by(StockLocation.name, StockLocation.id)
    rows = [(key, name) for key, name in session.execute(statement.limit(MOST + 1))]
    return rows if len(rows) <= MOST else None


def with_place(page: Page, form: Form, field: str) -> Form:
    """The form with the key of the location whose key or name was typed; raises Fault where several have it.

    What nobody has stays as it was typed, for the service has a sentence for it.
    """
    typed = form.text(field)
    if not typed or not typed.isprintable():
        return form
    with page.database.read() as session:
        found = _named(session, typed)
    if len(found) > 1:
        names = ", ".join(f"{name} ({key})" for key, name in found[:TOLD])
        told = page.say(N_("More than one location is called so: %(names)s. Write the key."), names=names)
        raise Fault(form.with_faults({field: told}), 422)
    return form if not found else Form({**form.values, field: found[0][0]}, form.faults, form.fault)


def _named(session: Session, typed: str) -> Sequence[tuple[str, str]]:
    """The location of this key, else those of this name, else those whose name holds it."""
    key, name = func.lower(StockLocation.key), func.lower(StockLocation.name)
    wanted = typed.lower()
    for condition in (key == wanted, name == wanted, name.contains(wanted, autoescape=True)):
        statement = select(StockLocation.key, StockLocation.name).where(condition).order_by(StockLocation.name)
        rows = [(found, words) for found, words in session.execute(statement.limit(TOLD + 1))]
        if rows:
            return rows
    return []
