"""Which of many a form is about: what the choices of customers, products and locations have in common."""

from collections.abc import Callable, Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.web.entry import Fault
from server.web.forms import Form
from server.web.page import Page

#: A longer list is no list to choose from.
MOST = 500
#: So many names are told to whoever named more than one.
TOLD = 5

#: What is sent and what is shown; None where there are too many to choose from.
Choices = Sequence[tuple[str, str]] | None
#: What was typed, to number and name of those it may mean.
Find = Callable[[Session, str], Sequence[tuple[str, str]]]


def few(session: Session, statement: Select[str, str]) -> Choices:
    """What the statement selects, where that is few enough to choose from."""
    # Counted before they are put in order: of many, that would take longer than the rest of the page.
    some = statement.order_by(None).limit(MOST + 1).subquery()
    if (session.scalar(select(func.count()).select_from(some)) or 0) > MOST:
        return None
    return [(number, name) for number, name in session.execute(statement)]


def with_named(page: Page, form: Form, field: str, find: Find, several: str) -> Form:
    """The form with the number of the one that was typed; where there are more, raises Fault in the words of `several`.

    What nobody has stays as it was typed, for the service has a sentence for it.
    """
    typed = form.text(field)
    if not typed or not typed.isprintable():
        return form
    with page.database.read() as session:
        found = find(session, typed)
    if len(found) > 1:
        raise Fault(form.with_faults({field: page.say(several, names=names_of(found))}), 422)
    return form if not found else Form({**form.values, field: found[0][0]}, form.faults, form.fault)


def names_of(found: Sequence[tuple[str, str]]) -> str:
    """The first of them as a sentence names them."""
    return ", ".join(f"{name} ({number})" for number, name in found[:TOLD])
