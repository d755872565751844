"""The doors to the site and to customers. The change of a customer reaches open orders, so its door is ERP's."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.errors import NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.http.versions import guard
from server.parties import duplicates, repository, service
from server.parties.disclosure import MASKED, View, note_view, require_rights
from server.parties.models import Customer
from server.parties.schemas import CustomerIn, CustomerList, CustomerOut, SiteOut, SitePatch

router = APIRouter(prefix="/api/v1")

CustomersRead = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]
CustomersWrite = Annotated[Principal, Depends(require(Permission.CUSTOMERS_WRITE))]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of the list."""

    text: Text = None
    kind: Literal["prospect", "customer"] | None = None
    segment: Text = None
    status: Literal["active", "blocked", "merged"] | None = None


Admin = Annotated[Principal, Depends(require(Permission.ADMIN))]


@router.get("/site", response_model=SiteOut, dependencies=[Depends(require(Permission.FLOOR_READ))])
def get_site(database: DatabaseDep) -> JSONResponse:
    """Our own site: name, zone, working hours, company prefix."""
    with database.read() as session:
        return shown(SiteOut.of(repository.site(session)).model_dump(mode="json"))


@router.patch("/site", response_model=SiteOut)
def patch_site(door: DoorDep, principal: Admin, body: SitePatch) -> JSONResponse:
    """Change the site; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        site = repository.site(session)
        stored = SiteOut.of(site).model_dump(mode="json")
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard("The site", expected=expected, got=site.row_version, wanted=wanted, stored=stored)
        site = service.update_site(session, body, actor=principal.actor, now=door.now)
        return Answer(200, SiteOut.of(site).model_dump(mode="json"))

    return door.change(make)


@router.get("/customers", response_model=CustomerList)
def list_customers(
    database: DatabaseDep,
    _principal: CustomersRead,
    wanted: Annotated[Wanted, Depends()],
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """Customers by age, found by number, tax number or a part of the name; limits, terms and personal data masked."""
    with database.read() as session:
        found = repository.CustomerFilter(wanted.text, wanted.kind, wanted.segment, wanted.status)
        page = repository.customers(session, found, after=after, limit=limit)
        items = [CustomerOut.of(customer, MASKED).model_dump(mode="json") for customer in page.items]
    return JSONResponse(as_json(items, more=page.more))


@router.get("/customers/{number}", response_model=CustomerOut)
def get_customer(door: DoorDep, principal: CustomersRead, number: Number) -> Response:
    """One customer with contacts and addresses; a number that was merged leads to the one it lives on under."""
    with door.database.read() as session:
        customer = found_customer(session, number)
        if customer.merged_into_id is not None:
            survivor = repository.number_of(session, customer.merged_into_id)
            return RedirectResponse(f"/api/v1/customers/{quote(survivor, safe='')}", status_code=308)
    # What is shown was seen: reading and noting it are one transaction.
    return shown(door.database.write(lambda session: seen(session, found_customer(session, number), door, principal)))


@router.post("/customers", status_code=201, response_model=CustomerOut)
def post_customer(door: DoorDep, principal: CustomersWrite, body: CustomerIn) -> JSONResponse:
    """A new prospect; one that looks like a customer we have is 409 unless `is_distinct` says otherwise."""
    require_rights(principal, _chosen(body))

    def make(session: Session) -> Answer:
        # Of one whose number is there it is known who he is; that he also looks like himself would say less.
        service.require_free(session, body.number)
        if not body.is_distinct:
            duplicates.refuse(session, body)
        customer = service.create_customer(session, body, actor=principal.actor, now=door.now)
        return Answer(201, seen(session, customer, door, principal))

    return door.post(principal, body, make)


def found_customer(session: Session, number: str, *, lock: bool = False) -> Customer:
    """The customer of this number; raises NotFound."""
    customer = repository.customer(session, number, lock=lock)
    if customer is None:
        raise NotFound
    return customer


def seen(session: Session, customer: Customer, door: Door, principal: Principal) -> dict[str, Any]:
    view = View.of(principal)
    note_view(session, customer, view.shown(customer), actor=principal.actor, now=door.now)
    return CustomerOut.of(customer, view).model_dump(mode="json")


def _chosen(body: CustomerIn) -> set[str]:
    """The fields that say something else than what would stand there anyway."""
    fresh = CustomerIn(name=body.name)
    return {field for field in body.model_fields_set if getattr(body, field) != getattr(fresh, field)}
