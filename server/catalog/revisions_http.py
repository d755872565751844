"""The doors to the revisions of products."""

from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog import difference, repository, revisions
from server.catalog.models import Product, ProductRevision
from server.catalog.revision_schemas import RevisionIn, RevisionList, RevisionOut, RevisionPatch
from server.errors import NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import Number, as_json
from server.http.versions import guard

router = APIRouter(prefix="/api/v1/products/{sku}/revisions")

CatalogRead = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]
CatalogWrite = Annotated[Principal, Depends(require(Permission.CATALOG_WRITE))]
Since = Annotated[str | None, Query(max_length=20, description="Another revision; the current one unless given.")]


@router.get("", response_model=RevisionList)
def list_revisions(database: DatabaseDep, _principal: CatalogRead, sku: Number) -> JSONResponse:
    """All revisions of a product, newest first."""
    with database.read() as session:
        product = _product(session, sku)
        items = [_body(found) for found in repository.revisions(session, product.id)]
    return JSONResponse(as_json(items, more=False))


@router.get("/{name}", response_model=RevisionOut)
def get_revision(database: DatabaseDep, _principal: CatalogRead, sku: Number, name: Number) -> JSONResponse:
    """One revision with its bill of material, routing and options."""
    with database.read() as session:
        return shown(_body(_revision(session, _product(session, sku), name)))


@router.get("/{name}/difference")
def get_difference(
    database: DatabaseDep,
    _principal: CatalogRead,
    sku: Number,
    name: Number,
    since: Annotated[
        str | None, Query(max_length=20, description="Another revision; the current one unless given.")
    ] = None,
) -> JSONResponse:
    """What this revision changes since another one."""
    with database.read() as session:
        product = _product(session, sku)
        to, base = (_revision(session, product, found) for found in (name, since or product.revision))
        found = difference.of_contents(base.content, to.content)
    return JSONResponse({"since": base.name, "name": to.name, "changes": [change.as_json() for change in found]})


@router.post("", status_code=201, response_model=RevisionOut)
def post_revision(door: DoorDep, principal: CatalogWrite, sku: Number, body: RevisionIn) -> JSONResponse:
    """A new draft, begun from the current revision."""

    def make(session: Session) -> Answer:
        product = _product(session, sku, lock=True)
        draft = revisions.draft_revision(session, product, body, actor=principal.actor, now=door.now)
        return Answer(201, _body(draft))

    return door.post(principal, body, make, named_by="name")


@router.patch("/{name}", response_model=RevisionOut)
def patch_revision(
    door: DoorDep, principal: CatalogWrite, sku: Number, name: Number, body: RevisionPatch
) -> JSONResponse:
    """Change a draft; needs If-Match. A change of another revision makes a new draft from it."""
    expected = door.expected

    def make(session: Session) -> Answer:
        product = _product(session, sku, lock=True)
        found = _revision(session, product, name, lock=True)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = _body(found) | found.content
        guard(f"{sku} {name}", expected=expected, got=found.row_version, wanted=wanted, stored=stored)
        changed = revisions.change_revision(session, product, found, body, actor=principal.actor, now=door.now)
        return Answer(200, _body(changed))

    return door.change(make)


@router.post("/{name}/release", response_model=RevisionOut)
def release(door: DoorDep, principal: CatalogWrite, sku: Number, name: Number) -> JSONResponse:
    """Make the draft the current revision; the one before is obsolete then."""
    return _act(door, principal, (sku, name), revisions.release_revision)


@router.post("/{name}/withdraw", response_model=RevisionOut)
def withdraw(door: DoorDep, principal: CatalogWrite, sku: Number, name: Number) -> JSONResponse:
    """Give the draft up."""
    return _act(door, principal, (sku, name), revisions.withdraw_revision)


class _Action(Protocol):
    def __call__(
        self, session: Session, product: Product, revision: ProductRevision, /, *, actor: str, now: datetime
    ) -> ProductRevision: ...


def _act(door: Door, principal: Principal, named: tuple[str, str], act: _Action) -> JSONResponse:
    sku, name = named

    def make(session: Session) -> Answer:
        product = _product(session, sku, lock=True)
        found = _revision(session, product, name, lock=True)
        door.check_if_given(f"{sku} {name}", found.row_version, lambda: _body(found))
        return Answer(200, _body(act(session, product, found, actor=principal.actor, now=door.now)))

    return door.post(principal, None, make)


def _product(session: Session, sku: str, *, lock: bool = False) -> Product:
    product = repository.product(session, sku, lock=lock)
    if product is None:
        raise NotFound
    return product


def _revision(session: Session, product: Product, name: str, *, lock: bool = False) -> ProductRevision:
    found = repository.revision(session, product.id, name, lock=lock)
    if found is None:
        raise NotFound
    return found


def _body(revision: ProductRevision) -> dict[str, Any]:
    return RevisionOut.of(revision).model_dump(mode="json")
