"""Every query about cases."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, true, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from server.auth.models import User
from server.crm.cases.models import Case, CaseMessage
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.http.paging import Keyset, Page
from server.parties.models import Customer

EVERYTHING: ColumnElement[bool] = true()
#: A page shows no more than this.
MOST_MESSAGES = 300


def whole_case() -> tuple[ORMOption, ...]:
    """Loader options for a case with whom and what it is about."""
    return (joinedload(Case.customer), joinedload(Case.order), joinedload(Case.unit))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases a list shows; None takes all."""

    states: Collection[str] | None = None
    customer: str | None = None
    order: str | None = None
    unit: str | None = None
    assigned_to: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.states is not None:
            found.append(Case.state.in_(self.states))
        if self.customer is not None:
            found.append(Case.customer_id.in_(select(Customer.id).where(Customer.number == self.customer)))
        if self.order is not None:
            found.append(Case.order_id.in_(select(SalesOrder.id).where(SalesOrder.number == self.order)))
        if self.unit is not None:
            found.append(Case.unit_id.in_(select(Unit.id).where(Unit.number == self.unit)))
        if self.assigned_to is not None:
            found.append(Case.assigned_to == self.assigned_to)
        return found


def cases(
    session: Session, wanted: CaseFilter, *, visible: ColumnElement[bool], after: str | None = None, limit: int = 25
) -> Page[Case]:
    """A page of the visible cases, by age."""
    statement = select(Case).where(visible, *wanted.conditions()).options(*whole_case())
    return Keyset(Case.id, Case.number, visible).page(session, statement, after=after, limit=limit)


def newest(
    session: Session, wanted: CaseFilter, *, visible: ColumnElement[bool], before: int | None = None, limit: int = 25
) -> Page[Case]:
    """A page of the visible cases, the newest first, from below a row id on."""
    statement = select(Case).where(visible, *wanted.conditions()).options(*whole_case())
    if before is not None:
        statement = statement.where(Case.id < before)
    rows = session.scalars(statement.order_by(Case.id.desc()).limit(limit + 1)).all()
    return Page(rows[:limit], more=len(rows) > limit)


def case(
    session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING, lock: bool = False
) -> Case | None:
    """The visible case of this number; `lock` keeps other writers out and reads what they have written."""
    statement = select(Case).where(Case.number == number, visible).options(*whole_case())
    if lock:
        statement = statement.with_for_update(of=Case).execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def messages(session: Session, case_id: int) -> Sequence[CaseMessage]:
    """The thread of a case, oldest first, its latest part where it is very long."""
    statement = select(CaseMessage).where(CaseMessage.case_id == case_id)
    latest = session.scalars(statement.order_by(CaseMessage.id.desc()).limit(MOST_MESSAGES)).all()
    return list(reversed(latest))


def order(session: Session, number: str, *, visible: ColumnElement[bool]) -> SalesOrder | None:
    """The visible order of this number."""
    return session.scalars(select(SalesOrder).where(SalesOrder.number == number, visible)).one_or_none()


def unit(session: Session, number: str, *, order_id: int) -> Unit | None:
    """The unit of this number, if it is of that order."""
    return session.scalars(select(Unit).where(Unit.number == number, Unit.order_id == order_id)).one_or_none()


def customer(session: Session, number: str) -> Customer | None:
    """The customer of this number."""
    return session.scalars(select(Customer).where(Customer.number == number)).one_or_none()


def carers(session: Session, roles: Collection[str]) -> Mapping[str, str]:
    """The names of the active people with one of these roles, by login."""
    statement = select(User.login, User.name).where(User.active, User.role.in_(roles)).order_by(User.name)
    return {row[0]: row[1] for row in session.execute(statement.limit(200))}


def said_by(session: Session, customer_id: int, name: str) -> Sequence[tuple[str, CaseMessage]]:
    """What a person of the customer wrote about cases, each with the case's number."""
    statement = (
        select(Case.number, CaseMessage)
        .join(Case, Case.id == CaseMessage.case_id)
        .where(Case.customer_id == customer_id, CaseMessage.side == "customer", CaseMessage.author == name)
        .order_by(CaseMessage.id)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def erase_author(session: Session, customer_id: int, name: str, *, text: str) -> None:
    """Put `text` in the place of a person's name and words, and of the subjects of cases that he opened."""
    his = select(Case.id).where(Case.customer_id == customer_id)
    said = (CaseMessage.case_id.in_(his), CaseMessage.side == "customer", CaseMessage.author == name)
    opened = select(CaseMessage.case_id).where(*said)
    session.execute(
        update(Case).where(Case.id.in_(opened)).values(subject=text).execution_options(synchronize_session="fetch")
    )
    session.execute(
        update(CaseMessage).where(*said).values(author=text, body=text).execution_options(synchronize_session="fetch")
    )
