"""The doors to genealogy: which units and orders hold a lot, and what went into a unit."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.erp.stock import genealogy, materials
from server.erp.stock.genealogy import HeldBy, Holder
from server.errors import NotFound
from server.http.fields import plain
from server.http.paging import CLEAN, DEFAULT_LIMIT, Before, Limit, Number

router = APIRouter(prefix="/api/v1")

#: Whose pieces hold a lot is for those who know the customers.
_customers_read = [Depends(require(Permission.CUSTOMERS_READ))]
Lot = Annotated[str, Query(min_length=1, max_length=20, pattern=CLEAN)]


@router.get("/materials/{sku}/holders", dependencies=_customers_read)
def list_holders(
    database: DatabaseDep, sku: Number, lot: Lot, after: Before = None, limit: Limit = DEFAULT_LIMIT
) -> JSONResponse:
    """The units that took of a lot, whose they are and where they are now; and the orders, all of them."""
    with database.read() as session:
        found = materials.material(session, sku)
        if found is None:
            raise NotFound
        rows, more = genealogy.holders(session, found.product_id, lot, after=after, limit=limit)
        orders = genealogy.orders_holding(session, found.product_id, lot) if after is None else []
    body: dict[str, Any] = {"product": sku, "lot": lot, "uom": found.uom}
    body |= {"orders": [_order(held) for held in orders], "items": [_unit(row) for row in rows]}
    return JSONResponse(body | {"next": rows[-1].unit_id if more else None})


def _order(held: HeldBy) -> dict[str, Any]:
    return {
        "order": held.order,
        "customer": held.customer,
        "customer_name": held.customer_name,
        "units": dict(held.units),
    }


def _unit(row: Holder) -> dict[str, Any]:
    names = (
        "unit",
        "product",
        "where",
        "state",
        "order",
        "customer",
        "customer_name",
        "work_order",
        "box",
        "shipment",
        "inside",
        "through",
    )
    own = {name: getattr(row, name) for name in names}
    return own | {"quantity": None if row.quantity is None else plain(row.quantity), "used_at": row.at.isoformat()}
