"""Every query about the site and customers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from server.db.texts import either, holds
from server.http.paging import Keyset, Page
from server.http.text import fold
from server.parties.models import Consent, Customer, Site
from server.parties.states import CustomerStatus

DEFAULT_HOURS = {"days": [0, 1, 2, 3, 4], "start": "06:00", "end": "22:00"}


def site(session: Session) -> Site:
    """Our site; before it is set up, one with the defaults that nothing has stored yet."""
    stored = session.scalars(select(Site).order_by(Site.id).limit(1)).one_or_none()
    return stored if stored is not None else default_site()


def default_site() -> Site:
    """A site that nobody has set up."""
    return Site(
        name="Our factory",
        time_zone="UTC",
        currency="EUR",
        language="en",
        working_hours=dict(DEFAULT_HOURS),
        gs1_company_prefix="0000000",
        tax_percent=Decimal(0),
        shows_balance=False,
        row_version=0,
    )


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Which customers a list shows; None takes all, but for those that live on under another number."""

    text: str | None = None
    kind: str | None = None
    segment: str | None = None
    status: str | None = None

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.text:
            found.append(_matches(session, self.text.strip()))
        if self.kind is not None:
            found.append(Customer.kind == self.kind)
        if self.segment is not None:
            found.append(Customer.segment == self.segment)
        if self.status is not None:
            found.append(Customer.status == self.status)
        else:
            found.append(Customer.status != CustomerStatus.MERGED.value)
        return found


def _matches(session: Session, text: str) -> ColumnElement[bool]:
    return either(
        Customer.id,
        holds(session, Customer.search_name, fold(text)),
        Customer.number == text.upper(),
        Customer.vat_number == text.upper().replace(" ", ""),
    )


def segments(session: Session) -> Sequence[str]:
    """The segments that customers are in, by name."""
    found = select(Customer.segment).where(Customer.segment.is_not(None)).distinct().order_by(Customer.segment)
    return [segment for segment in session.scalars(found) if segment is not None]


def _whole() -> tuple[ORMOption, ORMOption]:
    return selectinload(Customer.contacts), selectinload(Customer.addresses)


def customers(session: Session, wanted: CustomerFilter, *, after: str | None = None, limit: int = 25) -> Page[Customer]:
    """A page of customers with contacts and addresses, by age."""
    statement = select(Customer).where(*wanted.conditions(session)).options(*_whole())
    return Keyset(Customer.id, Customer.number).page(session, statement, after=after, limit=limit)


def customer(session: Session, number: str, *, lock: bool = False) -> Customer | None:
    """The customer of this number with contacts and addresses; `lock` keeps other writers out."""
    statement = select(Customer).where(Customer.number == number).options(*_whole())
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def customer_by_id(session: Session, customer_id: int) -> Customer:
    """The customer of this id with contacts and addresses."""
    return session.scalars(select(Customer).where(Customer.id == customer_id).options(*_whole())).one()


def customers_by_number(session: Session, numbers: Collection[str]) -> Mapping[str, Customer]:
    """The customers of these numbers, contacts and addresses loaded."""
    statement = select(Customer).where(Customer.number.in_(numbers)).options(*_whole())
    return {found.number: found for found in session.scalars(statement)}


def number_of(session: Session, customer_id: int) -> str:
    """The number under which a customer is known."""
    return session.scalars(select(Customer.number).where(Customer.id == customer_id)).one()


def consents(session: Session, customer_id: int) -> Sequence[Consent]:
    """Every consent at a customer, the newest first."""
    statement = select(Consent).where(Consent.customer_id == customer_id).order_by(Consent.id.desc())
    return session.scalars(statement).all()


def open_consents(session: Session, contact_id: int) -> list[Consent]:
    """What a person allows at present."""
    statement = select(Consent).where(Consent.contact_id == contact_id, Consent.withdrawn_at.is_(None))
    return list(session.scalars(statement.order_by(Consent.id)))


def consent(session: Session, customer_id: int, consent_id: int) -> Consent | None:
    """One consent of a customer."""
    statement = select(Consent).where(Consent.customer_id == customer_id, Consent.id == consent_id)
    return session.scalars(statement).one_or_none()
