"""Which location a form is about: chosen from a list while there are few, named by key or name among many."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.erp.stock.models import StockLocation
from server.messages import N_
from server.web.forms import Form
from server.web.named_choice import TOLD, Choices, few, with_named
from server.web.page import Page

_SEVERAL = N_("More than one location is called so: %(names)s. Write the key.")


def place_choices(session: Session) -> Choices:
    """Key and name of each location, by name; None where there are too many to choose from."""
    statement = select(StockLocation.key, StockLocation.name).order_by(StockLocation.name, StockLocation.id)
    return few(session, statement)


def with_place(page: Page, form: Form, field: str) -> Form:
    """The form with the key of the location whose key or name was typed; raises Fault where several have it."""
    return with_named(page, form, field, _named, _SEVERAL)


def one_place(session: Session, typed: str | None) -> str | None:
    """The key of the one location that was typed by key or name; what names none or several stays as it is."""
    found = _named(session, typed) if typed else []
    return found[0][0] if len(found) == 1 else typed or None


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
