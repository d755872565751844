"""Reserving, picking and freeing goods of stock for orders. Services flush, write facts and note topics."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.planning import is_bought, is_serial, supply_problem
from server.erp.reservations import repository
from server.erp.reservations.models import Reservation
from server.erp.reservations.rules import ReservationState, Wish, at_most, share
from server.erp.stock.materials import lying
from server.erp.stock.rules import MoveKind, StockFact
from server.erp.stock.schemas import MoveIn
from server.erp.stock.service import move_stock
from server.errors import FieldError, Invalid, Refused
from server.http.fields import plain
from server.journal.facts import OfficeFact, write_office
from server.messages import translate as _
from server.tracking.states import OrderLifecycle

_ZERO = Decimal(0)
#: Who decided, and when.
_By = tuple[str, datetime]
_RESERVED, _PICKED, _FREED = (
    ReservationState.RESERVED.value,
    ReservationState.PICKED.value,
    ReservationState.FREED.value,
)


def foreseen(session: Session, lines: Sequence[OrderLine]) -> Mapping[int, Decimal]:
    """How much of each line stock would give if they were ordered now; nothing is reserved."""
    if not lines:
        return {}
    return share(map(_wish, lines), repository.available(session, {line.product.id for line in lines}))


def reserve_order(session: Session, order: SalesOrder, *, actor: str, now: datetime) -> None:
    """Reserve or make: each line of a wholly loaded order gets what stock has of it, and the rest will be made."""
    products = {line.product_id for line in order.lines}
    repository.lock_products(session, products)
    found = share(map(_wish, order.lines), repository.available(session, products))
    for line in order.lines:
        problem = supply_problem(line.product, line.quantity, found[line.id]) if is_bought(line.product) else None
        if problem is not None:
            raise Refused(problem, reason="not_makeable")
        if found[line.id] > 0:
            _put(session, order, line, None, found[line.id], by=(actor, now))


def decide_line(
    session: Session, order: SalesOrder, position: int, quantity: Decimal, *, actor: str, now: datetime
) -> Reservation:
    """So much of the line comes out of stock, 0 for none; raises Refused after the release, or for too much."""
    if order.lifecycle != OrderLifecycle.CONFIRMED:
        message = _("{order} is {lifecycle}: what comes out of stock is decided between confirmation and release.")
        raise Refused(message.format(order=order.number, lifecycle=order.lifecycle), reason=f"not_in_{order.lifecycle}")
    line = next((each for each in order.lines if each.position == position), None)
    if line is None:
        message = _("{order} has no line {line}.").format(order=order.number, line=position)
        raise Invalid(errors=[FieldError("line", message, "unknown")])
    repository.lock_products(session, [line.product_id])
    row = repository.of_order(session, order.id).get(line.id)
    mine = row.quantity if row is not None and row.state == _RESERVED else _ZERO
    _require_possible(session, order, line, quantity, mine)
    return _put(session, order, line, row, quantity, by=(actor, now))


def free_order(session: Session, order: SalesOrder, *, actor: str, now: datetime) -> None:
    """The order is called off: what it had reserved is anybody's again, and what was picked goes back to stock."""
    for line_id, row in repository.of_order(session, order.id).items():
        line = next(each for each in order.lines if each.id == line_id)
        if row.state == _PICKED:
            _put_back(session, order, line, row, by=(actor, now))
        if row.state != _FREED:
            row.state = _FREED
            _tell(session, order, line, StockFact.STOCK_FREED, row.quantity, by=(actor, now))
    session.flush()


def pick_order(session: Session, order: SalesOrder, *, actor: str, now: datetime) -> Mapping[int, Reservation]:
    """Take what is reserved out of stock; returns it by line. Raises Refused when less lies there by now."""
    found: dict[int, Reservation] = {}
    for line_id, row in repository.of_order(session, order.id).items():
        if row.state != _RESERVED or row.quantity == 0:
            continue
        line = next(each for each in order.lines if each.id == line_id)
        row.picked = _take(session, order, line, row.quantity, by=(actor, now))
        row.state = _PICKED
        found[line_id] = row
    session.flush()
    return found


# --- what they share ---


def _wish(line: OrderLine) -> Wish:
    return Wish(line.id, line.product.id, line.quantity, is_serial(line), bool(line.configuration))


def _require_possible(session: Session, order: SalesOrder, line: OrderLine, quantity: Decimal, mine: Decimal) -> None:
    wish, free = _wish(line), repository.available(session, [line.product_id])[line.product_id] + mine
    values = {"order": order.number, "line": line.position, "sku": line.product.sku, "quantity": plain(quantity)}
    if quantity and wish.configured:
        message = _("Line {line} of {order} is made as it was chosen; what lies in stock of {sku} was not.")
        raise Refused(message.format(**values), reason="configured")
    if quantity < line.quantity and is_bought(line.product):
        message = _("{sku} is bought: what of line {line} does not come out of stock cannot be made.")
        raise Refused(message.format(**values), reason="not_makeable")
    if quantity > line.quantity:
        message = _("Line {line} of {order} wants {wanted} of {sku}, not {quantity}.")
        raise Refused(message.format(**values, wanted=plain(line.quantity)), reason="over_quantity")
    if wish.by_piece and quantity != int(quantity):
        message = _("{sku} comes in whole pieces; got {quantity}.")
        raise Refused(message.format(**values), reason="not_whole")
    if quantity > at_most(wish, free):
        message = _("{quantity} of {sku} cannot be reserved: {free} lie in stock that nobody has reserved.")
        raise Refused(message.format(**values, free=plain(max(free, _ZERO))), reason="not_enough_stock")


def _put(
    session: Session,
    order: SalesOrder,
    line: OrderLine,
    row: Reservation | None,
    quantity: Decimal,
    *,
    by: _By,
) -> Reservation:
    if row is None:
        row = Reservation(order_id=order.id, order_line_id=line.id, product_id=line.product_id)
        session.add(row)
    row.quantity, row.state, row.decided_by, row.decided_at = quantity, _RESERVED, *by
    session.flush()
    kind = StockFact.STOCK_RESERVED if quantity else StockFact.STOCK_FREED
    _tell(session, order, line, kind, quantity, by=by)
    return row


def _tell(
    session: Session,
    order: SalesOrder,
    line: OrderLine,
    kind: StockFact,
    quantity: Decimal,
    *,
    by: _By,
) -> None:
    detail = {"line": line.position, "product": line.product.sku, "quantity": plain(quantity), "uom": line.product.uom}
    fact = OfficeFact(kind=kind, subject=order.number, actor=by[0], at=by[1], order_id=order.id, detail=detail)
    write_office(session, [fact])
    touch(session, "stock", f"order:{order.number}")


def _take(session: Session, order: SalesOrder, line: OrderLine, quantity: Decimal, *, by: _By) -> list[dict[str, Any]]:
    """Issue the goods from wherever they lie, the largest heap first; returns from where how many."""
    cause = _("Picked for {order}, line {line}").format(order=order.number, line=line.position)
    found, left = [], quantity
    stopped = repository.held_lots(session, line.product_id)
    spots = [each for each in lying(session, line.product_id) if each.lot not in stopped]
    for spot in sorted(spots, key=lambda each: -each.quantity):
        part = min(left, max(spot.quantity, _ZERO))
        if part > 0:
            ends = {"source": spot.location, "lot": spot.lot or None, "quantity": part, "cause": cause}
            move_stock(session, _body(line, MoveKind.ISSUE, ends), actor=by[0], now=by[1])
            found.append({"location": spot.location, "lot": spot.lot, "quantity": plain(part)})
            left -= part
    if left > 0:
        message = _(
            "{order} cannot be released: {quantity} of {sku} are reserved for it, and {missing} of them are gone. "
            "Count them, or decide to make them."
        )
        values = {"order": order.number, "quantity": plain(quantity), "sku": line.product.sku}
        raise Refused(message.format(**values, missing=plain(left)), reason="not_enough_stock")
    return found


def _put_back(session: Session, order: SalesOrder, line: OrderLine, row: Reservation, *, by: _By) -> None:
    """What was picked and is not lost lies in stock again, where it came from; it keeps its numbers."""
    for unit in repository.picked_units(session, row.work_order_id):
        unit.order_id = unit.order_line_id = None
    cause = _("Back from {order}, line {line}: called off").format(order=order.number, line=line.position)
    lost = repository.scrapped(session, row.work_order_id)
    for spot in row.picked:
        back = Decimal(spot["quantity"]) - lost
        lost = max(_ZERO, -back)
        if back > 0:
            ends = {"target": spot["location"], "lot": spot["lot"] or None, "quantity": back, "cause": cause}
            move_stock(session, _body(line, MoveKind.RECEIPT, ends), actor=by[0], now=by[1])


def _body(line: OrderLine, kind: MoveKind, ends: Mapping[str, Any]) -> MoveIn:
    return MoveIn(product=line.product.sku, kind=kind, **ends)
