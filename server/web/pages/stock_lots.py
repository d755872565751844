"""Which orders hold a lot: units, orders, customers and where they are now, on a page and as a file."""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.stock import genealogy, materials, repository
from server.erp.stock.genealogy import Holder
from server.erp.stock.materials import Material
from server.errors import NotFound
from server.http.fields import plain
from server.http.paging import CLEAN, Before, Number, Text
from server.labels.designs import goods_label
from server.labels.goods import lot_label, require_lot
from server.labels.http import Form, labels_file
from server.labels.wanted import LabelKind
from server.web.entry import typed_number
from server.web.page import PRIVATE, PageDep
from server.web.pages.stock import address, measures
from server.web.ways_to_print import Offer, ways

router = APIRouter(prefix="/stock", include_in_schema=False)

#: Whose pieces hold a lot is for those who know the customers.
Reader = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]
Lot = Annotated[str, Query(min_length=1, max_length=20, pattern=CLEAN)]

#: Whoever works there may print a label.
FloorReader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Count = Annotated[int, Query(ge=1, le=240)]
Start = Annotated[int, Query(ge=1, le=24)]
#: How many labels fit on a sheet.
_SMALL_SHEET: Final = 24
_LARGE_SHEET: Final = 8

#: A file has no more rows than this; whoever recalls more takes them through /api/v1.
MOST_ROWS: Final = 20_000
_COLUMNS: Final = (
    "unit", "product", "where", "state", "order", "customer", "customer_name", "work_order", "box", "shipment",
    "inside", "through", "quantity", "uom", "used_at",
)  # fmt: skip
#: Where a unit is -> the colour and sign of its chip.
LOOKS: Final = {
    "in_work": ("info", "hammer"),
    "made": ("info", "boxes"),
    "built_in": ("", "link"),
    "boxed": ("info", "package"),
    "shipped": ("warn", "truck"),
    "returned": ("", "undo-2"),
    "scrapped": ("", "trash-2"),
}


@router.get("/{sku}/lots")
def show_lot(page: PageDep, _principal: Reader, sku: Number, lot: Lot, after: Before = None) -> Response:
    """One lot: where it lies, who took it, and where that is now."""
    with page.database.read() as session:
        found = _found(session, sku)
        rows, more = genealogy.holders(session, found.product_id, lot, after=after)
        context: dict[str, Any] = {
            "orders": genealogy.orders_holding(session, found.product_id, lot),
            "lying": materials.lying(session, found.product_id, lot=lot),
            "moves": materials.newest_moves(session, found.product_id, lot=lot, is_used=False)[0],
        }
    here = f"{address(sku)}/lots?lot={quote(lot, safe='')}"
    return page.show(
        "stock/lot.html",
        **context,
        material=found,
        lot=lot,
        rows=rows,
        base=address(sku),
        looks=LOOKS,
        measure=measures(page),
        file_href=f"{address(sku)}/lots.csv?lot={quote(lot, safe='')}",
        next_href=f"{here}&after={rows[-1].unit_id}#units" if more else None,
        first_href=f"{here}#units",
        is_first=after is None,
    )


@router.get("/{sku}/lots.csv")
def give_out(page: PageDep, _principal: Reader, sku: Number, lot: Lot) -> Response:
    """The units that took of the lot, as a file for whoever calls the customers."""
    with page.database.read() as session:
        found = _found(session, sku)
        rows, _more = genealogy.holders(session, found.product_id, lot, limit=MOST_ROWS)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows(map(_safe, (_cells(row, found.uom) for row in rows)))
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="lot-{_plain_name(lot)}.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{sku}/lots/labels")
def show_labels(
    page: PageDep,
    _principal: FloorReader,
    sku: Number,
    lot: Lot,
    quantity: Text = None,
    count: Count = 24,
    start: Start = 1,
    form: Form | None = None,
) -> Response:
    """Labels of a lot to print, as a page or a file; `quantity` is what is in each box, `start` a first free label."""
    with page.database.read() as session:
        product = repository.product(session, sku)
        offer = Offer(LabelKind.LOT, f"{sku}/{lot}", (quantity or "").strip())
        offered = replace(ways(page, session, offer), has_files=False)
    if product is None:
        raise NotFound
    require_lot(lot)
    inside = typed_number(page, (quantity or "").strip() or None)
    label = lot_label(name=product.name, sku=product.sku, gtin=product.gtin, lot=lot, quantity=inside)
    unit = measures(page)(product.uom)
    if form is not None:
        return labels_file([goods_label(label, unit)] * count, form, start=start)
    wanted = {"lot": lot, "quantity": quantity or "", "count": count, "start": start}
    return page.show(
        "print/lot_labels.html",
        label=label,
        unit=unit,
        file_href=f"?{urlencode(wanted)}",
        count=count,
        blank=(start - 1) % (_LARGE_SHEET if label.is_large else _SMALL_SHEET),
        ways=offered,
        typed={"quantity": label.quantity or "", "count": count, "start": start},
    )


def _cells(row: Holder, uom: str) -> list[str]:
    own = (row.unit, row.product, row.where, row.state, row.order, row.customer, row.customer_name, row.work_order)
    quantity = None if row.quantity is None else plain(row.quantity)
    rest = (row.box, row.shipment, row.inside, row.through, quantity, uom, row.at.isoformat())
    return [text or "" for text in (*own, *rest)]


def _safe(cells: Iterable[str]) -> list[str]:
    """A sheet takes a cell that begins like a formula for one; a mark before it keeps it text."""
    return ["'" + cell if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells]


def _plain_name(lot: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in lot)


def _found(session: Session, sku: str) -> Material:
    found = materials.material(session, sku)
    if found is None:
        raise NotFound
    return found
