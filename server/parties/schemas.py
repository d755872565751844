"""What programs send and get about the site and customers."""

import re
from typing import Annotated, Any, Literal, Self

from babel import Locale
from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from server.http.fields import (
    Amount,
    Currency,
    Language,
    LongName,
    Name,
    Note,
    Patch,
    ShortText,
    Shown,
    ShownDecimal,
    Strict,
    ZoneName,
)
from server.messages import translate as _
from server.parties.models import Address, Contact, Customer, Site

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_COUNTRIES = frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError(_("Expected an e-mail address such as name@example.com, got {text!r}.").format(text=text))
    return text


def _country(code: str) -> str:
    if code not in _COUNTRIES:
        raise ValueError(_("Expected a country of ISO 3166-1 such as DE, got {code!r}.").format(code=code))
    return code


Email = Annotated[str, StringConstraints(max_length=200), AfterValidator(_email)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_country)]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
#: EPC tag data knows company prefixes of 6 to 12 digits (GS1 EPC Tag Data Standard 14.3).
CompanyPrefix = Annotated[str, StringConstraints(pattern=r"^\d{6,12}$")]
CustomerNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,28}$")]


class WorkingHours(Strict):
    """When the site works, in its own zone; Monday is 0."""

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)]
    start: ClockTime
    end: ClockTime

    @field_validator("days")
    @classmethod
    def _each_once(cls, days: list[int]) -> list[int]:
        return sorted(set(days))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            message = _("Expected an end after the start {start}, got {end}.")
            raise ValueError(message.format(start=self.start, end=self.end))
        return self


class SitePatch(Patch):
    """What may change about the site."""

    name: Name | None = None
    time_zone: ZoneName | None = None
    currency: Currency | None = None
    language: Language | None = None
    working_hours: WorkingHours | None = None
    gs1_company_prefix: CompanyPrefix | None = None


class SiteOut(Shown):
    """The site as programs see it."""

    name: str
    time_zone: str
    currency: str
    language: str
    working_hours: dict[str, Any]
    gs1_company_prefix: str
    row_version: int

    @classmethod
    def of(cls, site: Site) -> Self:
        """The answer for a site."""
        return cls(**{field: getattr(site, field) for field in cls.model_fields})


class ContactBody(Strict):
    """A person at a customer."""

    name: Name
    email: Email | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+()/ .-]{3,60}$")] | None = None
    function: ShortText | None = None

    @classmethod
    def of(cls, contact: Contact) -> Self:
        """The answer for a contact; what is stored was checked when it came."""
        return cls.model_construct(**{field: getattr(contact, field) for field in cls.model_fields})


class AddressBody(Strict):
    """A postal address."""

    kind: Literal["delivery", "invoice"]
    lines: Annotated[Note, StringConstraints(max_length=500)]
    city: Name
    postal_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{1,20}$")] | None = None
    country: Country

    @classmethod
    def of(cls, address: Address) -> Self:
        """The answer for an address; what is stored was checked when it came."""
        return cls.model_construct(**{field: getattr(address, field) for field in cls.model_fields})


class CustomerIn(Strict):
    """A new customer; the number comes from the counter unless one is given."""

    number: CustomerNumber | None = None
    name: LongName
    language: Language = "en"
    currency: Currency = "EUR"
    credit_limit: Amount | None = None
    payment_terms_days: Annotated[int, Field(ge=0, le=365)] = 30
    segment: Annotated[ShortText, StringConstraints(max_length=40)] | None = None
    priority: Annotated[int, Field(ge=1, le=9)] = 5
    special_instructions: Note | None = None
    active: bool = True
    contacts: Annotated[list[ContactBody], Field(max_length=100)] = []
    addresses: Annotated[list[AddressBody], Field(max_length=100)] = []


class CustomerPatch(Patch):
    """What may change about a customer; lists are replaced whole."""

    emptyable = frozenset({"credit_limit", "segment", "special_instructions"})

    name: LongName | None = None
    language: Language | None = None
    currency: Currency | None = None
    credit_limit: Amount | None = None
    payment_terms_days: Annotated[int, Field(ge=0, le=365)] | None = None
    segment: Annotated[ShortText, StringConstraints(max_length=40)] | None = None
    priority: Annotated[int, Field(ge=1, le=9)] | None = None
    special_instructions: Note | None = None
    active: bool | None = None
    contacts: Annotated[list[ContactBody], Field(max_length=100)] | None = None
    addresses: Annotated[list[AddressBody], Field(max_length=100)] | None = None


class CustomerOut(Shown):
    """A customer as programs see it; the credit limit only for those who may change customers."""

    number: str
    name: str
    language: str
    currency: str
    credit_limit: ShownDecimal | None = None
    payment_terms_days: int
    segment: str | None
    priority: int
    special_instructions: str | None
    active: bool
    contacts: list[ContactBody]
    addresses: list[AddressBody]
    row_version: int

    @classmethod
    def of(cls, customer: Customer, *, with_credit: bool) -> Self:
        """The answer for a customer whose contacts and addresses are loaded."""
        special = {"contacts", "addresses", "credit_limit"}
        return cls(
            **{field: getattr(customer, field) for field in cls.model_fields if field not in special},
            credit_limit=customer.credit_limit if with_credit else None,
            contacts=[ContactBody.of(contact) for contact in customer.contacts],
            addresses=[AddressBody.of(address) for address in customer.addresses],
        )


class CustomerList(Shown):
    """A page of customers."""

    items: list[CustomerOut]
    next: str | None
