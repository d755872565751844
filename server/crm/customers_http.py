"""What programs do with a customer across both sides: his timeline, what was said, suspects, merge, privacy."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.customer_merge import merge_customers
from server.crm.customer_timeline import Wanted, customer_timeline
from server.crm.interactions import InteractionIn, InteractionOut, write_down
from server.crm.privacy import erase_person, export_person
from server.http.door import DoorDep, shown
from server.http.fields import Strict
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, Limit, Number
from server.parties import duplicates, service
from server.parties.fields import CustomerNumber
from server.parties.http import found_customer, seen
from server.parties.models import Customer
from server.parties.people import find_contact

router = APIRouter(prefix="/api/v1")

CustomersRead = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]
Noter = Annotated[Principal, Depends(require(Permission.PARTY_NOTE_WRITE))]
Merger = Annotated[Principal, Depends(require(Permission.PARTY_MERGE))]
Keeper = Annotated[Principal, Depends(require(Permission.PARTY_PRIVACY))]
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
After = Annotated[str | None, Query(max_length=60, description="The `next` of the page before.")]


class OtherCustomer(Strict):
    """The other one of a pair."""

    other: CustomerNumber


@router.get("/customers/{number}/timeline")
def get_timeline(
    database: DatabaseDep, principal: CustomersRead, number: Number, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> JSONResponse:
    """What happened with the customer, newest first, from both sides."""
    wanted = Wanted(after, limit, sees_credit=principal.may(Permission.CREDIT_READ))
    with database.read() as session:
        found = customer_timeline(session, found_customer(session, number), wanted)
    return JSONResponse({"items": [item.as_json() for item in found.items], "next": found.next})


@router.post("/customers/{number}/interactions", status_code=201)
def post_interaction(door: DoorDep, principal: Noter, number: Number, body: InteractionIn) -> JSONResponse:
    """Write down a note, a call, a message or a meeting."""

    def make(session: Session) -> Answer:
        customer = found_customer(session, number)
        service.require_not_merged(customer)
        row = write_down(session, customer, body, actor=principal.actor, now=door.now)
        return Answer(201, InteractionOut.of(row).model_dump(mode="json"))

    return door.post(principal, body, make, named_by="id")


@router.get("/customer-suspects")
def list_suspects(database: DatabaseDep, _principal: Merger) -> JSONResponse:
    """Pairs of customers that look like one company entered twice, the most similar first."""
    with database.read() as session:
        found = duplicates.pairs(session)
    items = [
        {"score": pair.score, "traits": list(pair.first.traits), "customers": [_short(pair.first), _short(pair.second)]}
        for pair in found
    ]
    return JSONResponse({"items": items, "next": None})


@router.post("/customers/{number}/distinct")
def post_distinct(door: DoorDep, principal: Merger, number: Number, body: OtherCustomer) -> JSONResponse:
    """The two look alike, and are not the same."""

    def make(session: Session) -> Answer:
        one, other = found_customer(session, number), found_customer(session, body.other)
        duplicates.say_distinct(session, one, other, actor=principal.actor, now=door.now)
        return Answer(200, {"distinct": [one.number, other.number]})

    return door.post(principal, body, make)


@router.post("/customers/{number}/merge")
def post_merge(door: DoorDep, principal: Merger, number: Number, body: OtherCustomer) -> JSONResponse:
    """Merge `other` into this customer: everything of it moves here, and its number leads here. Cannot be undone."""

    def make(session: Session) -> Answer:
        survivor, loser = locked_pair(session, number, body.other)
        moved = merge_customers(session, loser, survivor, actor=principal.actor, now=door.now)
        return Answer(200, {**seen(session, found_customer(session, number), door, principal), "moved": dict(moved)})

    return door.post(principal, body, make)


@router.post("/customers/{number}/contacts/{row_id}/export")
def post_export(door: DoorDep, principal: Keeper, number: Number, row_id: RowId) -> JSONResponse:
    """All that is stored about one person. Not kept for retries, for it is personal."""

    def work(session: Session) -> dict[str, Any]:
        customer = found_customer(session, number)
        return export_person(session, customer, find_contact(customer, row_id), actor=principal.actor, now=door.now)

    return shown(door.database.write(work))


@router.post("/customers/{number}/contacts/{row_id}/erase")
def post_erase(door: DoorDep, principal: Keeper, number: Number, row_id: RowId) -> JSONResponse:
    """Overwrite all that is known of one person; what was done stays. Cannot be undone."""

    def make(session: Session) -> Answer:
        customer = found_customer(session, number, lock=True)
        erase_person(session, customer, find_contact(customer, row_id), actor=principal.actor, now=door.now)
        return Answer(200, {"number": customer.number, "erased": row_id})

    return door.post(principal, None, make)


def locked_pair(session: Session, number: str, other: str) -> tuple[Customer, Customer]:
    """Both customers, kept from other writers in one order whoever comes first; raises NotFound."""
    found = {each: found_customer(session, each, lock=True) for each in sorted({number, other})}
    return found[number], found[other]


def _short(suspect: duplicates.Suspect) -> dict[str, str]:
    return {"number": suspect.number, "name": suspect.name, "kind": suspect.kind}
