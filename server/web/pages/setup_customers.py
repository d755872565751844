"""Customers: found, added, changed, with contacts and addresses as rows of one form."""

from typing import Annotated, Any

from babel import Locale
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.orders import policies
from server.errors import NotFound
from server.http.currencies import CURRENCIES
from server.http.paging import After, Text
from server.http.versions import guard
from server.messages import N_
from server.parties import repository, service
from server.parties.disclosure import View
from server.parties.models import Customer
from server.parties.schemas import CustomerIn, CustomerOut, CustomerPatch
from server.web.entry import (
    Fault,
    FormDep,
    attempt,
    changed,
    checked,
    compact,
    count_rows,
    given,
    rows_of,
    typed_rows,
    version_of,
)
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.sections import SETUP, show_in

router = APIRouter(prefix="/setup/customers", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]
Writer = Annotated[Principal, Depends(require(Permission.CUSTOMERS_WRITE))]

_FIELDS = (
    "name", "language", "currency", "segment", "special_instructions",
)  # fmt: skip
_EMPTYABLE = ("credit_limit", "segment", "special_instructions")
_CREDIT = ("credit_limit", "payment_terms_days")
_CONTACTS = ("id", "name", "email", "phone", "role")
_ADDRESSES = ("id", "kind", "lines", "postal_code", "city", "country")
_WORDS = {
    "number": N_("Write capitals, digits and hyphens, such as C-100."),
    "language": N_("Write a language such as en or de."),
    "phone": N_("Write digits, blanks and + ( ) / . - such as +49 4841 12345."),
    "postal_code": N_("Write letters, digits, blanks and hyphens."),
    "country": N_("Choose one of the list."),
}


@router.get("")
def show_customers(page: PageDep, _principal: Reader, text: Text = None, after: After = None) -> Response:
    """A page of customers, found by number or a part of the name."""
    with page.database.read() as session:
        found = repository.customers(session, repository.CustomerFilter(text=text), after=after)
    return show_in(SETUP, page, "setup/customers.html", found=found, text=text or "", after=after)


@router.get("/new")
def new_customer(page: PageDep, _principal: Writer) -> Response:
    """A form with the site's currency and language."""
    with page.database.read() as session:
        site = repository.site(session)
    values = {"priority": "5", "payment_terms_days": "30"}
    return _show(page, Form(values | {"currency": site.currency, "language": site.language}))


@router.post("/new")
def add_customer(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Add the customer, or show the form again with more rows."""
    form = _compact(form)
    if form.get("more"):
        return _show(page, form, spare=3)
    try:
        data = {**given(form, "number", *_allowed(principal)), **_rest(form)}
        body = checked(page, form, model=CustomerIn, data=data, words=_WORDS)

        def work(session: Session) -> Customer:
            return service.create_customer(session, body, actor=principal.actor, now=page.now)

        made = attempt(page, form, work, fields={"number_taken": "number"})
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    said = page.say(N_("%(name)s is added as %(number)s."), name=made.name, number=made.number)
    return page.go("/setup/customers", said)


@router.get("/{number}")
def show_customer(page: PageDep, number: str, principal: Writer) -> Response:
    """The form with what is stored."""
    with page.database.read() as session:
        stored = CustomerOut.of(_found(session, number), View.of(principal)).model_dump(mode="json")
    return _show(page, _typed(stored), number=number)


@router.post("/{number}")
def change_customer(page: PageDep, number: str, form: FormDep, principal: Writer) -> Response:
    """Change the customer; new orders take the new terms."""
    form = _compact(form)
    if form.get("more"):
        return _show(page, form, number=number, spare=3)
    try:
        data = {**changed(form, *_allowed(principal), emptyable=_EMPTYABLE), **_rest(form)}
        patch = checked(page, form, model=CustomerPatch, data=data, words=_WORDS)

        def work(session: Session) -> None:
            customer = _found(session, number, lock=True)
            guard(number, expected=version_of(form), got=customer.row_version, wanted={}, stored={})
            policies.change_customer(session, customer, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status, number=number)
    return page.go("/setup/customers", page.say(N_("%(name)s is changed."), name=form.text("name")))


def _allowed(principal: Principal) -> tuple[str, ...]:
    credit = _CREDIT if principal.may(Permission.PARTY_CREDIT_WRITE) else ()
    return (*_FIELDS, *credit, *(("priority",) if principal.may(Permission.PARTY_POLICY_WRITE) else ()))


def _found(session: Session, number: str, *, lock: bool = False) -> Customer:
    customer = repository.customer(session, number, lock=lock)
    if customer is None:
        raise NotFound
    return customer


def _compact(form: Form) -> Form:
    form = compact(form, "contacts", _CONTACTS, marks=_CONTACTS[1:])
    return compact(form, "addresses", _ADDRESSES, marks=("lines", "city", "postal_code"))


def _rest(form: Form) -> dict[str, Any]:
    return {
        "contacts": rows_of(form, "contacts", _CONTACTS),
        "addresses": rows_of(form, "addresses", _ADDRESSES),
    }


def _typed(stored: dict[str, Any]) -> Form:
    values = {name: "" if stored[name] is None else str(stored[name]) for name in (*_FIELDS, *_CREDIT, "priority")}
    contacts = [{column: row[column] for column in _CONTACTS} for row in stored["contacts"]]
    addresses = [{column: row[column] for column in _ADDRESSES} for row in stored["addresses"]]
    rows = typed_rows("contacts", contacts) | typed_rows("addresses", addresses)
    return Form(values | rows | {"row_version": str(stored["row_version"])})


def _show(page: Page, form: Form, *, status: int = 200, number: str | None = None, spare: int = 1) -> Response:
    counts = {prefix: count_rows(form, prefix, spare=spare) for prefix in ("contacts", "addresses")}
    return show_in(
        SETUP,
        page,
        "setup/customer.html",
        status=status,
        form=form,
        number=number,
        counts=counts,
        currencies=[(code, code) for code in sorted(CURRENCIES)],
        countries=_countries(page.formats.locale),
    )


def _countries(locale: str) -> list[tuple[str, str]]:
    territories = Locale.parse(locale).territories
    named = ((code, name) for code, name in territories.items() if len(code) == 2 and code.isalpha())
    return sorted(named, key=lambda entry: entry[1])
