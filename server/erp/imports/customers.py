"""Customers from CSV: one row each, with one contact and one address."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.erp.imports.report import Outcome, RowError, of_refusal, of_validation
from server.erp.imports.same import is_same
from server.erp.imports.table import Columns, Row, read_table
from server.erp.orders.policies import change_customer
from server.errors import OrderlightError
from server.http.fields import Day
from server.messages import translate as _
from server.parties import duplicates, repository, service
from server.parties.disclosure import WHOLE, require_rights
from server.parties.models import Customer
from server.parties.schemas import CustomerIn, CustomerOut, CustomerPatch
from server.parties.states import CustomerKind

_CONTACT = {"contact_name": "name", "contact_role": "role", "contact_email": "email", "contact_phone": "phone"}
_ADDRESS = {"address": "lines", "postal_code": "postal_code", "city": "city", "country": "country"}
COLUMNS = Columns(
    required=("number", "name"),
    optional=(
        "language",
        "vat_number",
        "segment",
        "customer_since",
        "currency",
        "credit_limit",
        "payment_terms_days",
        "discount_days",
        "discount_percent",
        "priority",
        "packaging_rule",
        "label_template",
        "alerts",
        "special_instructions",
        *_CONTACT,
        *_ADDRESS,
    ),
    decimals=("credit_limit", "discount_percent"),
)
#: How a mistake inside of a contact or address is called in the file.
_COLUMN_OF = {("contacts", own): column for column, own in _CONTACT.items()} | {
    ("addresses", own): column for column, own in _ADDRESS.items()
}


def apply(session: Session, rows: Sequence[Row], *, actor: str, now: datetime) -> tuple[list[Outcome], list[RowError]]:
    """Create or update each customer; mistakes are collected, never raised."""
    errors: list[RowError] = []
    bodies = [(row, body) for row in rows if (body := _body(row, errors)) is not None]
    known = dict(repository.customers_by_number(session, [str(body.number) for _, body in bodies]))
    outcomes: list[Outcome] = []
    lines: dict[str, int] = {}
    for row, body in bodies:
        number = str(body.number)
        if number in lines:
            errors.append(
                RowError(
                    row.line,
                    "number",
                    _("{number} stands in line {line} already.").format(number=number, line=lines[number]),
                )
            )
            continue
        lines[number] = row.line
        try:
            outcomes.append(_store(session, body, known.get(number), actor=actor, now=now))
        except OrderlightError as error:
            errors += of_refusal(row.line, error)
    return outcomes, errors


def look(session: Session, rows: Sequence[Row]) -> list[RowError]:
    """Which of these customers look like another one, as the form for a new customer would ask."""
    lines = {number: row.line for row in rows if (number := row.cells.get("number"))}
    message = _("{name} looks like {number}, {other}: {why}. If they are one, merge them; if not, say so.")
    return [
        RowError(
            lines[one.number], "name", message.format(name=one.name, number=other.number, other=other.name, why=one.why)
        )
        for one, other in duplicates.alike(session, lines)
    ]


def require_columns(principal: Principal, text: str) -> None:
    """Raise Forbidden when the file sets what its sender may not set by hand."""
    used = {name for row in read_table(text, COLUMNS).rows for name in row.cells}
    contacts = {"contacts"} if used & set(_CONTACT) else set()
    require_rights(principal, used - set(_CONTACT) | contacts)


class ImportedCustomer(CustomerIn):
    """A row of the file; who signed his first order before we kept orders here is a customer since then."""

    customer_since: Day | None = None


def _body(row: Row, errors: list[RowError]) -> ImportedCustomer | None:
    try:
        return ImportedCustomer.model_validate(_nested(row.cells))
    except ValidationError as error:
        for found, told in zip(error.errors(), of_validation(row.line, error), strict=True):
            place = (str(found["loc"][0]), str(found["loc"][-1])) if found["loc"] else ("", "")
            errors.append(RowError(row.line, _COLUMN_OF.get(place, told.column), told.message))
        return None


def _nested(cells: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {name: cell for name, cell in cells.items() if name not in _CONTACT and name not in _ADDRESS}
    contact = {own: cells[column] for column, own in _CONTACT.items() if column in cells}
    address = {own: cells[column] for column, own in _ADDRESS.items() if column in cells}
    if contact:
        body["contacts"] = [contact]
    if address:
        body["addresses"] = [{"kind": "delivery", **address}]
    return body


def _store(session: Session, body: ImportedCustomer, stored: Customer | None, *, actor: str, now: datetime) -> Outcome:
    given = body.model_dump(exclude_unset=True, exclude={"customer_since"})
    if stored is None:
        made = service.create_customer(session, CustomerIn.model_validate(given), actor=actor, now=now)
        _take_over(session, made, body, actor=actor, now=now)
        return "created"
    del given["number"]
    won = _take_over(session, stored, body, actor=actor, now=now)
    if is_same(CustomerOut.of(stored, WHOLE).model_dump(mode="json"), given):
        return "updated" if won else "unchanged"
    change_customer(session, stored, CustomerPatch.model_validate(given), actor=actor, now=now)
    return "updated"


def _take_over(session: Session, customer: Customer, body: ImportedCustomer, *, actor: str, now: datetime) -> bool:
    """A prospect whose first signed order lies before our time becomes a customer; whether he did now."""
    if body.customer_since is None or customer.kind == CustomerKind.CUSTOMER:
        return False
    zone = ZoneInfo(repository.site(session).time_zone)
    since = datetime.combine(body.customer_since, time(), zone)
    service.become_customer(session, customer, "import", actor=actor, now=now, since=since)
    return True
