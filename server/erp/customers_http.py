"""The door by which a customer is changed: open orders and stations follow what it says."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.orders.policies import change_customer
from server.http.door import DoorDep
from server.http.idempotency import Answer
from server.http.paging import Number
from server.http.versions import guard
from server.parties.disclosure import View, require_rights
from server.parties.http import found_customer, seen
from server.parties.schemas import CustomerOut, CustomerPatch

router = APIRouter(prefix="/api/v1/customers")

#: Finance sets limits and terms alone; which fields somebody may change is asked field by field.
CustomersRead = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]


@router.patch("/{number}", response_model=CustomerOut)
def patch_customer(door: DoorDep, principal: CustomersRead, number: Number, body: CustomerPatch) -> JSONResponse:
    """Change a customer; needs If-Match, and the rights to the fields that are sent."""
    require_rights(principal, body.model_fields_set)
    expected = door.expected

    def make(session: Session) -> Answer:
        customer = found_customer(session, number, lock=True)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = CustomerOut.of(customer, View.of(principal)).model_dump(mode="json")
        guard(number, expected=expected, got=customer.row_version, wanted=wanted, stored=stored)
        change_customer(session, customer, body, actor=principal.actor, now=door.now)
        return Answer(200, seen(session, customer, door, principal))

    return door.change(make)
