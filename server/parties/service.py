"""What happens to the site and to customers. Services flush and note; the edge commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.db import touch
from server.errors import Conflict
from server.http.numbers import fresh, keep_clear
from server.http.text import fold
from server.journal.audit import changes, write_audit
from server.messages import translate as _
from server.parties import repository
from server.parties.models import Address, Contact, Customer, Site
from server.parties.schemas import (
    AddressBody,
    ContactBody,
    CustomerIn,
    CustomerOut,
    CustomerPatch,
    SiteOut,
    SitePatch,
)

_LISTS = ("contacts", "addresses")


def update_site(session: Session, patch: SitePatch, *, actor: str, now: datetime) -> Site:
    """Change what the patch names; the first change stores the site."""
    site = repository.site(session)
    before = SiteOut.of(site).model_dump(mode="json")
    for field, value in patch.changed().items():
        setattr(site, field, value.model_dump() if field == "working_hours" else value)
    session.add(site)
    session.flush()
    after = SiteOut.of(site).model_dump(mode="json")
    write_audit(session, at=now, actor=actor, action="site_changed", subject="site", detail=changes(before, after))
    touch(session, "orders", "board")
    return site


def create_customer(session: Session, body: CustomerIn, *, actor: str, now: datetime) -> Customer:
    """A new customer; raises Conflict when the number is taken."""
    if body.number is not None and repository.customer(session, body.number) is not None:
        raise Conflict(
            _("There is a customer {number} already. Choose another number.").format(number=body.number),
            reason="number_taken",
        )
    customer = Customer(
        **body.model_dump(exclude={"number", *_LISTS}),
        number=body.number or fresh(session, "C", Customer.number),
        search_name=fold(body.name)[:200],
        created_at=now,
        contacts=_contacts(body.contacts),
        addresses=_addresses(body.addresses),
    )
    session.add(customer)
    session.flush()
    if body.number is not None:
        keep_clear(session, "C", [body.number])
    write_audit(
        session, at=now, actor=actor, action="customer_created", subject=customer.number, detail={"name": customer.name}
    )
    touch(session, f"customer:{customer.number}")
    return customer


def update_customer(
    session: Session, customer: Customer, patch: CustomerPatch, *, actor: str, now: datetime
) -> Customer:
    """Change what the patch names of a customer whose contacts and addresses are loaded."""
    before = _plain(customer)
    changed = patch.changed()
    for field, value in changed.items():
        if field not in _LISTS:
            setattr(customer, field, value)
    if "name" in changed:
        customer.search_name = fold(customer.name)[:200]
    # A change of contacts or addresses alone is a change of the customer, too: its version must rise.
    flag_modified(customer, "name")
    if patch.contacts is not None:
        _replace(session, customer.contacts, _contacts(patch.contacts))
    if patch.addresses is not None:
        _replace(session, customer.addresses, _addresses(patch.addresses))
    session.flush()
    detail = changes(before, _plain(customer))
    if detail["after"]:
        write_audit(session, at=now, actor=actor, action="customer_changed", subject=customer.number, detail=detail)
        touch(session, f"customer:{customer.number}", "orders")
    return customer


def _plain(customer: Customer) -> dict[str, Any]:
    return CustomerOut.of(customer, with_credit=True).model_dump(mode="json", exclude={"row_version"})


def _contacts(bodies: Sequence[ContactBody]) -> list[Contact]:
    return [Contact(**body.model_dump()) for body in bodies]


def _addresses(bodies: Sequence[AddressBody]) -> list[Address]:
    return [Address(**body.model_dump()) for body in bodies]


def _replace(session: Session, stored: list[Any], wanted: Sequence[Any]) -> None:
    """Put the wanted rows in the place of the stored ones."""
    for row in list(stored):
        session.delete(row)
    stored[:] = wanted
