"""What programs send and get about the people and places of a customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from server.http.fields import Name, Note, Patch, ShortText, Shown, Strict
from server.messages import translate as _
from server.parties.disclosure import PERSONAL
from server.parties.fields import Country, Email, Phone, PostalCode, RowId
from server.parties.models import Address, Consent, Contact, Customer
from server.parties.states import Purpose


class ContactBody(Strict):
    """A person at a customer; `id` names one that is stored already."""

    id: RowId | None = None
    name: Name
    role: ShortText | None = None
    email: Email | None = None
    phone: Phone | None = None
    preferred: bool = False

    @classmethod
    def of(cls, contact: Contact, *, personal: bool = True) -> Self:
        """The answer for a contact; what is stored was checked when it came."""
        shown = {field: getattr(contact, field) for field in cls.model_fields}
        return cls.model_construct(**(shown if personal else shown | dict.fromkeys(PERSONAL)))


class ContactPatch(Patch):
    """What may change about a contact."""

    emptyable = frozenset({"role", "email", "phone"})

    name: Name | None = None
    role: ShortText | None = None
    email: Email | None = None
    phone: Phone | None = None
    preferred: bool | None = None


class AddressBody(Strict):
    """A postal address; `id` names one that is stored already."""

    id: RowId | None = None
    kind: Literal["delivery", "billing"]
    is_default: bool = False
    lines: Annotated[Note, StringConstraints(max_length=500)]
    city: Name
    postal_code: PostalCode | None = None
    country: Country

    @classmethod
    def of(cls, address: Address) -> Self:
        """The answer for an address; what is stored was checked when it came."""
        return cls.model_construct(**{field: getattr(address, field) for field in cls.model_fields})


class AddressPatch(Patch):
    """What may change about an address."""

    emptyable = frozenset({"postal_code"})

    kind: Literal["delivery", "billing"] | None = None
    is_default: bool | None = None
    lines: Annotated[Note, StringConstraints(max_length=500)] | None = None
    city: Name | None = None
    postal_code: PostalCode | None = None
    country: Country | None = None


class ConsentIn(Strict):
    """What a person allows, and where he said so."""

    contact: RowId
    purpose: Purpose
    source: ShortText


class ConsentOut(Shown):
    """A consent as programs see it; `withdrawn_at` is null while it holds."""

    id: int
    contact: int
    purpose: str
    source: str
    given_at: datetime
    given_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None

    @classmethod
    def of(cls, consent: Consent) -> Self:
        """The answer for a consent."""
        own = {field: getattr(consent, field) for field in cls.model_fields if field != "contact"}
        return cls(**own, contact=consent.contact_id)


Contacts = Annotated[list[ContactBody], Field(max_length=100)]
Addresses = Annotated[list[AddressBody], Field(max_length=100)]


def present(customer: Customer) -> list[Contact]:
    """The contacts that have not been erased, the preferred one first."""
    found = [contact for contact in customer.contacts if contact.erased_at is None]
    return sorted(found, key=lambda contact: (not contact.preferred, contact.id or 0))


def check_lists(contacts: Sequence[ContactBody], addresses: Sequence[AddressBody]) -> None:
    """Raise ValueError when more than one is preferred, or the default for the same use."""
    if sum(contact.preferred for contact in contacts) > 1:
        raise ValueError(_("Only one contact can be the preferred one."))
    defaults = [address.kind for address in addresses if address.is_default]
    if len(defaults) != len(set(defaults)):
        raise ValueError(_("Only one address for delivery and one for bills can be the default."))
