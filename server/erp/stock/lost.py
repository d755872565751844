"""Units that are lost while they lie in stock: their goods leave the balance with them."""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.stock.book import NewMove, book
from server.erp.stock.rules import MoveKind
from server.erp.stock.use import Known, look_up_spots
from server.tracking.facts import FactKind, NewFact
from server.tracking.states import UnitState


def lay_in_stock(fact: NewFact) -> bool:
    """Whether the unit of this fact lay in stock before it."""
    before = fact.told.get("before", {}).get(f"unit:{fact.unit_id}") or {}
    return bool(before.get("state") == UnitState.IN_STOCK)


def lost_in_stock(facts: Iterable[NewFact]) -> set[int]:
    """The units that these facts scrap where they lie; what was picked for an order was issued then."""
    mine = (fact for fact in facts if fact.kind is FactKind.UNIT_SCRAPPED and fact.order_id is None)
    return {fact.unit_id for fact in mine if fact.unit_id is not None and lay_in_stock(fact)}


def throw_out(session: Session, facts: Sequence[NewFact], ids: Sequence[int]) -> None:
    """Book what was scrapped in stock by a screen or a program."""
    lost = lost_in_stock(facts)
    if not lost:
        return
    scrapped = zip(facts, ids, strict=True)
    gone = {fact.unit_id: (fact, each) for fact, each in scrapped if fact.kind is FactKind.UNIT_SCRAPPED}
    known = Known()
    look_up_spots(session, known, lost)
    book(session, [_move(known, *gone[unit_id]) for unit_id, spot in known.spots.items() if spot[0] is not None])
    touch(session, "stock")


def _move(known: Known, fact: NewFact, fact_id: int) -> NewMove:
    unit_id = fact.unit_id or 0
    material, pieces = known.made[unit_id]
    source_id, lot = known.spots[unit_id]
    return NewMove(
        kind=MoveKind.SCRAP,
        product_id=material.id,
        uom=material.uom,
        quantity=pieces,
        source_id=source_id,
        lot=lot,
        target_id=None,
        cause=fact.told.get("reason"),
        actor=fact.actor,
        at=fact.observed_at,
        work_order_id=fact.work_order_id,
        unit_id=unit_id,
        fact_id=fact_id,
    )
