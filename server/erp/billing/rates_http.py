"""The door to exchange rates."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.billing import rates
from server.erp.billing.rates_schemas import RateIn, RateList, RateOut
from server.http.door import DoorDep, shown
from server.http.idempotency import Answer
from server.parties.repository import site
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1")

CreditRead = Annotated[Principal, Depends(require(Permission.CREDIT_READ))]
InvoicesWrite = Annotated[Principal, Depends(require(Permission.INVOICES_WRITE))]


@router.get("/exchange-rates", response_model=RateList)
def list_rates(database: DatabaseDep, _principal: CreditRead) -> JSONResponse:
    """The rates that count today, by currency."""
    with database.read() as session:
        base = site(session).currency
        found = rates.newest_rates(session, now=utc_now()).newest
    items = [RateOut(currency=code, rate=rate.value, as_of=rate.as_of) for code, rate in sorted(found.items())]
    return shown(RateList(base=base, items=items).model_dump(mode="json"))


@router.post("/exchange-rates", response_model=RateOut)
def post_rate(door: DoorDep, principal: InvoicesWrite, body: RateIn) -> JSONResponse:
    """Keep the rate of a day: one unit of the site's currency is so many of this one."""

    def make(session: Session) -> Answer:
        made = rates.add_rate(session, body, actor=principal.actor, now=door.now)
        kept = RateOut(currency=made.currency, rate=made.value, as_of=made.as_of)
        return Answer(200, kept.model_dump(mode="json"))

    return door.post(principal, body, make)
