"""Every query about quotes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from server.auth.models import User
from server.crm.quotes.models import Quote, QuoteLine, QuoteMessage, QuoteVersion
from server.crm.quotes.rules import OPEN, WITHDRAWN, QuoteState
from server.db.texts import begins, either, holds
from server.erp.orders.models import SalesOrder
from server.http.paging import Keyset, Page
from server.http.text import fold
from server.parties.models import Customer

EVERYTHING: ColumnElement[bool] = true()
#: Dozens of rounds fit; a page shows no more than this.
MOST_MESSAGES = 300


def whole_quote() -> tuple[ORMOption, ...]:
    """Loader options for a quote with its customer, all its versions, their lines and products."""
    return (
        selectinload(Quote.customer),
        selectinload(Quote.versions).selectinload(QuoteVersion.lines).joinedload(QuoteLine.product),
    )


def word_of_state(today: date) -> ColumnElement[str]:
    """The state as `rules.Standing.word` tells it on that day, for the database to answer."""
    expired = and_(Quote.state == QuoteState.SENT.value, Quote.valid_until < today)
    return case((Quote.withdrawn_at.is_not(None), WITHDRAWN), (expired, QuoteState.EXPIRED.value), else_=Quote.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFilter:
    """Which quotes a list shows; None takes all. States are judged on the day `today`."""

    today: date
    states: Collection[str] | None = None
    customer: str | None = None
    owner: str | None = None
    text: str | None = None

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.states is not None:
            found.append(word_of_state(self.today).in_(self.states))
            if set(self.states) <= set(OPEN):
                # What is open is stored as open, and few rows are: the index finds them.
                found.append(Quote.state.in_(self.states))
        if self.customer is not None:
            found.append(Quote.customer_id.in_(select(Customer.id).where(Customer.number == self.customer)))
        if self.owner is not None:
            found.append(Quote.owner == self.owner)
        if self.text:
            found.append(_matches(session, self.text.strip()))
        return found


def _matches(session: Session, text: str) -> ColumnElement[bool]:
    named = select(Customer.id).where(holds(session, Customer.search_name, fold(text)))
    return either(
        Quote.id,
        begins(session, Quote.number, text, f"Q-{text}"),
        holds(session, Quote.customer_reference, text),
        Quote.customer_id.in_(named),
    )


def quotes(
    session: Session,
    wanted: QuoteFilter,
    *,
    visible: ColumnElement[bool],
    after: str | None = None,
    limit: int = 25,
) -> Page[Quote]:
    """A page of the visible quotes with their customers, by age."""
    statement = select(Quote).where(visible, *wanted.conditions(session)).options(selectinload(Quote.customer))
    return Keyset(Quote.id, Quote.number, visible).page(session, statement, after=after, limit=limit)


def newest(
    session: Session,
    wanted: QuoteFilter,
    *,
    visible: ColumnElement[bool],
    before: int | None = None,
    limit: int = 25,
) -> Page[Quote]:
    """A page of the visible quotes with their customers, the newest first, from below a row id on."""
    statement = select(Quote).where(visible, *wanted.conditions(session)).options(selectinload(Quote.customer))
    if before is not None:
        statement = statement.where(Quote.id < before)
    rows = session.scalars(statement.order_by(Quote.id.desc()).limit(limit + 1)).all()
    return Page(rows[:limit], more=len(rows) > limit)


def quote(
    session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING, lock: bool = False
) -> Quote | None:
    """The visible quote of this number, whole; `lock` keeps other writers out and reads what they have written."""
    statement = select(Quote).where(Quote.number == number, visible).options(*whole_quote())
    if lock:
        statement = statement.with_for_update(of=Quote).execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def number_of(session: Session, quote_id: int) -> str | None:
    """The number of the quote with this row id."""
    return session.scalar(select(Quote.number).where(Quote.id == quote_id))


def order_numbers(session: Session, order_ids: Collection[int]) -> Mapping[int, str]:
    """The numbers of the orders with these ids."""
    rows = session.execute(select(SalesOrder.id, SalesOrder.number).where(SalesOrder.id.in_(order_ids)))
    return {row[0]: row[1] for row in rows}


class PlacedOrder(NamedTuple):
    """The order that an acceptance placed."""

    number: str
    lifecycle: str


def placed_order(session: Session, quote: Quote) -> PlacedOrder | None:
    """The order of an accepted quote, and whether it can go on."""
    if quote.order_id is None:
        return None
    row = session.execute(select(SalesOrder.number, SalesOrder.lifecycle).where(SalesOrder.id == quote.order_id)).one()
    return PlacedOrder(*row)


def messages(session: Session, quote_id: int) -> Sequence[QuoteMessage]:
    """The thread of a quote, oldest first, its latest part where it is very long."""
    statement = select(QuoteMessage).where(QuoteMessage.quote_id == quote_id)
    latest = session.scalars(statement.order_by(QuoteMessage.id.desc()).limit(MOST_MESSAGES)).all()
    return list(reversed(latest))


def message(session: Session, quote_id: int, message_id: int) -> QuoteMessage | None:
    """One message of a quote."""
    found = session.get(QuoteMessage, message_id)
    return found if found is not None and found.quote_id == quote_id else None


def names_of(session: Session, logins: Collection[str]) -> Mapping[str, str]:
    """The names of these people."""
    rows = session.execute(select(User.login, User.name).where(User.login.in_(logins)))
    return {row[0]: row[1] for row in rows}


def sellers(session: Session, roles: Collection[str]) -> Sequence[tuple[str, str]]:
    """Logins and names of the active people with one of these roles."""
    statement = select(User.login, User.name).where(User.active, User.role.in_(roles)).order_by(User.name)
    return [(row[0], row[1]) for row in session.execute(statement.limit(200))]


def sums(session: Session, wanted: QuoteFilter, *, visible: ColumnElement[bool]) -> Sequence[Any]:
    """How many quotes and how much money, by state on that day, currency and probability.

    Nothing is to be expected of a draft past its date: as it stands it cannot even be sent.
    """
    state = word_of_state(wanted.today).label("state")
    lapsed = and_(Quote.state == QuoteState.DRAFT.value, Quote.valid_until < wanted.today)
    probability = case((lapsed, 0), else_=Quote.probability).label("probability")
    statement = (
        select(state, Quote.currency, probability, func.count().label("count"), func.sum(Quote.total).label("total"))
        .where(visible, *wanted.conditions(session))
        .group_by(state, Quote.currency, probability)
    )
    return session.execute(statement).all()


def customer_number(session: Session, customer_id: int) -> str | None:
    """The number of the customer with this row id."""
    return session.scalar(select(Customer.number).where(Customer.id == customer_id))


def said_by(session: Session, customer_id: int, name: str) -> Sequence[tuple[str, QuoteMessage]]:
    """What a person of the customer wrote about his quotes, each with the quote's number."""
    statement = (
        select(Quote.number, QuoteMessage)
        .join(Quote, Quote.id == QuoteMessage.quote_id)
        .where(Quote.customer_id == customer_id, QuoteMessage.side == "customer", QuoteMessage.author == name)
        .order_by(QuoteMessage.id)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def erase_author(session: Session, customer_id: int, name: str, *, text: str) -> None:
    """Overwrite what a person wrote; what he proposed stays, for it became what was agreed. So does his signature."""
    for _number, message in said_by(session, customer_id, name):
        message.author = text
        message.body = text if message.body is not None else None
