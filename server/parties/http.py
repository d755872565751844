"""The doors to the site and to customers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.errors import NotFound
from server.http.door import DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.http.versions import guard
from server.parties import repository, service
from server.parties.models import Customer
from server.parties.schemas import CustomerIn, CustomerList, CustomerOut, CustomerPatch, SiteOut, SitePatch

router = APIRouter(prefix="/api/v1")

CustomersRead = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]
CustomersWrite = Annotated[Principal, Depends(require(Permission.CUSTOMERS_WRITE))]
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
    principal: CustomersRead,
    text: Text = None,
    active: bool | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """Customers by age, found by number or a part of the name."""
    with database.read() as session:
        wanted = repository.CustomerFilter(text=text, active=active)
        page = repository.customers(session, wanted, after=after, limit=limit)
        items = [_body(customer, principal) for customer in page.items]
    return JSONResponse(as_json(items, more=page.more))


@router.get("/customers/{number}", response_model=CustomerOut)
def get_customer(database: DatabaseDep, principal: CustomersRead, number: Number) -> JSONResponse:
    """One customer with contacts and addresses."""
    with database.read() as session:
        return shown(_body(_found(repository.customer(session, number)), principal))


@router.post("/customers", status_code=201, response_model=CustomerOut)
def post_customer(door: DoorDep, principal: CustomersWrite, body: CustomerIn) -> JSONResponse:
    """A new customer."""

    def make(session: Session) -> Answer:
        customer = service.create_customer(session, body, actor=principal.actor, now=door.now)
        return Answer(201, _body(customer, principal))

    return door.post(principal, body, make)


@router.patch("/customers/{number}", response_model=CustomerOut)
def patch_customer(door: DoorDep, principal: CustomersWrite, number: Number, body: CustomerPatch) -> JSONResponse:
    """Change a customer; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        customer = _found(repository.customer(session, number, lock=True))
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(number, expected=expected, got=customer.row_version, wanted=wanted, stored=_body(customer, principal))
        service.update_customer(session, customer, body, actor=principal.actor, now=door.now)
        return Answer(200, _body(customer, principal))

    return door.change(make)


def _found(customer: Customer | None) -> Customer:
    if customer is None:
        raise NotFound
    return customer


def _body(customer: Customer, principal: Principal) -> dict[str, Any]:
    with_credit = principal.may(Permission.CUSTOMERS_WRITE) or principal.role == "finance"
    return CustomerOut.of(customer, with_credit=with_credit).model_dump(mode="json")
