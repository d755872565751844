"""Two records of one company become one: everything moves to the survivor, and the other number leads to it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, delete, func, or_, select, update
from sqlalchemy.orm import Session

from server.auth.models import User
from server.auth.topic import AUTH_TOPIC
from server.catalog.models import PackagingSpec
from server.catalog.revisions import RevisionState
from server.db import Base, table_of, touch
from server.erp.orders.models import SalesOrder
from server.erp.orders.policies import touch_floor
from server.errors import Refused
from server.http.text import fold
from server.journal import facts
from server.journal.audit import write_audit
from server.messages import translate as _
from server.parties import matching, repository
from server.parties.models import Contact, Customer, DistinctPair, MatchKey
from server.parties.people_schemas import present
from server.parties.service import mark_changed, require_not_merged
from server.parties.states import CustomerKind, CustomerStatus, PartyFact
from server.parties.suspicion import forget
from server.tracking.states import OrderLifecycle

_OVER = (OrderLifecycle.DONE.value, OrderLifecycle.CANCELLED.value)
#: What the survivor takes over where he has nothing himself.
_FILLED: Final = ("vat_number", "segment", "packaging_rule", "alerts", "special_instructions")


def merge_customers(
    session: Session, loser: Customer, survivor: Customer, *, actor: str, now: datetime
) -> Mapping[str, int]:
    """Move all that belongs to `loser` to `survivor`, both wholly loaded; how many rows of which table.

    Raises Refused, in words, when somebody would see or lose what he must not.
    """
    _refuse_harm(session, loser, survivor)
    moved = _move(session, loser, survivor)
    _join_fields(loser, survivor)
    loser.status, loser.blocked_reason, loser.merged_into_id = CustomerStatus.MERGED.value, None, survivor.id
    mark_changed(survivor)
    session.flush()
    session.expire(loser)
    session.expire(survivor)
    kept = repository.customer_by_id(session, survivor.id)
    matching.index(session, kept)
    _write(session, loser.number, kept, moved, actor=actor, now=now)
    _touch(session, loser.number, kept)
    return moved


def _refuse_harm(session: Session, loser: Customer, survivor: Customer) -> None:
    names = {"loser": loser.number, "survivor": survivor.number}
    if loser.id == survivor.id:
        raise Refused(_("{loser} cannot be merged into itself.").format(**names), reason="same_customer")
    require_not_merged(loser)
    require_not_merged(survivor)
    logins = _open_logins(session, (loser.id, survivor.id))
    if logins.get(loser.id) and logins.get(survivor.id):
        text = _(
            "{loser} and {survivor} both have people who sign in: {mine}; {theirs}. After the merge each of them would "
            "see the orders of both. Disable the logins of one of them first."
        )
        mine, theirs = ", ".join(logins[loser.id]), ", ".join(logins[survivor.id])
        raise Refused(text.format(**names, mine=mine, theirs=theirs), reason="both_have_logins")
    if loser.currency != survivor.currency and _has_open_orders(session, loser.id):
        text = _(
            "{loser} has open orders in {one}, but {survivor} is kept in {other}. Finish those orders first, "
            "or give both the same currency."
        )
        raise Refused(text.format(**names, one=loser.currency, other=survivor.currency), reason="other_currency")
    products = _packed_differently(session, loser.id, survivor.id)
    if products:
        text = _(
            "{loser} and {survivor} each have their own packaging for {count} of the same products. "
            "Withdraw one of each pair first."
        )
        raise Refused(text.format(**names, count=products), reason="packaging_conflict")


def _open_logins(session: Session, ids: tuple[int, int]) -> dict[int, list[str]]:
    statement = select(User.customer_id, User.login).where(User.customer_id.in_(ids), User.active).order_by(User.login)
    found: dict[int, list[str]] = {}
    for customer_id, login in session.execute(statement):
        found.setdefault(customer_id or 0, []).append(login)
    return found


def _has_open_orders(session: Session, customer_id: int) -> bool:
    statement = select(SalesOrder.id).where(SalesOrder.customer_id == customer_id, SalesOrder.lifecycle.not_in(_OVER))
    return session.execute(statement.limit(1)).first() is not None


def _packed_differently(session: Session, one: int, other: int) -> int:
    both = (
        select(PackagingSpec.product_id)
        .where(PackagingSpec.customer_id.in_((one, other)), PackagingSpec.state != RevisionState.OBSOLETE.value)
        .group_by(PackagingSpec.product_id)
        .having(func.count(PackagingSpec.customer_id.distinct()) > 1)
    )
    return session.scalar(select(func.count()).select_from(both.subquery())) or 0


def _move(session: Session, loser: Customer, survivor: Customer) -> dict[str, int]:
    """Every row of every table that names the customer, so that a feature of tomorrow is not forgotten."""
    connection = session.connection()
    connection.execute(delete(table_of(MatchKey)).where(MatchKey.customer_id == loser.id))
    forget(session, loser.id)
    pair = or_(DistinctPair.low_id == loser.id, DistinctPair.high_id == loser.id)
    connection.execute(delete(table_of(DistinctPair)).where(pair))
    for contact in loser.contacts:
        contact.preferred = False
    for address in loser.addresses:
        address.is_default = False
    session.flush()
    for one, same in _same_people(loser, survivor):
        _become_one(session, one, same)
    moved = {}
    for table in _tables():
        values: dict[Any, Any] = {table.c.customer_id: survivor.id}
        if "row_version" in table.c:
            values[table.c.row_version] = table.c.row_version + 1
        rows = connection.execute(update(table).where(table.c.customer_id == loser.id).values(values)).rowcount
        if rows:
            moved[table.name] = rows
    session.execute(
        update(Customer)
        .where(Customer.merged_into_id == loser.id)
        .values(merged_into_id=survivor.id)
        .execution_options(synchronize_session=False)
    )
    return moved


def _same_people(loser: Customer, survivor: Customer) -> Iterator[tuple[Contact, Contact]]:
    """Who stands at both, by name and e-mail address: one person, who is found, exported and erased as one."""
    there = {_key(person): person for person in present(survivor) if person.email}
    for person in present(loser):
        if person.email and (same := there.get(_key(person))) is not None:
            yield person, same


def _key(person: Contact) -> tuple[str, str]:
    return fold(person.name), (person.email or "").casefold()


def _become_one(session: Session, one: Contact, same: Contact) -> None:
    for field in ("phone", "role"):
        setattr(same, field, getattr(same, field) or getattr(one, field))
    session.flush()
    for table in Base.metadata.sorted_tables:
        if "contact_id" in table.c:
            session.execute(update(table).where(table.c.contact_id == one.id).values(contact_id=same.id))
    contact = table_of(Contact)
    session.execute(delete(contact).where(contact.c.id == one.id))


def _tables() -> Iterator[Table]:
    for table in Base.metadata.sorted_tables:
        if "customer_id" in table.c and table.name != MatchKey.__tablename__:
            yield table


def _join_fields(loser: Customer, survivor: Customer) -> None:
    for field in _FILLED:
        if getattr(survivor, field) is None:
            setattr(survivor, field, getattr(loser, field))
    since = [each for each in (loser.customer_since, survivor.customer_since) if each is not None]
    if since:
        survivor.kind, survivor.customer_since = CustomerKind.CUSTOMER.value, min(since)


def _write(
    session: Session, loser: str, survivor: Customer, moved: Mapping[str, int], *, actor: str, now: datetime
) -> None:
    merged, into = {"into": survivor.number, "moved": moved}, {"cause": loser, "moved": moved}
    kind = PartyFact.CUSTOMER_MERGED
    facts.write_about(session, kind, loser, actor=actor, now=now, detail=merged)
    facts.write_about(session, kind, survivor.number, actor=actor, now=now, detail=into)
    write_audit(session, at=now, actor=actor, action=kind.value, subject=loser, detail=merged)


def _touch(session: Session, loser: str, survivor: Customer) -> None:
    numbers = session.scalars(
        select(SalesOrder.number).where(SalesOrder.customer_id == survivor.id, SalesOrder.lifecycle.not_in(_OVER))
    )
    touch(session, AUTH_TOPIC, "orders", "customers", f"customer:{loser}", f"customer:{survivor.number}")
    touch(session, *(f"order:{number}" for number in numbers))
    touch_floor(session, survivor.id)
