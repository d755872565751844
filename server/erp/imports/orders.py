"""Orders from CSV: one row for each line; rows with the same number make one order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from server.erp.imports.report import Outcome, RowError, of_refusal, of_validation
from server.erp.imports.same import is_same
from server.erp.imports.table import Columns, Row
from server.erp.orders import repository, service
from server.erp.orders.models import SalesOrder
from server.erp.orders.schemas import OrderIn, OrderNumber, OrderPatch
from server.errors import OrderlightError, Refused
from server.http.numbers import keep_clear
from server.messages import translate as _

_OF_ORDER = ("customer", "customer_reference", "promise_date", "priority", "special_instructions")
_OF_LINE = ("product", "quantity", "unit_price", "configuration", "packaging")
COLUMNS = Columns(
    required=("number", "customer", "product", "quantity"),
    optional=(*_OF_ORDER[1:], *_OF_LINE[2:]),
    decimals=("quantity", "unit_price"),
)
_NUMBER: TypeAdapter[str] = TypeAdapter(OrderNumber)


def apply(session: Session, rows: Sequence[Row], *, actor: str, now: datetime) -> tuple[list[Outcome], list[RowError]]:
    """Create each order as a draft, or update it while it is one; mistakes are collected, never raised."""
    errors: list[RowError] = []
    groups = _groups(rows, errors)
    known = dict(repository.orders_by_number(session, list(groups)))
    outcomes: list[Outcome] = []
    for number, group in groups.items():
        body = _body(group, errors)
        if body is None:
            continue
        try:
            outcomes.append(_store(session, number, body, known.get(number), actor=actor, now=now))
        except OrderlightError as error:
            errors += _by_line(group, error)
    keep_clear(session, "SO", groups)
    return outcomes, errors


def _groups(rows: Sequence[Row], errors: list[RowError]) -> dict[str, list[Row]]:
    """The rows by order number, in the order of the file."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        number = row.cells.get("number", "")
        try:
            _NUMBER.validate_python(number)
        except ValidationError:
            message = _("Expected capitals, digits and hyphens, at most 29, got {number!r}.").format(number=number[:40])
            errors.append(RowError(row.line, "number", message))
            continue
        groups.setdefault(number, []).append(row)
    return groups


def _body(group: Sequence[Row], errors: list[RowError]) -> OrderIn | None:
    """The order that these rows make; its own fields stand in the first row, and may be repeated."""
    before = len(errors)
    first = group[0].cells
    cells: dict[str, Any] = {name: first[name] for name in _OF_ORDER if name in first}
    for row in group[1:]:
        errors += [
            RowError(
                row.line,
                name,
                _("Line {line} says {value!r} for the same order.").format(
                    line=group[0].line, value=first.get(name, "")
                ),
            )
            for name in _OF_ORDER
            if name in row.cells and row.cells[name] != first.get(name)
        ]
    cells["lines"] = [_line(row, errors) for row in group]
    try:
        body = OrderIn.model_validate(cells)
    except ValidationError as error:
        errors += _located(group, error)
        return None
    return body if len(errors) == before else None


def _line(row: Row, errors: list[RowError]) -> dict[str, Any]:
    line: dict[str, Any] = {name: row.cells[name] for name in _OF_LINE if name in row.cells}
    if "configuration" in line:
        options = [option.partition("=") for option in line["configuration"].split(";") if option.strip()]
        if any(not equals for _name, equals, _choice in options):
            message = _("Expected options such as colour=red;size=L, got {value!r}.").format(
                value=line["configuration"][:60]
            )
            errors.append(RowError(row.line, "configuration", message))
        line["configuration"] = {name.strip(): choice.strip() for name, _equals, choice in options}
    return line


def _located(group: Sequence[Row], error: ValidationError) -> list[RowError]:
    """The mistakes, each at the row of its line."""
    located = []
    for found, told in zip(error.errors(), of_validation(group[0].line, error), strict=True):
        place = found["loc"]
        if len(place) >= 3 and place[0] == "lines" and isinstance(place[1], int):
            told = RowError(group[place[1]].line, str(place[2]), told.message)
        located.append(told)
    return located


def _by_line(group: Sequence[Row], error: OrderlightError) -> list[RowError]:
    fields: Sequence[Any] = getattr(error, "errors", ())
    if not fields:
        return of_refusal(group[0].line, error)
    located = []
    for found in fields:
        parts = found.field.split(".")
        if parts[0] == "lines" and len(parts) == 3:
            located.append(RowError(group[int(parts[1])].line, parts[2], found.message))
        else:
            located.append(RowError(group[0].line, parts[0], found.message))
    return located


def _store(
    session: Session, number: str, body: OrderIn, stored: SalesOrder | None, *, actor: str, now: datetime
) -> Outcome:
    if stored is None:
        service.create_order(session, body, actor=actor, now=now, number=number)
        return "created"
    given = body.model_dump(exclude_unset=True)
    if is_same(service.plain_order(stored), given):
        return "unchanged"
    _require_same_customer(stored, given)
    del given["customer"]
    service.change_order(session, stored, OrderPatch.model_validate(given), actor=actor, now=now)
    return "updated"


def _require_same_customer(stored: SalesOrder, given: Mapping[str, Any]) -> None:
    if stored.customer.number != given["customer"]:
        raise Refused(
            _("{order} belongs to customer {customer}, not to {other}.").format(
                order=stored.number, customer=stored.customer.number, other=given["customer"]
            )
        )
