"""Units that are lost while they lie in stock, or come there by a screen: the balance follows them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.stock.book import NewMove, book
from server.erp.stock.rules import MoveKind
from server.erp.stock.use import Known, look_up_made, look_up_spots
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


def put_in(session: Session, facts: Sequence[NewFact], ids: Sequence[int]) -> None:
    """Book what a screen or a program has put into stock: where most of its kind lies, else where stock begins."""
    stocked = {fact.unit_id or 0: (fact, each) for fact, each in zip(facts, ids, strict=True)
               if fact.kind is FactKind.UNIT_STOCKED}  # fmt: skip
    if not stocked:
        return
    known = Known()
    look_up_made(session, known, list(stocked))
    targets = {unit_id: known.places.get(material.id) or known.shelf for unit_id, (material, _) in known.made.items()}
    moves = [(found, stocked[unit_id]) for unit_id, found in targets.items() if found is not None]
    book(session, [_of(known, MoveKind.PRODUCE, *told, target_id=place) for place, told in moves])
    touch(session, "stock")


def _move(known: Known, fact: NewFact, fact_id: int) -> NewMove:
    source_id, lot = known.spots[fact.unit_id or 0]
    return _of(known, MoveKind.SCRAP, fact, fact_id, source_id=source_id, lot=lot, cause=fact.told.get("reason"))


def _of(known: Known, kind: MoveKind, fact: NewFact, fact_id: int, **more: Any) -> NewMove:
    unit_id = fact.unit_id or 0
    material, pieces = known.made[unit_id]
    ends: dict[str, Any] = {"source_id": None, "target_id": None, **more}
    return NewMove(
        kind=kind,
        product_id=material.id,
        uom=material.uom,
        quantity=pieces,
        **ends,
        actor=fact.actor,
        at=fact.observed_at,
        work_order_id=fact.work_order_id,
        unit_id=unit_id,
        fact_id=fact_id,
    )
