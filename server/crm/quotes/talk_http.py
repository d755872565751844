"""The doors through which both sides speak and the customer answers; private links; and repeating an order."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, SettingsDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.auth.talk_limit import count_message
from server.auth.topic import AUTH_TOPIC
from server.crm.access import is_customer, visible_orders
from server.crm.here import Here
from server.crm.http import LinkMade, LinkOut
from server.crm.quotes import answers, repository
from server.crm.quotes.access import may_answer
from server.crm.quotes.http import QuotesRead, QuotesWrite, act, found_quote, here_of
from server.crm.quotes.links import create_link, links_of, revoke_link
from server.crm.quotes.models import Quote
from server.crm.quotes.repeat import repeat_order
from server.crm.quotes.schemas import AcceptBody, MessageIn, ReasonBody, RepeatBody
from server.crm.quotes.shown import QuoteOut, message_json
from server.crm.quotes.thread import Writer, take_over, write_message
from server.db import touch
from server.erp.orders import repository as orders
from server.errors import Forbidden, NotFound
from server.http.door import DoorDep
from server.http.idempotency import Answer
from server.http.paging import Number, as_json
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1", tags=["quotes"])

RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
OrdersWrite = Annotated[Principal, Depends(require(Permission.ORDERS_WRITE))]


@router.post("/quotes/{number}/accept", response_model=QuoteOut)
def accept(door: DoorDep, principal: QuotesRead, number: Number, body: AcceptBody) -> JSONResponse:
    """Accept exactly this version, once: the order is placed in the same transaction."""
    require_answering(principal)

    def act_on(session: Session, quote: Quote, here: Here) -> None:
        answers.accept_quote(session, quote, body, actor=principal.actor, here=here)
        # What the visitor may see has grown by the order.
        touch(session, AUTH_TOPIC)

    return act(door, principal, number, act_on, body)


@router.post("/quotes/{number}/decline", response_model=QuoteOut)
def decline(door: DoorDep, principal: QuotesRead, number: Number, body: ReasonBody) -> JSONResponse:
    """Decline the version that was sent, with a reason."""
    require_answering(principal)

    def act_on(session: Session, quote: Quote, here: Here) -> None:
        answers.decline_quote(session, quote, reason=body.reason, actor=principal.actor, here=here)

    return act(door, principal, number, act_on, body)


@router.get("/quotes/{number}/messages")
def list_messages(database: DatabaseDep, principal: QuotesRead, number: Number) -> dict[str, Any]:
    """The thread, oldest first."""
    with database.read() as session:
        quote = found_quote(session, principal, number)
        internal = not is_customer(principal)
        items = [message_json(each, internal=internal) for each in repository.messages(session, quote.id)]
    return as_json(items, more=False, name="id")


@router.post("/quotes/{number}/messages", status_code=201)
def post_message(
    request: Request, door: DoorDep, principal: QuotesRead, number: Number, body: MessageIn
) -> JSONResponse:
    """Say something about a version; a customer may propose changes of its lines."""
    require_answering(principal)
    count_message(request, principal)

    def make(session: Session) -> Answer:
        quote = found_quote(session, principal, number, lock=True)
        message = write_message(session, quote, body, by=Writer.of(principal), here=here_of(session))
        return Answer(201, message_json(message, internal=not is_customer(principal)))

    return door.post(principal, body, make, named_by="id")


@router.post("/quotes/{number}/messages/{message_id}/take-over", response_model=QuoteOut)
def take(door: DoorDep, principal: QuotesWrite, number: Number, message_id: RowId) -> JSONResponse:
    """Put what the customer proposed into the draft version."""

    def act_on(session: Session, quote: Quote, here: Here) -> None:
        message = repository.message(session, quote.id, message_id)
        if message is None:
            raise NotFound
        take_over(session, quote, message, actor=principal.actor, here=here)

    return act(door, principal, number, act_on)


# --- private links ---


@router.get("/quotes/{number}/links")
def list_links(database: DatabaseDep, principal: QuotesWrite, number: Number) -> dict[str, Any]:
    """The private links of a quote, newest first."""
    now = utc_now()
    with database.read() as session:
        links = links_of(session, found_quote(session, principal, number).id)
    return as_json([LinkOut.of(link, now).model_dump(mode="json") for link in links], more=False)


@router.post("/quotes/{number}/links", status_code=201, response_model=LinkMade)
def add_link(door: DoorDep, settings: SettingsDep, principal: QuotesWrite, number: Number) -> JSONResponse:
    """Make a link; the answer holds it this once."""

    def make(session: Session) -> Answer:
        quote = found_quote(session, principal, number)
        link = create_link(session, quote, actor=principal.actor, now=door.now)
        return LinkMade.answer(link, f"{settings.base_url}/quote")

    return door.post(principal, None, make, named_by="id")


@router.post("/quotes/{number}/links/{link_id}/revoke", response_model=LinkOut)
def end_link(door: DoorDep, principal: QuotesWrite, number: Number, link_id: RowId) -> JSONResponse:
    """End a link and every visit that came by it, at once."""

    def make(session: Session) -> Answer:
        quote = found_quote(session, principal, number)
        row = revoke_link(session, quote, link_id=link_id, actor=principal.actor, now=door.now)
        return Answer(200, LinkOut.of(row, door.now).model_dump(mode="json"))

    return door.post(principal, None, make)


# --- the same again ---


@router.post("/orders/{number}/repeat")
def repeat(door: DoorDep, principal: OrdersWrite, number: Number, body: RepeatBody) -> JSONResponse:
    """A draft quote or draft order with the same lines at today's prices; `remarks` says what is not as it was."""
    if body.into == "quote" and not principal.may(Permission.QUOTES_WRITE):
        raise Forbidden(extra={"permission": Permission.QUOTES_WRITE.value})

    def make(session: Session) -> Answer:
        order = orders.order(session, number, visible=visible_orders(principal))
        if order is None:
            raise NotFound
        made = repeat_order(session, order, into=body.into, actor=principal.actor, here=here_of(session))
        return Answer(200, {"number": made.number, "remarks": list(made.remarks)})

    return door.post(principal, body, make)


def require_answering(principal: Principal) -> None:
    """Raise Forbidden for somebody who reads quotes and neither is the customer nor may speak to him."""
    if not may_answer(principal):
        raise Forbidden(extra={"permission": Permission.QUOTES_WRITE.value})
