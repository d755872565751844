"""All that happened with a customer, newest first: what people wrote down, and what the system knows.

Each source is one function in PROVIDERS. A later feature tells its part by one more function there: it gives its newest
entries before a cursor, each with a key that rises with it.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.crm.cases.models import Case
from server.crm.doers import doers
from server.crm.models import Interaction
from server.crm.quotes.models import Quote
from server.erp.billing.states import MoneyFact
from server.erp.orders.models import SalesOrder
from server.errors import FieldError, Invalid
from server.journal.models import ABOUT_RECORDS, ABOUT_WHOLE_ORDERS, Fact
from server.messages import translate as _
from server.parties.models import Contact, Customer
from server.parties.states import PartyFact

PAGE_SIZE: Final = 25
#: So many of the newest orders are told of; the tab of orders has them all.
ORDERS_TOLD: Final = 100
_CONSENTS: Final = (PartyFact.CONSENT_GIVEN.value, PartyFact.CONSENT_WITHDRAWN.value)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened. `source` and `kind` choose its words and its sign."""

    at: datetime
    key: int
    source: str
    kind: str
    #: The number of an order, shipment or the like that it is about.
    subject: str | None = None
    href: str | None = None
    #: What people wrote, or the reason they gave.
    text: str | None = None
    direction: str | None = None
    #: `user:anna`, later her name.
    who: str | None = None
    #: The person at the customer.
    contact: str | None = None
    #: The fields that a change touched.
    fields: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The entry for programs."""
        names = ("source", "kind", "subject", "text", "direction", "who", "contact")
        told = {name: getattr(self, name) for name in names}
        return {"at": self.at.astimezone(UTC).isoformat(), **told, "fields": list(self.fields)}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place after which a page begins: a time, then the source, then the key within it."""

    at: datetime
    rank: int
    key: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that a page before gave out; raises Invalid."""
        found = re.fullmatch(r"([0-9T:.\-]{19,26})Z\.(\d{1,2})\.(\d{1,18})", text)
        try:
            if found is not None:
                return cls(datetime.fromisoformat(found[1]).replace(tzinfo=UTC), int(found[2]), int(found[3]))
        except ValueError:
            # No moment of the calendar: it is told like whatever else is no place in the list.
            pass
        message = _("The page after {after!r} cannot be found; expected the `next` of the page before.")
        raise Invalid(errors=[FieldError("after", message.format(after=text[:60]))])

    def __str__(self) -> str:
        at = self.at.astimezone(UTC).replace(tzinfo=None).isoformat()
        return f"{at}Z.{self.rank}.{self.key}"


@dataclass(frozen=True, slots=True)
class Before:
    """What one provider has to skip, and how much it gives."""

    cursor: Cursor | None
    rank: int
    #: How many entries at most.
    most: int
    without: Collection[str] = ()

    def kinds(self) -> ColumnElement[bool]:
        """The kinds of facts that are asked for."""
        return Fact.kind.not_in(sorted(self.without)) if self.without else true()

    def condition(self, at: InstrumentedAttribute[datetime], key: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        """The cut in SQL: entries of one moment go by their source, then by their key."""
        if self.cursor is None:
            return key >= 0
        earlier = at < self.cursor.at
        if self.rank > self.cursor.rank:
            return at <= self.cursor.at
        if self.rank < self.cursor.rank:
            return earlier
        return or_(earlier, and_(at == self.cursor.at, key < self.cursor.key))


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of it; `next` leads to the one after."""

    items: Sequence[Item]
    next: str | None = None


Provider = Callable[[Session, Customer, Before], Sequence[Item]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of the timeline, for whom."""

    after: str | None = None
    limit: int = PAGE_SIZE
    #: Why credit was released is for those who see credit.
    sees_credit: bool = False
    #: Kinds of facts that are passed over as if they were not there.
    without: Collection[str] = ()


def customer_timeline(session: Session, customer: Customer, wanted: Wanted) -> Timeline:
    """A page of what happened; a query for each source and one for names, whatever the length."""
    cursor = Cursor.parse(wanted.after) if wanted.after else None
    found = [
        (item, rank)
        for rank, provider in enumerate(PROVIDERS)
        for item in provider(session, customer, Before(cursor, rank, wanted.limit + 1, wanted.without))
    ]
    found.sort(key=lambda each: (-each[0].at.timestamp(), each[1], -each[0].key))
    shown = found[: wanted.limit]
    last = shown[-1] if len(found) > wanted.limit else None
    following = str(Cursor(last[0].at, last[1], last[0].key)) if last else None
    items = [item if wanted.sees_credit else _without_credit(item) for item, _rank in shown]
    return Timeline(_named(session, items), following)


def _without_credit(item: Item) -> Item:
    return replace(item, text=None) if item.kind == MoneyFact.CREDIT_RELEASED else item


# --- the sources ---


def written_down(session: Session, customer: Customer, before: Before) -> Sequence[Item]:
    """Notes, calls, messages and meetings."""
    statement = (
        select(Interaction, Contact.name, Contact.erased_at)
        .outerjoin(Contact, Contact.id == Interaction.contact_id)
        .where(Interaction.customer_id == customer.id, before.condition(Interaction.at, Interaction.id))
        .order_by(Interaction.at.desc(), Interaction.id.desc())
        .limit(before.most)
    )
    return [
        Item(
            at=row.at, key=row.id, source="interaction", kind=row.kind, text=row.text, direction=row.direction,
            who=row.recorded_by, contact=None if erased_at else contact,
        )
        for row, contact, erased_at in session.execute(statement)
    ]  # fmt: skip


def orders(session: Session, customer: Customer, before: Before) -> Sequence[Item]:
    """What became of the newest orders as a whole, their shipments included; single scans stand on their pages."""
    newest = (
        select(SalesOrder.id)
        .where(SalesOrder.customer_id == customer.id)
        .order_by(SalesOrder.id.desc())
        .limit(ORDERS_TOLD)
    )
    mine = Fact.order_id.in_(newest.subquery().select())
    statement = (
        select(Fact, SalesOrder.number)
        .join(SalesOrder, SalesOrder.id == Fact.order_id)
        .where(ABOUT_WHOLE_ORDERS, mine)
        .where(before.condition(Fact.observed_at, Fact.id), before.kinds())
        .order_by(Fact.observed_at.desc(), Fact.id.desc())
        .limit(before.most)
    )
    return [replace(_fact(fact, "order"), href=f"/orders/{number}") for fact, number in session.execute(statement)]


def himself(session: Session, customer: Customer, before: Before) -> Sequence[Item]:
    """What changed about the customer."""
    statement = (
        select(Fact)
        .where(ABOUT_RECORDS, Fact.subject == customer.number, before.condition(Fact.observed_at, Fact.id))
        .order_by(Fact.observed_at.desc(), Fact.id.desc())
        .limit(before.most)
    )
    found = session.scalars(statement).all()
    people = _people(session, {fact.detail["contact"] for fact in found if fact.kind in _CONSENTS})
    return [_about_him(fact, people) for fact in found]


def _people(session: Session, ids: Collection[int]) -> Mapping[int, str]:
    """The names of contacts who are not erased; no query where nobody is asked for."""
    if not ids:
        return {}
    statement = select(Contact.id, Contact.name).where(Contact.id.in_(ids), Contact.erased_at.is_(None))
    return dict(session.execute(statement).all())


def _about_him(fact: Fact, people: Mapping[int, str]) -> Item:
    """A consent says who allowed what."""
    item = _fact(fact, "customer")
    if fact.kind not in _CONSENTS:
        return item
    return replace(item, contact=people.get(fact.detail["contact"]), fields=(str(fact.detail["purpose"]),))


def quotes(session: Session, customer: Customer, before: Before) -> Sequence[Item]:
    """What became of the newest quotes; what was said about them stands in their own threads."""
    newest = select(Quote.number).where(Quote.customer_id == customer.id).order_by(Quote.id.desc()).limit(ORDERS_TOLD)
    statement = (
        select(Fact)
        .where(ABOUT_RECORDS, Fact.subject.in_(newest.subquery().select()), before.condition(Fact.observed_at, Fact.id))
        .order_by(Fact.observed_at.desc(), Fact.id.desc())
        .limit(before.most)
    )
    return [replace(_fact(fact, "quote"), href=f"/quotes/{fact.subject}") for fact in session.scalars(statement)]


def cases(session: Session, customer: Customer, before: Before) -> Sequence[Item]:
    """What became of the newest cases; what was said about them stands in their own threads."""
    newest = select(Case.number).where(Case.customer_id == customer.id).order_by(Case.id.desc()).limit(ORDERS_TOLD)
    statement = (
        select(Fact)
        .where(ABOUT_RECORDS, Fact.subject.in_(newest.subquery().select()), before.condition(Fact.observed_at, Fact.id))
        .order_by(Fact.observed_at.desc(), Fact.id.desc())
        .limit(before.most)
    )
    return [replace(_fact(fact, "case"), href=f"/cases/{fact.subject}") for fact in session.scalars(statement)]


PROVIDERS: Final[Sequence[Provider]] = (written_down, himself, orders, quotes, cases)


def _fact(fact: Fact, source: str) -> Item:
    detail: Mapping[str, Any] = fact.detail
    reason = detail.get("reason") or detail.get("cause") or detail.get("into")
    return Item(
        at=fact.observed_at,
        key=fact.id,
        source=source,
        kind=fact.kind,
        subject=fact.subject,
        text=str(reason) if reason else None,
        who=fact.actor,
        fields=tuple(str(field) for field in detail.get("fields", ())),
    )


def _named(session: Session, items: Sequence[Item]) -> list[Item]:
    people = doers(session, {item.who for item in items if item.who})
    return [replace(item, who=people.name(item.who, item.at) if item.who else None) for item in items]
