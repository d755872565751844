"""The doors to a customer's contacts, addresses and consents. They share the customer's version: If-Match names it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.errors import NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import Number
from server.http.versions import guard, guard_action
from server.parties import consents, people, repository, service
from server.parties.disclosure import View
from server.parties.http import found_customer, seen
from server.parties.models import Address, Contact, Customer
from server.parties.people_schemas import (
    AddressBody,
    AddressPatch,
    ConsentIn,
    ConsentOut,
    ContactBody,
    ContactPatch,
)
from server.parties.schemas import CustomerOut

router = APIRouter(prefix="/api/v1/customers/{number}")

CustomersRead = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]
CustomersWrite = Annotated[Principal, Depends(require(Permission.CUSTOMERS_WRITE))]
#: Whoever changes personal data must see it.
PersonalView = Depends(require(Permission.PARTY_PERSONAL_VIEW))
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/contacts")
def list_contacts(door: DoorDep, principal: CustomersRead, number: Number) -> JSONResponse:
    """The people at a customer, the preferred one first."""
    return _list(door, principal, number, "contacts")


@router.get("/addresses")
def list_addresses(door: DoorDep, principal: CustomersRead, number: Number) -> JSONResponse:
    """The addresses of a customer."""
    return _list(door, principal, number, "addresses")


@router.post("/contacts", status_code=201, dependencies=[PersonalView])
def post_contact(door: DoorDep, principal: CustomersWrite, number: Number, body: ContactBody) -> JSONResponse:
    """One more person at a customer; the answer is the whole customer, with its `id`."""

    def make(session: Session) -> Answer:
        added: list[Contact] = []

        def work(session: Session, customer: Customer) -> None:
            added.append(people.add_contact(session, customer, body))

        answer = _changed(session, door, principal, number, work)
        return Answer(201, answer.body | {"id": added[0].id})

    return door.post(principal, body, make, named_by="id")


@router.patch("/contacts/{row_id}", dependencies=[PersonalView])
def patch_contact(
    door: DoorDep, principal: CustomersWrite, number: Number, row_id: RowId, body: ContactPatch
) -> JSONResponse:
    """Change a person; needs If-Match with the customer's version."""

    def work(session: Session, customer: Customer) -> None:
        people.change_contact(session, customer, people.find_contact(customer, row_id), body)

    return _change(door, principal, number, work, _Wanted("contacts", row_id, body))


@router.delete("/contacts/{row_id}", dependencies=[PersonalView])
def delete_contact(door: DoorDep, principal: CustomersWrite, number: Number, row_id: RowId) -> JSONResponse:
    """The person is not there any more; what was known of him is overwritten. Needs If-Match."""

    def work(session: Session, customer: Customer) -> None:
        people.erase_contact(session, people.find_contact(customer, row_id), actor=principal.actor, now=door.now)

    return _change(door, principal, number, work)


@router.post("/addresses", status_code=201)
def post_address(door: DoorDep, principal: CustomersWrite, number: Number, body: AddressBody) -> JSONResponse:
    """One more address; the answer is the whole customer, with its `id`."""

    def make(session: Session) -> Answer:
        added: list[Address] = []

        def work(session: Session, customer: Customer) -> None:
            added.append(people.add_address(session, customer, body))

        answer = _changed(session, door, principal, number, work)
        return Answer(201, answer.body | {"id": added[0].id})

    return door.post(principal, body, make, named_by="id")


@router.patch("/addresses/{row_id}")
def patch_address(
    door: DoorDep, principal: CustomersWrite, number: Number, row_id: RowId, body: AddressPatch
) -> JSONResponse:
    """Change an address; needs If-Match with the customer's version."""

    def work(session: Session, customer: Customer) -> None:
        people.change_address(session, customer, people.find_address(customer, row_id), body)

    return _change(door, principal, number, work, _Wanted("addresses", row_id, body))


@router.delete("/addresses/{row_id}")
def delete_address(door: DoorDep, principal: CustomersWrite, number: Number, row_id: RowId) -> JSONResponse:
    """The customer is not to be reached there any more. Needs If-Match."""

    def work(session: Session, customer: Customer) -> None:
        people.remove_address(session, customer, people.find_address(customer, row_id))

    return _change(door, principal, number, work)


@router.get("/consents")
def list_consents(door: DoorDep, _principal: CustomersRead, number: Number) -> JSONResponse:
    """What people at the customer allowed and withdrew, the newest first."""
    with door.database.read() as session:
        customer = found_customer(session, number)
        items = [_consent(consent) for consent in repository.consents(session, customer.id)]
    return JSONResponse({"items": items, "next": None})


@router.post("/consents", status_code=201)
def post_consent(door: DoorDep, principal: CustomersWrite, number: Number, body: ConsentIn) -> JSONResponse:
    """Write down what a person allows. One that holds already is answered as it is."""

    def make(session: Session) -> Answer:
        customer = found_customer(session, number, lock=True)
        given = consents.give_consent(session, customer, body, actor=principal.actor, now=door.now)
        return Answer(201, _consent(given))

    return door.post(principal, body, make, named_by="id")


@router.post("/consents/{row_id}/withdraw")
def withdraw_consent(door: DoorDep, principal: CustomersWrite, number: Number, row_id: RowId) -> JSONResponse:
    """The person does not allow it any more."""

    def make(session: Session) -> Answer:
        customer = found_customer(session, number, lock=True)
        consent = repository.consent(session, customer.id, row_id)
        if consent is None:
            raise NotFound
        consents.withdraw_consent(session, customer, consent, actor=principal.actor, now=door.now)
        return Answer(200, _consent(consent))

    return door.post(principal, None, make)


def _list(door: Door, principal: Principal, number: str, of: str) -> JSONResponse:
    def work(session: Session) -> dict[str, Any]:
        body = seen(session, found_customer(session, number), door, principal)
        return {"items": body[of], "next": None, "masked": body["masked"], "row_version": body["row_version"]}

    return shown(door.database.write(work))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a change wants of one row."""

    of: str
    row_id: int
    body: ContactPatch | AddressPatch

    def fields(self) -> dict[str, Any]:
        """The fields that are named."""
        return self.body.model_dump(mode="json", exclude_unset=True)

    def stored(self, customer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The row as it is told; nothing where it is not there any more."""
        return next((row for row in customer[self.of] if row["id"] == self.row_id), {})


def _change(
    door: Door,
    principal: Principal,
    number: str,
    work: Callable[[Session, Customer], None],
    wanted: _Wanted | None = None,
) -> JSONResponse:
    expected = door.expected

    def make(session: Session) -> Answer:
        customer = found_customer(session, number, lock=True)
        stored = CustomerOut.of(customer, View.of(principal)).model_dump(mode="json")
        if wanted is None:
            guard_action(number, expected=expected, got=customer.row_version, stored=lambda: stored)
        else:
            fields, row = wanted.fields(), wanted.stored(stored)
            guard(number, expected=expected, got=customer.row_version, wanted=fields, stored=row)
        return _changed(session, door, principal, number, work)

    return door.change(make)


def _changed(
    session: Session,
    door: Door,
    principal: Principal,
    number: str,
    work: Callable[[Session, Customer], None],
) -> Answer:
    customer = found_customer(session, number, lock=True)
    service.require_not_merged(customer)
    before = service.plain(customer)
    work(session, customer)
    service.note_change(session, customer, before, actor=principal.actor, now=door.now)
    return Answer(200, seen(session, customer, door, principal))


def _consent(consent: Any) -> dict[str, Any]:
    return ConsentOut.of(consent).model_dump(mode="json")
