"""The doors to work centers and products."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission, Role
from server.auth.principal import Principal
from server.catalog import repository, service
from server.catalog.models import Product, WorkCenter
from server.catalog.schemas import (
    ProductIn,
    ProductList,
    ProductOut,
    ProductPatch,
    WorkCenterIn,
    WorkCenterList,
    WorkCenterOut,
    WorkCenterPatch,
)
from server.errors import NotFound
from server.http.door import DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.http.versions import guard

router = APIRouter(prefix="/api/v1")

CatalogRead = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]
CatalogWrite = Annotated[Principal, Depends(require(Permission.CATALOG_WRITE))]
FloorWrite = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
FloorRead = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]


@router.get("/work-centers", response_model=WorkCenterList)
def list_work_centers(database: DatabaseDep, principal: FloorRead) -> JSONResponse:
    """All work centers in the order of boards."""
    with database.read() as session:
        return JSONResponse(
            as_json([_center(found, principal) for found in repository.work_centers(session)], more=False)
        )


@router.get("/work-centers/{key}", response_model=WorkCenterOut)
def get_work_center(database: DatabaseDep, principal: FloorRead, key: Number) -> JSONResponse:
    """One work center."""
    with database.read() as session:
        return shown(_center(_found_center(repository.work_center(session, key)), principal))


@router.post("/work-centers", status_code=201, response_model=WorkCenterOut)
def post_work_center(door: DoorDep, principal: FloorWrite, body: WorkCenterIn) -> JSONResponse:
    """A new work center."""

    def make(session: Session) -> Answer:
        made = service.create_work_center(session, body, actor=principal.actor, now=door.now)
        return Answer(201, _center(made, principal))

    return door.post(principal, body, make)


@router.patch("/work-centers/{key}", response_model=WorkCenterOut)
def patch_work_center(door: DoorDep, principal: FloorWrite, key: Number, body: WorkCenterPatch) -> JSONResponse:
    """Change a work center; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        found = _found_center(repository.work_center(session, key, lock=True))
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(key, expected=expected, got=found.row_version, wanted=wanted, stored=_center(found, principal))
        service.update_work_center(session, found, body, actor=principal.actor, now=door.now)
        return Answer(200, _center(found, principal))

    return door.change(make)


@router.get("/products", response_model=ProductList)
def list_products(
    database: DatabaseDep,
    principal: CatalogRead,
    text: Text = None,
    made: bool | None = None,
    active: bool | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """Products by age, found by SKU, GTIN or a part of the name."""
    with database.read() as session:
        wanted = repository.ProductFilter(text=text, made=made, active=active)
        page = repository.products(session, wanted, after=after, limit=limit)
        items = [_body(product, principal) for product in page.items]
    return JSONResponse(as_json(items, more=page.more, name="sku"))


@router.get("/products/{sku}", response_model=ProductOut)
def get_product(database: DatabaseDep, principal: CatalogRead, sku: Number) -> JSONResponse:
    """One product with bill of material and routing."""
    with database.read() as session:
        return shown(_body(_found(repository.product(session, sku)), principal))


@router.post("/products", status_code=201, response_model=ProductOut)
def post_product(door: DoorDep, principal: CatalogWrite, body: ProductIn) -> JSONResponse:
    """A new product."""

    def make(session: Session) -> Answer:
        product = service.create_product(session, body, actor=principal.actor, now=door.now)
        return Answer(201, _body(product, principal))

    return door.post(principal, body, make)


@router.patch("/products/{sku}", response_model=ProductOut)
def patch_product(door: DoorDep, principal: CatalogWrite, sku: Number, body: ProductPatch) -> JSONResponse:
    """Change a product; needs If-Match. Orders already released keep the routing they were released with."""
    expected = door.expected

    def make(session: Session) -> Answer:
        product = _found(repository.product(session, sku, lock=True))
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(sku, expected=expected, got=product.row_version, wanted=wanted, stored=_body(product, principal))
        service.update_product(session, product, body, actor=principal.actor, now=door.now)
        return Answer(200, _body(product, principal))

    return door.change(make)


def _found(product: Product | None) -> Product:
    if product is None:
        raise NotFound
    return product


def _found_center(work_center: WorkCenter | None) -> WorkCenter:
    if work_center is None:
        raise NotFound
    return work_center


def _center(work_center: WorkCenter, principal: Principal) -> dict[str, Any]:
    return WorkCenterOut.of(work_center, with_cost=sees_cost(principal)).model_dump(mode="json")


def sees_cost(principal: Principal) -> bool:
    """Whether the caller may know what a product costs us: those who keep the catalog, and the people of finance."""
    return principal.may(Permission.CATALOG_WRITE) or principal.role == Role.FINANCE


def _body(product: Product, principal: Principal) -> dict[str, Any]:
    return ProductOut.of(product, with_cost=sees_cost(principal)).model_dump(mode="json")
