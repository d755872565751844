"""The doors to sales orders."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission, Role
from server.auth.principal import Principal
from server.db import Database
from server.erp.billing.credit import check_loaded, today
from server.erp.billing.deliveries import overdue_orders
from server.erp.orders import estimates, repository, service
from server.erp.orders.access import is_customer, sees_prices, visible_orders
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.schemas import (
    ConfirmBody,
    OrderIn,
    OrderList,
    OrderOut,
    OrderPatch,
    ReasonBody,
    ReleaseCreditBody,
    View,
)
from server.erp.reels.schemas import ReleaseBody
from server.errors import NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.outside import listed, told
from server.http.paging import DEFAULT_LIMIT, After, Limit, Text
from server.http.paging import Number as OrderNumber
from server.http.versions import guard
from server.settings.clock import utc_now
from server.tracking.states import Fulfilment, OrderLifecycle

router = APIRouter(prefix="/api/v1/orders")

OrdersRead = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
OrdersWrite = Annotated[Principal, Depends(require(Permission.ORDERS_WRITE))]
CreditRelease = Annotated[Principal, Depends(require(Permission.CREDIT_RELEASE))]
OrdersRelease = Annotated[Principal, Depends(require(Permission.ORDERS_RELEASE))]


def _filter(
    lifecycle: OrderLifecycle | None = None,
    fulfilment: Fulfilment | None = None,
    customer: Text = None,
    on_hold: bool | None = None,
    promised_before: date | None = None,
    text: Text = None,
) -> repository.OrderFilter:
    return repository.OrderFilter(
        lifecycle=lifecycle.value if lifecycle else None,
        fulfilment=fulfilment.value if fulfilment else None,
        customer=customer,
        on_hold=on_hold,
        promised_before=promised_before,
        text=text,
    )


@router.get("", response_model=OrderList)
def list_orders(
    database: DatabaseDep,
    principal: OrdersRead,
    wanted: Annotated[repository.OrderFilter, Depends(_filter)],
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """The orders that the caller may know of, by age."""
    with database.read() as session:
        wanted = replace(wanted, outside=is_customer(principal))
        page = repository.orders(session, wanted, visible=visible_orders(principal), after=after, limit=limit)
        _bring_up_to_date(database, session, page.items, now=utc_now())
        counts = repository.progress(session, [order.id for order in page.items])
        late = overdue_orders(session, [order.id for order in page.items], today(session, utc_now()))
        items = [_answer(order, counts.get(order.id), principal, late=late) for order in page.items]
        return listed(OrderList, items, more=page.more, internal=not is_customer(principal))


@router.get("/{number}", response_model=OrderOut)
def get_order(database: DatabaseDep, principal: OrdersRead, number: OrderNumber) -> JSONResponse:
    """One order with its lines, the count of its units by state, and its estimate."""
    with database.read() as session:
        order = _found(session, number, principal)
        _bring_up_to_date(database, session, [order], now=utc_now())
        return shown(_body(session, order, principal))


@router.get("/{number}/estimate")
def get_estimate(database: DatabaseDep, principal: OrdersRead, number: OrderNumber) -> JSONResponse:
    """The estimate, made now, and for our own people what it is worked out from; null where there can be none."""
    with database.read() as session:
        order = _found(session, number, principal)
        found = estimates.compute(session, [order.id], now=utc_now()).get(order.id)
    shown_of = found.as_json(internal=not is_customer(principal)) if found else None
    return JSONResponse({"number": number, "estimate": shown_of})


@router.post("", status_code=201, response_model=OrderOut)
def post_order(door: DoorDep, principal: OrdersWrite, body: OrderIn) -> JSONResponse:
    """A new draft."""

    def make(session: Session) -> Answer:
        order = service.create_order(session, body, actor=principal.actor, now=door.now)
        return Answer(201, _shown(order, None, principal))

    return door.post(principal, body, make)


@router.patch("/{number}", response_model=OrderOut)
def patch_order(door: DoorDep, principal: OrdersWrite, number: OrderNumber, body: OrderPatch) -> JSONResponse:
    """Change a draft, or the priority of any open order; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        order = _found(session, number, principal, lock=True)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = service.plain_order(order)
        guard(number, expected=expected, got=order.row_version, wanted=wanted, stored=stored)
        service.change_order(session, order, body, actor=principal.actor, now=door.now)
        return Answer(200, _body(session, order, principal))

    return door.change(make)


@router.post("/{number}/confirm", response_model=OrderOut)
def confirm(
    door: DoorDep, principal: OrdersWrite, number: OrderNumber, body: ConfirmBody | None = None
) -> JSONResponse:
    """Promise the order; without a date, the careful end of the estimate is promised."""
    promised = body.promise_date if body else None

    def act(session: Session, order: SalesOrder) -> None:
        service.confirm_order(session, order, actor=principal.actor, now=door.now, promise_date=promised)

    return _act(door, principal, number, act, body)


@router.post("/{number}/release-credit", response_model=OrderOut)
def release_credit(
    door: DoorDep, principal: CreditRelease, number: OrderNumber, body: ReleaseCreditBody
) -> JSONResponse:
    """Confirm an order on credit hold although it is above the customer's limit, with a reason."""

    def act(session: Session, order: SalesOrder) -> None:
        service.release_credit(
            session, order, reason=body.reason, actor=principal.actor, now=door.now, promise_date=body.promise_date
        )

    return _act(door, principal, number, act, body)


@router.post("/{number}/revise", response_model=OrderOut)
def revise(door: DoorDep, principal: OrdersWrite, number: OrderNumber) -> JSONResponse:
    """Make a draft again of an order on credit hold, so that it can be changed."""

    def act(session: Session, order: SalesOrder) -> None:
        service.revise_order(session, order, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


@router.post("/{number}/release", response_model=OrderOut)
def release(
    door: DoorDep, principal: OrdersRelease, number: OrderNumber, body: ReleaseBody | None = None
) -> JSONResponse:
    """Give the order to the shop floor: work orders, operations, units and their codes are made."""
    reels = {choice.line: choice.reel for choice in body.reels} if body else {}

    def act(session: Session, order: SalesOrder) -> None:
        release_order(session, order, actor=principal.actor, now=door.now, reels=reels)

    return _act(door, principal, number, act, body)


@router.post("/{number}/hold", response_model=OrderOut)
def hold(door: DoorDep, principal: OrdersWrite, number: OrderNumber, body: ReasonBody) -> JSONResponse:
    """Stop all work on the order, with a reason."""

    def act(session: Session, order: SalesOrder) -> None:
        service.hold_order(session, order, reason=body.reason, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act, body)


@router.post("/{number}/resume", response_model=OrderOut)
def resume(door: DoorDep, principal: OrdersWrite, number: OrderNumber) -> JSONResponse:
    """Let the work on a held order go on."""

    def act(session: Session, order: SalesOrder) -> None:
        service.resume_order(session, order, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


@router.post("/{number}/cancel", response_model=OrderOut)
def cancel(door: DoorDep, principal: OrdersWrite, number: OrderNumber, body: ReasonBody) -> JSONResponse:
    """Call the order off, with a reason; once in production only a manager may."""
    by_manager = principal.role in (Role.MANAGER, Role.ADMIN)

    def act(session: Session, order: SalesOrder) -> None:
        service.cancel_order(
            session, order, reason=body.reason, by_manager=by_manager, actor=principal.actor, now=door.now
        )

    return _act(door, principal, number, act, body)


def _act(
    door: Door,
    principal: Principal,
    number: str,
    act: Callable[[Session, SalesOrder], None],
    body: ConfirmBody | ReasonBody | ReleaseBody | ReleaseCreditBody | None = None,
) -> JSONResponse:
    def make(session: Session) -> Answer:
        order = _found(session, number, principal, lock=True)
        door.check_if_given(number, order.row_version, lambda: _body(session, order, principal))
        act(session, order)
        return Answer(200, _body(session, order, principal))

    return door.post(principal, body, make)


def _found(session: Session, number: str, principal: Principal, *, lock: bool = False) -> SalesOrder:
    order = repository.order(session, number, visible=visible_orders(principal), lock=lock)
    if order is None:
        raise NotFound
    return order


def _body(session: Session, order: SalesOrder, principal: Principal) -> dict[str, Any]:
    counts = repository.progress(session, [order.id])[order.id]
    late = overdue_orders(session, [order.id], today(session, utc_now()))
    body = _shown(order, counts, principal, late=late)
    if order.lifecycle == OrderLifecycle.CREDIT_HOLD and principal.may(Permission.CREDIT_READ):
        body["credit_hold"] = check_loaded(session, order, order.customer, now=utc_now()).sentence(order.number)
    return body


def _shown(
    order: SalesOrder, progress: repository.Progress | None, principal: Principal, *, late: Collection[int] = ()
) -> dict[str, Any]:
    return told(_answer(order, progress, principal, late=late), internal=not is_customer(principal))


def _answer(
    order: SalesOrder, progress: repository.Progress | None, principal: Principal, *, late: Collection[int] = ()
) -> OrderOut:
    view = View(internal=not is_customer(principal), prices=sees_prices(principal), overdue=order.id in late)
    return OrderOut.of(order, progress, view)


def _bring_up_to_date(database: Database, session: Session, orders: Any, *, now: datetime) -> None:
    """Show estimates no older than a minute; storing them for lists goes to the writer, and nobody waits for it."""
    old = estimates.stale(orders, now=now)
    if not old:
        return
    found = estimates.compute(session, old, now=now)
    database.submit(lambda writing: estimates.store(writing, old, found, now=now))
    for order in orders:
        if order.id in old:
            made = found.get(order.id)
            order.predicted_at = made.at if made else None
            order.predicted_late_at = made.late_at if made else None
            order.estimated_at = now
