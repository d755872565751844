"""Products from CSV: one row each, routing and bill of material in a cell."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from server.catalog import repository, service
from server.catalog.models import Product
from server.catalog.schemas import ProductIn, ProductOut, ProductPatch
from server.erp.imports.report import Outcome, RowError, of_refusal, of_validation
from server.erp.imports.same import is_same
from server.erp.imports.table import Columns, Row
from server.errors import OrderlightError
from server.messages import translate as _

COLUMNS = Columns(
    required=("sku", "name"),
    optional=(
        "gtin",
        "revision",
        "uom",
        "tracking",
        "kind",
        "made",
        "lot_size",
        "standard_cost",
        "list_price",
        "packaging",
        "active",
        "routing",
        "bom",
    ),
    decimals=("lot_size", "standard_cost", "list_price"),
)
_NUMBER = r"\d{1,7}(?:\.\d{1,6})?"
_STEP = re.compile(
    rf"(?P<name>[^@]+)@(?P<work_center>[^:@]+)"
    rf"(?::(?P<setup_minutes>{_NUMBER})/(?P<run_minutes>{_NUMBER})(?:\*(?P<transfer_quantity>\d{{1,5}}))?)?"
)
_PART = re.compile(rf"(?P<component>[^:]+):(?P<quantity>{_NUMBER})")


def routing(cell: str) -> list[dict[str, Any]]:
    """The steps of `Cut@cut:2/5;Weld@weld:0/8*4`: name@work center:set-up/run minutes*transfer quantity.

    Raises ValueError with the step that cannot be read.
    """
    return [_matched(_STEP, step, "a step such as Cut@cut:2/5") for step in _pieces(cell)]


def bom(cell: str) -> list[dict[str, Any]]:
    """The parts of `TUBE-34:4;BOLT-M8:16`: component:quantity. Raises ValueError with the part that cannot be read."""
    return [_matched(_PART, part, "a part such as TUBE-34:4") for part in _pieces(cell)]


def _pieces(cell: str) -> list[str]:
    return [piece.strip() for piece in re.split(r"[;|]", cell) if piece.strip()]


def _matched(form: re.Pattern[str], piece: str, expected: str) -> dict[str, Any]:
    found = form.fullmatch(piece)
    if found is None:
        raise ValueError(f"Expected {expected}, got {piece[:60]!r}.")
    return {name: value.strip() for name, value in found.groupdict().items() if value is not None}


def apply(session: Session, rows: Sequence[Row], *, actor: str, now: datetime) -> tuple[list[Outcome], list[RowError]]:
    """Create or update each product; mistakes are collected, never raised."""
    errors: list[RowError] = []
    bodies = [(row, body) for row in rows if (body := _body(row, errors)) is not None]
    outcomes: list[Outcome] = []
    known = dict(repository.products_by_sku(session, [body.sku for _, body in bodies]))
    for row, body in _components_first(bodies, errors):
        try:
            outcomes.append(_store(session, row, body, known.get(body.sku), actor=actor, now=now))
        except OrderlightError as error:
            errors += of_refusal(row.line, error)
    return outcomes, errors


def _body(row: Row, errors: list[RowError]) -> ProductIn | None:
    cells: dict[str, Any] = dict(row.cells)
    for column, read in (("routing", routing), ("bom", bom)):
        if column in cells:
            try:
                cells[column] = read(cells[column])
            except ValueError as error:
                errors.append(RowError(row.line, column, str(error)))
                return None
    try:
        return ProductIn.model_validate(cells)
    except ValidationError as error:
        errors += of_validation(row.line, error)
        return None


def _components_first(bodies: Sequence[tuple[Row, ProductIn]], errors: list[RowError]) -> list[tuple[Row, ProductIn]]:
    """The rows in an order in which a component of this file comes before what takes it."""
    by_sku: dict[str, tuple[Row, ProductIn]] = {}
    for row, body in bodies:
        if body.sku in by_sku:
            message = _("{number} stands in line {line} already.").format(
                number=body.sku, line=by_sku[body.sku][0].line
            )
            errors.append(RowError(row.line, "sku", message))
        else:
            by_sku[body.sku] = (row, body)
    ordered: dict[str, tuple[Row, ProductIn]] = {}
    for sku in by_sku:
        _place(sku, by_sku, ordered)
    return list(ordered.values())


def _place(sku: str, by_sku: Mapping[str, tuple[Row, ProductIn]], ordered: dict[str, tuple[Row, ProductIn]]) -> None:
    # A stack instead of recursion: a chain of parts in a file may be as long as the file.
    stack, entered = [sku], set()
    while stack:
        current = stack[-1]
        before = [line.component for line in by_sku[current][1].bom if line.component in by_sku]
        waiting = [found for found in before if found not in ordered and found not in entered]
        entered.add(current)
        if waiting:
            stack.append(waiting[0])
        else:
            ordered.setdefault(current, by_sku[current])
            stack.pop()


def _store(
    session: Session, row: Row, body: ProductIn, stored: Product | None, *, actor: str, now: datetime
) -> Outcome:
    if stored is None:
        service.create_product(session, body, actor=actor, now=now)
        return "created"
    given = {field: getattr(body, field) for field in row.cells if field != "sku"}
    patch = ProductPatch.model_validate({field: _plain(value) for field, value in given.items()})
    wanted = patch.model_dump(exclude_unset=True)
    # The file names the first revision; which one is current now is another matter.
    compared = {field: value for field, value in wanted.items() if field != "revision"}
    if is_same(ProductOut.of(stored, with_cost=True).model_dump(mode="json"), compared):
        return "unchanged"
    service.update_product(session, stored, patch, actor=actor, now=now)
    return "updated"


def _plain(value: Any) -> Any:
    return [entry.model_dump() for entry in value] if isinstance(value, list) else value
