"""Customers from CSV: one row each, with one contact and one address."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from server.erp.imports.report import Outcome, RowError, of_refusal, of_validation
from server.erp.imports.same import is_same
from server.erp.imports.table import Columns, Row
from server.errors import OrderlightError
from server.messages import translate as _
from server.parties import repository, service
from server.parties.models import Customer
from server.parties.schemas import CustomerIn, CustomerOut, CustomerPatch

_CONTACT = {"contact_name": "name", "contact_email": "email", "contact_phone": "phone"}
_ADDRESS = {"address": "lines", "postal_code": "postal_code", "city": "city", "country": "country"}
COLUMNS = Columns(
    required=("number", "name"),
    optional=(
        "language",
        "currency",
        "credit_limit",
        "payment_terms_days",
        "segment",
        "priority",
        "special_instructions",
        "active",
        *_CONTACT,
        *_ADDRESS,
    ),
    decimals=("credit_limit",),
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


def _body(row: Row, errors: list[RowError]) -> CustomerIn | None:
    try:
        return CustomerIn.model_validate(_nested(row.cells))
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


def _store(session: Session, body: CustomerIn, stored: Customer | None, *, actor: str, now: datetime) -> Outcome:
    if stored is None:
        service.create_customer(session, body, actor=actor, now=now)
        return "created"
    given = body.model_dump(exclude_unset=True, exclude={"number"})
    if is_same(CustomerOut.of(stored, with_credit=True).model_dump(mode="json"), given):
        return "unchanged"
    service.update_customer(session, stored, CustomerPatch.model_validate(given), actor=actor, now=now)
    return "updated"
