"""Contacts, addresses and consents of a customer: rows that are kept as long as their id is named."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from server.errors import FieldError, Invalid, NotFound
from server.messages import translate as _
from server.parties import repository
from server.parties.models import Address, Consent, Contact, Customer
from server.parties.people_schemas import AddressBody, AddressPatch, ContactBody, ContactPatch, present

Body = TypeVar("Body", ContactBody, AddressBody)

#: What stands in the place of an erased person's name.
ERASED_NAME = "-"


def make_contacts(bodies: Sequence[ContactBody]) -> list[Contact]:
    """New contacts."""
    return [Contact(**body.model_dump(exclude={"id"})) for body in bodies]


def make_addresses(bodies: Sequence[AddressBody]) -> list[Address]:
    """New addresses."""
    return [Address(**body.model_dump(exclude={"id"})) for body in bodies]


def replace_contacts(
    session: Session, customer: Customer, bodies: Sequence[ContactBody], *, actor: str, now: datetime
) -> None:
    """The contacts are those of the list from here on; who is not in it any more is erased."""
    stored = {contact.id: contact for contact in present(customer)}
    for place, body in enumerate(bodies):
        contact = _claimed(stored, body, f"contacts.{place}.id", same=_same_person)
        if contact is None:
            customer.contacts += make_contacts([body])
        else:
            _take(contact, body.model_dump(exclude={"id"}))
    for contact in stored.values():
        erase_contact(session, contact, actor=actor, now=now)


def replace_addresses(session: Session, customer: Customer, bodies: Sequence[AddressBody]) -> None:
    """The addresses are those of the list from here on."""
    stored = {address.id: address for address in customer.addresses}
    for place, body in enumerate(bodies):
        address = _claimed(stored, body, f"addresses.{place}.id", same=_same_place)
        if address is None:
            customer.addresses += make_addresses([body])
        else:
            _take(address, body.model_dump(exclude={"id"}))
    for address in stored.values():
        remove_address(session, customer, address)


def find_contact(customer: Customer, contact_id: int) -> Contact:
    """A contact that is not erased; raises NotFound."""
    found = next((contact for contact in present(customer) if contact.id == contact_id), None)
    if found is None:
        raise NotFound
    return found


def find_address(customer: Customer, address_id: int) -> Address:
    """An address of the customer; raises NotFound."""
    found = next((address for address in customer.addresses if address.id == address_id), None)
    if found is None:
        raise NotFound
    return found


def add_contact(session: Session, customer: Customer, body: ContactBody) -> Contact:
    """One more contact; if it is the preferred one, no other is any more."""
    contact = make_contacts([body])[0]
    customer.contacts.append(contact)
    _prefer(customer, contact)
    session.flush()
    return contact


def change_contact(session: Session, customer: Customer, contact: Contact, patch: ContactPatch) -> None:
    """Change what the patch names."""
    _take(contact, patch.changed())
    _prefer(customer, contact)
    session.flush()


def add_address(session: Session, customer: Customer, body: AddressBody) -> Address:
    """One more address; if it is the default, no other of its kind is any more."""
    address = make_addresses([body])[0]
    customer.addresses.append(address)
    _make_default(customer, address)
    session.flush()
    return address


def change_address(session: Session, customer: Customer, address: Address, patch: AddressPatch) -> None:
    """Change what the patch names."""
    _take(address, patch.changed())
    _make_default(customer, address)
    session.flush()


def remove_address(session: Session, customer: Customer, address: Address) -> None:
    """Nobody is to be reached there any more."""
    customer.addresses.remove(address)
    session.delete(address)
    session.flush()


def erase_contact(session: Session, contact: Contact, *, actor: str, now: datetime) -> list[Consent]:
    """Overwrite what is known of the person and end his consents; the row stays for what points at it."""
    contact.name, contact.role, contact.email, contact.phone = ERASED_NAME, None, None, None
    contact.preferred, contact.erased_at = False, now
    ended = [] if contact.id is None else repository.open_consents(session, contact.id)
    for consent in ended:
        consent.withdrawn_at, consent.withdrawn_by = now, actor
    session.flush()
    return ended


def _claimed(stored: dict[int, Any], body: Body, field: str, *, same: Any) -> Any:
    """The stored row that the body speaks of, taken out of `stored`; None for a new one."""
    if body.id is not None:
        if body.id not in stored:
            message = _("There is no such row {id} at this customer; leave the id out for a new one.")
            raise Invalid(errors=[FieldError(field, message.format(id=body.id))])
        return stored.pop(body.id)
    known = next((row_id for row_id, row in stored.items() if same(row, body)), None)
    return None if known is None else stored.pop(known)


def _same_person(contact: Contact, body: ContactBody) -> bool:
    if body.email is not None and contact.email is not None:
        return body.email.casefold() == contact.email.casefold()
    return body.name.casefold() == contact.name.casefold()


def _same_place(address: Address, body: AddressBody) -> bool:
    return (address.kind, address.lines, address.city) == (body.kind, body.lines, body.city)


def _take(row: Any, values: dict[str, Any]) -> None:
    for field, value in values.items():
        setattr(row, field, value)


def _prefer(customer: Customer, chosen: Contact) -> None:
    if chosen.preferred:
        for contact in customer.contacts:
            contact.preferred = contact is chosen


def _make_default(customer: Customer, chosen: Address) -> None:
    if chosen.is_default:
        for address in customer.addresses:
            address.is_default = address is chosen or (address.is_default and address.kind != chosen.kind)
