"""The doors to packaging specifications."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog import packaging
from server.catalog import repository as catalog
from server.catalog.difference import of_fields
from server.catalog.models import PackagingSpec, Product
from server.catalog.packaging_schemas import FIELDS, PackagingIn, PackagingList, PackagingOut, PackagingPatch
from server.catalog.revisions import RevisionState
from server.erp.products.service import customer_id_of, customers_by_id
from server.errors import FieldError, Invalid, NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.http.versions import guard
from server.messages import translate as _
from server.parties.models import Customer

router = APIRouter(prefix="/api/v1/packaging-specs")

CatalogRead = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]
CatalogWrite = Annotated[Principal, Depends(require(Permission.CATALOG_WRITE))]
Version = Annotated[int | None, Query(ge=1, le=100_000)]


@router.get("", response_model=PackagingList)
def list_specs(
    database: DatabaseDep,
    _principal: CatalogRead,
    product: Text = None,
    customer: Text = None,
    state: RevisionState | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """Packaging specifications by age, each in its newest version."""
    with database.read() as session:
        page = packaging.specs(session, _conditions(product, customer, state), after=after, limit=limit)
        known = customers_by_id(session, {spec.customer_id for spec in page.items})
        items = [_body(spec, known) for spec in page.items]
    return JSONResponse(as_json(items, more=page.more))


@router.get("/{number}")
def get_spec(database: DatabaseDep, _principal: CatalogRead, number: Number) -> JSONResponse:
    """The newest version of a specification, and every version."""
    with database.read() as session:
        found = _versions(session, number)
        known = customers_by_id(session, {found[0].customer_id})
        bodies = [_body(spec, known) for spec in found]
    return shown({**bodies[0], "versions": bodies})


@router.get("/{number}/difference")
def get_difference(
    database: DatabaseDep, _principal: CatalogRead, number: Number, since: Version = None, version: Version = None
) -> JSONResponse:
    """What differs between two versions; between the newest two unless they are named."""
    with database.read() as session:
        found = {spec.version: _plain(spec) for spec in _versions(session, number)}
    to = version or max(found)
    base = since or max(to - 1, 1)
    if to not in found or base not in found:
        raise NotFound
    changes = [change.as_json() for change in of_fields("packaging", found[base], found[to])]
    return JSONResponse({"number": number, "since": base, "version": to, "changes": changes})


@router.post("", status_code=201, response_model=PackagingOut)
def post_spec(door: DoorDep, principal: CatalogWrite, body: PackagingIn) -> JSONResponse:
    """A new specification for a product and a customer, or for whoever has none of his own; a draft."""

    def make(session: Session) -> Answer:
        product = catalog.product(session, body.product)
        if product is None:
            message = _("There is no product {product}. Create it first.").format(product=body.product)
            raise Invalid(errors=[FieldError("product", message, "unknown")])
        owner = customer_id_of(session, body.customer)
        spec = packaging.create_spec(session, product, owner, body, actor=principal.actor, now=door.now)
        return Answer(201, _told(session, spec))

    return door.post(principal, body, make)


@router.patch("/{number}", response_model=PackagingOut)
def patch_spec(door: DoorDep, principal: CatalogWrite, number: Number, body: PackagingPatch) -> JSONResponse:
    """Change the draft; needs If-Match. A change of a released specification makes its next version, a draft."""
    expected = door.expected

    def make(session: Session) -> Answer:
        spec = _versions(session, number, lock=True)[0]
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(number, expected=expected, got=spec.row_version, wanted=wanted, stored=_plain(spec))
        changed = packaging.change_spec(session, spec, body, actor=principal.actor, now=door.now)
        return Answer(200, _told(session, changed))

    return door.change(make)


@router.post("/{number}/release", response_model=PackagingOut)
def release(door: DoorDep, principal: CatalogWrite, number: Number) -> JSONResponse:
    """Let the draft count from now on; the version before is obsolete then."""

    def act(session: Session, spec: PackagingSpec) -> PackagingSpec:
        return packaging.release_spec(session, spec, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


@router.post("/{number}/withdraw", response_model=PackagingOut)
def withdraw(door: DoorDep, principal: CatalogWrite, number: Number) -> JSONResponse:
    """Give the draft up, else the version that counts."""

    def act(session: Session, spec: PackagingSpec) -> PackagingSpec:
        return packaging.withdraw_spec(session, spec, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


def _act(
    door: Door, principal: Principal, number: str, act: Callable[[Session, PackagingSpec], PackagingSpec]
) -> JSONResponse:
    def make(session: Session) -> Answer:
        spec = _versions(session, number, lock=True)[0]
        door.check_if_given(number, spec.row_version, lambda: _told(session, spec))
        return Answer(200, _told(session, act(session, spec)))

    return door.post(principal, None, make)


def _conditions(product: str | None, customer: str | None, state: RevisionState | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if product is not None:
        found.append(PackagingSpec.product_id.in_(select(Product.id).where(Product.sku == product)))
    if customer is not None:
        found.append(PackagingSpec.customer_id.in_(select(Customer.id).where(Customer.number == customer)))
    if state is not None:
        found.append(PackagingSpec.state == state.value)
    return found


def _versions(session: Session, number: str, *, lock: bool = False) -> list[PackagingSpec]:
    found = packaging.versions(session, number, lock=lock)
    if not found:
        raise NotFound
    return list(found)


def _told(session: Session, spec: PackagingSpec) -> dict[str, Any]:
    return _body(spec, customers_by_id(session, {spec.customer_id}))


def _body(spec: PackagingSpec, known: Any) -> dict[str, Any]:
    number = known[spec.customer_id][0] if spec.customer_id in known else None
    return PackagingOut.of(spec, number).model_dump(mode="json")


def _plain(spec: PackagingSpec) -> dict[str, Any]:
    return {field: getattr(spec, field) for field in FIELDS}
