"""What programs send and get about the site and customers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from server.http.fields import (
    Amount,
    Currency,
    Language,
    LongName,
    Name,
    Note,
    Patch,
    ReasonText,
    Share,
    ShortText,
    Shown,
    ShownDecimal,
    Strict,
    ZoneName,
)
from server.messages import translate as _
from server.parties.disclosure import CREDIT, View
from server.parties.fields import (
    ClockTime,
    CompanyPrefix,
    CustomerNumber,
    Days,
    Percent,
    Priority,
    Segment,
    VatNumber,
)
from server.parties.models import Customer, Site
from server.parties.people_schemas import AddressBody, Addresses, ContactBody, Contacts, check_lists, present
from server.parties.states import LabelTemplate


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

    emptyable = frozenset({"address", "tax_number", "bank_account"})

    name: Name | None = None
    time_zone: ZoneName | None = None
    currency: Currency | None = None
    language: Language | None = None
    working_hours: WorkingHours | None = None
    gs1_company_prefix: CompanyPrefix | None = None
    address: Annotated[Note, StringConstraints(max_length=500)] | None = None
    tax_number: Annotated[ShortText, StringConstraints(max_length=40)] | None = None
    bank_account: LongName | None = None
    tax_percent: Share | None = None
    shows_balance: bool | None = None


class SiteOut(Shown):
    """The site as programs see it."""

    name: str
    time_zone: str
    currency: str
    language: str
    working_hours: dict[str, Any]
    gs1_company_prefix: str
    address: str | None
    tax_number: str | None
    bank_account: str | None
    tax_percent: ShownDecimal
    shows_balance: bool
    row_version: int

    @classmethod
    def of(cls, site: Site) -> Self:
        """The answer for a site."""
        return cls(**{field: getattr(site, field) for field in cls.model_fields})


class CustomerIn(Strict):
    """A new prospect; the number comes from the counter unless one is given."""

    number: CustomerNumber | None = None
    name: LongName
    language: Language = "en"
    vat_number: VatNumber | None = None
    segment: Segment | None = None
    currency: Currency = "EUR"
    credit_limit: Amount | None = None
    payment_terms_days: Days = 30
    discount_days: Days | None = None
    discount_percent: Percent | None = None
    priority: Priority = 5
    packaging_rule: Note | None = None
    label_template: LabelTemplate = LabelTemplate.STANDARD
    alerts: Note | None = None
    special_instructions: Note | None = None
    contacts: Contacts = []
    addresses: Addresses = []
    #: It looks like a customer that is there already, and is another all the same.
    is_distinct: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_discount(self.discount_days, self.discount_percent, self.payment_terms_days)
        check_lists(self.contacts, self.addresses)
        return self


class CustomerPatch(Patch):
    """What may change about a customer; lists are replaced whole, rows that are stored keep their id."""

    emptyable = frozenset(
        {"vat_number", "segment", "credit_limit", "discount_days", "discount_percent", "packaging_rule", "alerts"}
        | {"special_instructions", "blocked_reason"}
    )

    name: LongName | None = None
    language: Language | None = None
    vat_number: VatNumber | None = None
    segment: Segment | None = None
    status: Literal["active", "blocked"] | None = None
    blocked_reason: ReasonText | None = None
    currency: Currency | None = None
    credit_limit: Amount | None = None
    payment_terms_days: Days | None = None
    discount_days: Days | None = None
    discount_percent: Percent | None = None
    priority: Priority | None = None
    packaging_rule: Note | None = None
    label_template: LabelTemplate | None = None
    alerts: Note | None = None
    special_instructions: Note | None = None
    contacts: Contacts | None = None
    addresses: Addresses | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_lists(self.contacts or [], self.addresses or [])
        return self


class CustomerOut(Shown):
    """A customer as programs see it; `masked` names the fields that are kept from this caller."""

    number: str
    name: str
    kind: str
    customer_since: datetime | None
    status: str
    blocked_reason: str | None
    language: str
    vat_number: str | None
    segment: str | None
    currency: str
    credit_limit: ShownDecimal | None = None
    payment_terms_days: int | None = None
    discount_days: int | None = None
    discount_percent: ShownDecimal | None = None
    priority: int
    packaging_rule: str | None
    label_template: str
    alerts: str | None
    special_instructions: str | None
    contacts: list[ContactBody]
    addresses: list[AddressBody]
    masked: list[str]
    row_version: int

    @classmethod
    def of(cls, customer: Customer, view: View) -> Self:
        """The answer for a customer whose contacts and addresses are loaded."""
        special = {"contacts", "addresses", "masked"} | (set() if view.credit else set(CREDIT))
        return cls(
            **{field: getattr(customer, field) for field in cls.model_fields if field not in special},
            contacts=[ContactBody.of(contact, personal=view.personal) for contact in present(customer)],
            addresses=[AddressBody.of(address) for address in customer.addresses],
            masked=view.masked,
        )


class CustomerList(Shown):
    """A page of customers; sensitive fields are masked in it for everybody."""

    items: list[CustomerOut]
    next: str | None


def check_discount(days: int | None, percent: Decimal | None, terms: int | None) -> None:
    """Raise ValueError unless the discount has both a time and a rate, and ends before the payment is due."""
    if (days is None) != (percent is None):
        raise ValueError(_("A discount needs both its days and its percent; leave both empty for none."))
    if days is not None and terms is not None and days > terms:
        message = _("The discount ends after {days} days, but payment is due after {terms} already.")
        raise ValueError(message.format(days=days, terms=terms))
