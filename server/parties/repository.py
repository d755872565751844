"""Every query about the site and customers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, selectinload

from server.http.paging import Keyset, Page
from server.http.text import fold
from server.parties.models import Customer, Site

DEFAULT_HOURS = {"days": [0, 1, 2, 3, 4], "start": "06:00", "end": "22:00"}


def site(session: Session) -> Site:
    """Our site; before it is set up, one with the defaults that nothing has stored yet."""
    stored = session.scalars(select(Site).order_by(Site.id).limit(1)).one_or_none()
    if stored is not None:
        return stored
    return Site(
        name="Our factory",
        time_zone="UTC",
        currency="EUR",
        language="en",
        working_hours=dict(DEFAULT_HOURS),
        gs1_company_prefix="0000000",
        row_version=0,
    )


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Which customers a list shows; None takes all."""

    text: str | None = None
    active: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.text:
            found.append(
                or_(
                    Customer.search_name.contains(fold(self.text), autoescape=True),
                    Customer.number == self.text.strip().upper(),
                )
            )
        if self.active is not None:
            found.append(Customer.active == self.active)
        return found


def customers(session: Session, wanted: CustomerFilter, *, after: str | None = None, limit: int = 50) -> Page[Customer]:
    """A page of customers with contacts and addresses, by age."""
    statement = (
        select(Customer)
        .where(*wanted.conditions())
        .options(selectinload(Customer.contacts), selectinload(Customer.addresses))
    )
    return Keyset(Customer.id, Customer.number).page(session, statement, after=after, limit=limit)


def customer(session: Session, number: str, *, lock: bool = False) -> Customer | None:
    """The customer of this number with contacts and addresses; `lock` keeps other writers out."""
    statement = (
        select(Customer)
        .where(Customer.number == number)
        .options(selectinload(Customer.contacts), selectinload(Customer.addresses))
    )
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def customers_by_number(session: Session, numbers: Collection[str]) -> Mapping[str, Customer]:
    """The customers of these numbers, contacts and addresses loaded."""
    statement = (
        select(Customer)
        .where(Customer.number.in_(numbers))
        .options(selectinload(Customer.contacts), selectinload(Customer.addresses))
    )
    return {found.number: found for found in session.scalars(statement)}
