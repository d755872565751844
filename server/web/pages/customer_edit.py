"""The forms of a customer: who he is with people and places, and his terms with what the floor obeys."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

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
from server.http.paging import Number
from server.http.versions import guard
from server.messages import N_
from server.parties import duplicates, repository, service
from server.parties.disclosure import CREDIT, PERSONAL, POLICIES, View, note_view, require_rights
from server.parties.models import Customer
from server.parties.schemas import CustomerIn, CustomerOut, CustomerPatch
from server.parties.states import LabelTemplate
from server.web.customer_words import CUSTOMER_FIELDS
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

router = APIRouter(prefix="/customers", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]
Writer = Annotated[Principal, Depends(require(Permission.CUSTOMERS_WRITE))]

_FIELDS = ("name", "language", "currency", "vat_number", "segment", "special_instructions")
_EMPTYABLE = (
    "vat_number", "segment", "special_instructions", "credit_limit", "discount_days", "discount_percent",
    "packaging_rule", "alerts", "blocked_reason",
)  # fmt: skip
_CONTACTS = ("id", "name", "role", "email", "phone", "preferred")
_ADDRESSES = ("id", "kind", "lines", "postal_code", "city", "country", "is_default")
_WORDS = {
    "number": N_("Write capitals, digits and hyphens, such as C-100."),
    "language": N_("Write a language such as en or de."),
    "phone": N_("Write digits, blanks and + ( ) / . - such as +49 4841 12345."),
    "postal_code": N_("Write letters, digits, blanks and hyphens."),
    "country": N_("Choose one of the list."),
}


@router.get("/new")
def new_customer(page: PageDep, _principal: Writer) -> Response:
    """A form with the site's currency and language."""
    with page.database.read() as session:
        site = repository.site(session)
    return _show(page, Form({"currency": site.currency, "language": site.language}))


@router.post("/new")
def add_customer(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Add the prospect, or show who looks like him, or the form again with more rows."""
    form = _compact(form)
    if form.get("more"):
        return _show(page, form, spare=3)
    try:
        data = {**given(form, "number", *_FIELDS), **_rows(form)}
        body = checked(page, form, model=CustomerIn, data=data, words=_WORDS)
        if not form.checked("is_distinct"):
            with page.database.read() as session:
                # A number that is taken is said at its field, below; that comes before any likeness.
                is_taken = body.number is not None and repository.customer(session, body.number) is not None
                alike = [] if is_taken else duplicates.suspects_of(session, body)
            if alike:
                return _show(page, form, status=409, alike=alike)

        def work(session: Session) -> Customer:
            return service.create_customer(session, body, actor=principal.actor, now=page.now)

        made = attempt(page, form, work, fields={"number_taken": "number"})
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    said = page.say(N_("%(name)s is added as %(number)s."), name=made.name, number=made.number)
    return page.go(f"/customers/{quote(made.number, safe='')}", said)


@router.get("/{number}/edit")
def edit_customer(page: PageDep, number: Number, principal: Writer) -> Response:
    """The form with what is stored."""
    stored = page.database.write(lambda session: _stored(session, number, principal, page, PERSONAL_FIELDS))
    return _show(page, _typed(stored), number=number)


@router.post("/{number}/edit")
def change_customer(page: PageDep, number: Number, form: FormDep, _principal: Writer) -> Response:
    """Change who he is; a stale form is shown again with what differs."""
    form = _compact(form)
    if form.get("more"):
        return _show(page, form, number=number, spare=3)
    try:
        data = {**changed(form, *_FIELDS, emptyable=_EMPTYABLE), **_rows(form)}
        _store(page, form, number, data)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status, number=number)
    return page.go(f"/customers/{quote(number, safe='')}", page.say(N_("%(name)s is changed."), name=form.text("name")))


@router.get("/{number}/terms/edit")
def edit_terms(page: PageDep, number: Number, principal: Reader) -> Response:
    """Terms and policies, as far as one may set them."""
    require_any(principal)
    stored = page.database.write(lambda session: _stored(session, number, principal, page, CREDIT))
    values = {name: "" if value is None else str(value) for name, value in stored.items() if isinstance(name, str)}
    return _show_terms(page, Form(values), number)


@router.post("/{number}/terms/edit")
def change_terms(page: PageDep, number: Number, form: FormDep, principal: Reader) -> Response:
    """Change what one may set; stations see policies at once."""
    require_any(principal)
    try:
        data = changed(form, *_settable(principal), emptyable=_EMPTYABLE)
        _store(page, form, number, data)
    except Fault as fault:
        return _show_terms(page, fault.form, number, status=fault.status)
    return page.go(f"/customers/{quote(number, safe='')}/terms", page.say(N_("Terms and policies are changed.")))


PERSONAL_FIELDS = tuple(f"contacts.{field}" for field in PERSONAL)


def require_any(principal: Principal) -> None:
    """Raise Forbidden for whoever may set neither terms nor policies nor the status."""
    if not _settable(principal):
        require_rights(principal, CREDIT)


def _settable(principal: Principal) -> tuple[str, ...]:
    credit = CREDIT if principal.may(Permission.PARTY_CREDIT_WRITE) else ()
    policy = POLICIES if principal.may(Permission.PARTY_POLICY_WRITE) else ()
    status = ("status", "blocked_reason") if principal.may(Permission.CUSTOMERS_WRITE) else ()
    return (*credit, *policy, *status)


def _store(page: Page, form: Form, number: str, data: Mapping[str, Any]) -> None:
    principal = page.principal
    assert principal is not None
    patch = checked(page, form, model=CustomerPatch, data=data, words=_WORDS)
    require_rights(principal, patch.model_fields_set)
    wanted = patch.model_dump(mode="json", exclude_unset=True)

    def work(session: Session) -> None:
        customer = _found(session, number, lock=True)
        stored = CustomerOut.of(customer, View.of(principal)).model_dump(mode="json")
        difference = _difference(page, wanted, stored)
        if version_of(form) != customer.row_version and difference:
            form_says = page.say(N_("Now it says: %(difference)s"), difference=difference)
            raise_stale(page, form, form_says)
        guard(number, expected=version_of(form), got=customer.row_version, wanted={}, stored={})
        policies.change_customer(session, customer, patch, actor=principal.actor, now=page.now)

    attempt(page, form, work)


def raise_stale(page: Page, form: Form, difference: str) -> None:
    """Raise Fault: somebody else changed the customer meanwhile, and how."""
    said = page.say(N_("Somebody changed this customer meanwhile, so nothing was stored."))
    raise Fault(form.with_faults({}, f"{said} {difference}"), 409)


def _difference(page: Page, wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> str:
    """The plain fields in which the form and the store differ, in words."""
    told = [
        f"{page.say(CUSTOMER_FIELDS[field])}: {stored[field] if stored[field] is not None else '–'}"
        for field, value in wanted.items()
        if field not in ("contacts", "addresses") and str(stored[field]) != str(value)
    ]
    return "; ".join(told)


def _found(session: Session, number: str, *, lock: bool = False) -> Customer:
    customer = repository.customer(session, number, lock=lock)
    if customer is None:
        raise NotFound
    return customer


def _stored(
    session: Session, number: str, principal: Principal, page: Page, sensitive: tuple[str, ...]
) -> dict[str, Any]:
    customer, view = _found(session, number), View.of(principal)
    shown = [field for field in view.shown(customer) if field in sensitive]
    note_view(session, customer, shown, actor=principal.actor, now=page.now)
    return CustomerOut.of(customer, view).model_dump(mode="json")


def _compact(form: Form) -> Form:
    form = compact(form, "contacts", _CONTACTS, marks=("name", "email", "phone", "role"))
    return compact(form, "addresses", _ADDRESSES, marks=("lines", "city", "postal_code"))


def _rows(form: Form) -> dict[str, Any]:
    return {
        "contacts": rows_of(form, "contacts", _CONTACTS),
        "addresses": rows_of(form, "addresses", _ADDRESSES),
    }


def _typed(stored: Mapping[str, Any]) -> Form:
    values = {name: "" if stored[name] is None else str(stored[name]) for name in _FIELDS}
    contacts = [_ticked(row, _CONTACTS) for row in stored["contacts"]]
    addresses = [_ticked(row, _ADDRESSES) for row in stored["addresses"]]
    rows = typed_rows("contacts", contacts) | typed_rows("addresses", addresses)
    return Form(values | rows | {"row_version": str(stored["row_version"])})


def _ticked(row: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """The row as a form holds it: a box that is not ticked sends nothing."""
    return {column: row[column] for column in columns if row[column] is not False}


def _show(
    page: Page,
    form: Form,
    *,
    status: int = 200,
    number: str | None = None,
    spare: int = 1,
    alike: list[duplicates.Suspect] | None = None,
) -> Response:
    name = None
    if number is not None:
        with page.database.read() as session:
            name = _found(session, number).name
    return page.show(
        "customers/edit.html",
        status=status,
        form=form,
        number=number,
        name=name,
        alike=alike or [],
        counts={prefix: count_rows(form, prefix, spare=spare) for prefix in ("contacts", "addresses")},
        currencies=[(code, code) for code in sorted(CURRENCIES)],
        countries=_countries(page.formats.locale),
    )


def _show_terms(page: Page, form: Form, number: str, *, status: int = 200) -> Response:
    principal = page.principal
    with page.database.read() as session:
        name = _found(session, number).name
    return page.show(
        "customers/terms_edit.html",
        status=status,
        form=form,
        number=number,
        name=name,
        settable=_settable(principal) if principal else (),
        templates=[template.value for template in LabelTemplate],
    )


def _countries(locale: str) -> list[tuple[str, str]]:
    territories = Locale.parse(locale).territories
    named = ((code, name) for code, name in territories.items() if len(code) == 2 and code.isalpha())
    return sorted(named, key=lambda entry: entry[1])
