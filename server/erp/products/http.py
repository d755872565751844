"""The doors to costs, configurations and uses of products, and to packaging specifications."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog import repository as catalog
from server.catalog.book import load_design
from server.catalog.configuration import configure
from server.catalog.costs import standard_cost
from server.catalog.design import Design
from server.catalog.http import sees_cost
from server.erp.orders.access import visible_orders
from server.erp.products.schemas import ConfigureBody, configured_in_json, cost_in_json, uses_in_json
from server.erp.products.service import costing, where_used
from server.errors import Forbidden, NotFound
from server.http.paging import Number
from server.messages import translate as _
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1/products")

CatalogRead = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]
HowMany = Annotated[Decimal | None, Query(gt=0, le=1_000_000, allow_inf_nan=False)]


@router.get("/{sku}/where-used")
def get_where_used(database: DatabaseDep, principal: CatalogRead, sku: Number) -> JSONResponse:
    """Every bill of material that takes the product, directly or not, and the open orders and work orders."""
    with database.read() as session:
        product = catalog.product(session, sku)
        if product is None:
            raise NotFound
        uses = where_used(session, product, visible_orders(principal))
    return JSONResponse({"product": sku, **uses_in_json(uses)})


@router.get("/{sku}/cost")
def get_cost(database: DatabaseDep, principal: CatalogRead, sku: Number, quantity: HowMany = None) -> JSONResponse:
    """The standard cost of one piece with its breakdown; set-up time is spread over `quantity`."""
    if not sees_cost(principal):
        raise Forbidden(_("What a product costs is shown to those who keep the catalog, and to finance."))
    with database.read() as session:
        found = standard_cost(_design(session, sku), quantity=quantity)
    return JSONResponse({"product": sku, **cost_in_json(found)})


@router.post("/{sku}/configure")
def post_configure(database: DatabaseDep, principal: CatalogRead, sku: Number, body: ConfigureBody) -> JSONResponse:
    """Try choices: parts, steps and price that they make, or in words why they cannot be. Nothing is stored."""
    with database.read() as session:
        design = _design(session, sku)
    found = configure(design, body.choices, quantity=body.quantity)
    answer: dict[str, Any] = {"product": sku, **configured_in_json(found, with_cost=sees_cost(principal))}
    return JSONResponse(answer)


def _design(session: Session, sku: str) -> Design:
    design = load_design(session, sku, costing(session, utc_now()))
    if design is None:
        raise NotFound
    return design
