"""Moving goods: the move, the balances it changes and its fact in one transaction. The edge commits."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from server.catalog.measures import breaks_a_piece
from server.catalog.models import Product
from server.db import touch
from server.db.counters import take
from server.erp.stock import repository
from server.erp.stock.book import Booked, NewMove, book
from server.erp.stock.models import StockBalance, StockItem, StockLocation, StockMove
from server.erp.stock.rules import MoveKind, StockFact, balances, location_code
from server.erp.stock.schemas import ItemPatch, LocationIn, MoveIn
from server.errors import Conflict, FieldError, Invalid, Refused
from server.http.fields import plain
from server.journal.audit import write_audit
from server.journal.facts import OfficeFact, write_office
from server.messages import translate as _

_ZERO = Decimal(0)
#: What a column of quantities holds.
_MOST = Decimal("999999999.999999")


def create_location(session: Session, body: LocationIn, *, actor: str, now: datetime) -> StockLocation:
    """A new place where goods lie; raises Conflict when the key is taken."""
    if repository.lock_locations(session, [body.key]):
        message = _("There is a location {key} already. Choose another key.")
        raise Conflict(message.format(key=body.key), reason="key_taken")
    alike = repository.location_of_code(session, location_code(body.key))
    if alike is not None:
        message = _("The printed code of {key} would be that of {other}. Choose another key.")
        raise Conflict(message.format(key=body.key, other=alike.key), reason="key_taken")
    location = StockLocation(key=body.key, name=body.name)
    session.add(location)
    session.flush()
    detail = {"name": body.name}
    write_audit(session, at=now, actor=actor, action="location_added", subject=body.key, detail=detail)
    return location


def move_stock(session: Session, body: MoveIn, *, actor: str, now: datetime) -> StockMove:
    """Move goods; raises Invalid for what there is not, Refused when less lies there or a count finds no difference."""
    # Batches of scans hold the counter of facts before they book goods; so does whoever books them by hand.
    take(session, "fact", 0)
    product = repository.product(session, body.product)
    known = repository.lock_locations(session, {key for key in (body.source, body.target) if key is not None})
    _require_known(body, product, known)
    assert product is not None
    source, target, quantity = known.get(body.source or ""), known.get(body.target or ""), body.quantity
    if body.kind is MoveKind.COUNT:
        assert target is not None
        source, target, quantity = _difference(session, product, target, body)
    move = NewMove(
        kind=body.kind,
        product_id=product.id,
        uom=product.uom,
        quantity=quantity,
        source_id=source.id if source is not None else None,
        target_id=target.id if target is not None else None,
        lot=body.lot or "",
        cause=body.cause,
        reference=body.reference,
        actor=actor,
        at=now,
    )
    booked = book(session, [move])
    _require_possible(move, booked, product, source, target)
    made = repository.move(session, booked.numbers[0])
    _write_fact(session, made)
    touch(session, "stock")
    return made


def edit_item(session: Session, item: StockItem, body: ItemPatch, *, sku: str, actor: str, now: datetime) -> None:
    """Set the level below which a material is low; None says nothing."""
    before = item.reorder_level
    item.reorder_level = body.reorder_level
    session.flush()
    levels = [None if level is None else plain(level) for level in (before, body.reorder_level)]
    detail = {"before": levels[0], "after": levels[1]}
    write_audit(session, at=now, actor=actor, action="reorder_level_changed", subject=sku, detail=detail)
    touch(session, "stock")


def rebuild_balances(session: Session) -> list[tuple[int, Decimal, Decimal]]:
    """Put every balance where the moves say; returns id, what stood there and what stands there now."""
    told = balances(repository.flows(session))
    differences: list[tuple[int, Decimal, Decimal]] = []
    for row in repository.all_balances(session):
        right = told.pop((row.product_id, row.location_id, row.lot), _ZERO)
        if row.quantity != right:
            differences.append((row.id, row.quantity, right))
            row.quantity = right
    for (product_id, location_id, lot), right in told.items():
        row = StockBalance(product_id=product_id, location_id=location_id, lot=lot, quantity=right)
        session.add(row)
        session.flush()
        differences.append((row.id, _ZERO, right))
    session.flush()
    return differences


def _require_known(body: MoveIn, product: Product | None, known: dict[str, StockLocation]) -> None:
    errors: list[FieldError] = []
    if product is None:
        message = _("There is no product {sku}.").format(sku=body.product)
        errors.append(FieldError("product", message, "unknown"))
    elif body.kind is MoveKind.RECEIPT and breaks_a_piece(body.quantity, product.uom):
        # A supplier sends whole pieces; a count may still find the half that production left.
        message = _("{sku} comes in whole pieces; got {quantity}.")
        said = message.format(sku=product.sku, quantity=plain(body.quantity))
        errors.append(FieldError("quantity", said, "not_whole"))
    for name, key in (("source", body.source), ("target", body.target)):
        if key is not None and key not in known:
            errors.append(FieldError(name, _("There is no location {key}.").format(key=key), "unknown"))
    if errors:
        raise Invalid(errors=errors)


def _difference(
    session: Session, product: Product, place: StockLocation, body: MoveIn
) -> tuple[StockLocation | None, StockLocation | None, Decimal]:
    """Where goods come from, where they go and how many, so that the counted quantity lies at the place."""
    counted = body.quantity
    row = repository.balance(session, product.id, place.id, body.lot or "")
    more = counted - (row.quantity if row is not None else _ZERO)
    if more == 0:
        message = _("Nothing to put right: {quantity} of {sku} lie at {place}, as was counted.")
        raise Refused(
            message.format(quantity=plain(counted), sku=product.sku, place=place.key), reason="nothing_to_change"
        )
    return (None, place, more) if more > 0 else (place, None, -more)


def _require_possible(
    move: NewMove, booked: Booked, product: Product, source: StockLocation | None, target: StockLocation | None
) -> None:
    """Raise Refused, and so undo the booking, when a place would hold less than nothing or more than is counted."""
    values = {"quantity": plain(move.quantity), "sku": product.sku, "lot": move.lot}
    if source is not None and move.kind is not MoveKind.COUNT:
        left = booked.lying[product.id, source.id, move.lot]
        if left < 0:
            message = _("{quantity} of {sku} cannot leave {place}: {lies} lie there. Count it first if there is more.")
            if move.lot:
                message = _("{quantity} of {sku}, lot {lot}, cannot leave {place}: {lies} lie there. Count it first.")
            values |= {"place": source.key, "lies": plain(left + move.quantity)}
            raise Refused(message.format(**values), reason="not_enough_stock")
    if target is not None and booked.lying[product.id, target.id, move.lot] > _MOST:
        message = _(
            "{place} cannot take {quantity} of {sku}: {most} is the most that is counted, and {lies} lie there."
        )
        lies = booked.lying[product.id, target.id, move.lot] - move.quantity
        values |= {"place": target.key, "lies": plain(lies), "most": plain(_MOST)}
        raise Refused(message.format(**values), reason="too_much_stock")


def _write_fact(session: Session, move: StockMove) -> None:
    kind = StockFact.STOCK_COUNTED if move.kind == MoveKind.COUNT else StockFact.STOCK_MOVED
    detail = {
        "product": move.product.sku,
        "lot": move.lot or None,
        "kind": move.kind,
        "from": move.source.key if move.source is not None else None,
        "to": move.target.key if move.target is not None else None,
        "quantity": plain(move.quantity),
        "uom": move.uom,
    }
    write_office(session, [OfficeFact(kind=kind, subject=move.number, actor=move.actor, at=move.at, detail=detail)])
