"""Booking goods for a batch that is saved: what was received, counted, used by units, and taken back.

Nothing is asked for a batch that has no such thing in it. Everything is planned in the order of the facts, so that a
count knows what came before it, and then written at once.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.stock import use
from server.erp.stock.book import NewMove, book
from server.erp.stock.lost import lost_in_stock
from server.erp.stock.rules import MoveKind, Spot
from server.ingest.driver import connection_of
from server.ingest.fold import Folded
from server.ingest.goods_load import COUNTED
from server.ingest.parts import Parts
from server.ingest.parts import told as told_of
from server.ingest.save import Before
from server.journal import facts as journal
from server.tracking import world as w
from server.tracking.facts import FactKind, NewFact
from server.tracking.goods_rows import Booking, Load, materials_in, units_in
from server.tracking.stages import STAGES
from server.tracking.states import GoodsAct, UnitKind
from server.tracking.words import BY_SCAN

_OPEN: Final = "open"
_DONE: Final = FactKind.OPERATION_COMPLETED
_ZERO: Final = Decimal(0)


def book_goods(session: Session, folded: Folded, was: Before, *, now: datetime) -> bool:
    """Write the moves that the batch brings about; returns whether units went into others. The edge commits."""
    goods = folded.world.goods
    finished = _finished(folded.world, was)
    reversed_ids = [fact.reverses_id for _, fact in folded.turned() if fact.kind is FactKind.REVERSED]
    lost = lost_in_stock(fact for _, fact in folded.turned())
    stocked = any(fact.kind is FactKind.UNIT_STOCKED for _, fact in folded.turned())
    has_goods = goods.bookings or goods.at_hand or goods.loads or reversed_ids or lost or stocked
    # Units that are made for orders bring about moves only where something is counted.
    if not has_goods and not (finished and COUNTED.rows(connection_of(session))):
        return False
    plan = _Plan(session, folded, finished, lost)
    plan.work_through()
    if not plan.moves:
        return False
    book(session, [move for _, move in plan.moves])
    told = plan.facts()
    numbers = journal.write(session, [fact for _, fact in told], recorded_at=now)
    has_parts = bool(plan.parts.built or plan.parts.back)
    if has_parts:
        plan.parts.save(folded.world, dict(zip((place for place, _ in told), numbers, strict=True)))
    touch(session, "stock")
    return has_parts


def _finished(world: w.World, was: Before) -> set[int]:
    """The units that this batch has made."""
    return {
        found
        for found in world.changed.get(w.Unit, ())
        if STAGES[world.units[found].state] not in (_OPEN, "scrapped")
        and found in was.units
        and STAGES[was.units[found].state] == _OPEN
    }


class _Plan:
    """The moves of a batch in the making."""

    def __init__(self, session: Session, folded: Folded, finished: set[int], lost: set[int]) -> None:
        self._session = session
        self._folded = folded
        self._first_fact = folded.first.fact
        #: The place of the fact behind it, and the move.
        self.moves: list[tuple[int, NewMove]] = []
        self._shifts: dict[Spot, Decimal] = defaultdict(Decimal)
        self._stock = dict(folded.world.goods.at_hand)
        self._loads: dict[int, list[Load]] = defaultdict(list)
        self._bookings: dict[int, Booking] = {one.fact: one for one in folded.world.goods.bookings}
        for load in folded.world.goods.loads:
            self._loads[load.fact].append(load)
        self._last = {fact.unit_id: place for place, fact in enumerate(folded.facts) if fact.kind is _DONE}
        self._ends = {self._last[found] for found in finished if found in self._last}
        self._lost = lost
        self._known = self._look_up()
        self.parts = self._look_for_parts()

    def work_through(self) -> None:
        """Go through the facts in their order."""
        # Whatever is done simply in passing uses goods or brings about none.
        facts = enumerate(self._folded.facts) if self._known.materials else self._folded.turned()
        for place, fact in facts:
            for load in self._loads.get(place, ()):
                self._stock[load.station_id] = load.stock or {}
            if place in self._bookings:
                self._take_in(place, fact, self._bookings[place])
            elif fact.kind is _DONE and self._known.materials:
                self._use(place, fact)
            elif fact.kind is FactKind.UNIT_STOCKED:
                self._put_in(place, fact)
            elif fact.kind is FactKind.UNIT_SCRAPPED and fact.unit_id in self._lost:
                self._throw_out(place, fact)
            elif fact.kind is FactKind.REVERSED:
                self._take_back(place, fact)

    def facts(self) -> list[tuple[int, NewFact]]:
        """What the units used, one fact for each scan that used something or gave units back, by its place."""
        used: dict[int, list[NewMove]] = {place: [] for place in self.parts.back}
        for place, move in self.moves:
            if move.kind is MoveKind.BACKFLUSH and move.reverses_id is None:
                used.setdefault(place, []).append(move)
        return [(place, self._fact(place, self._folded.facts[place], moves)) for place, moves in sorted(used.items())]

    def _fact(self, place: int, fact: NewFact, moves: list[NewMove]) -> NewFact:
        names = {material.id: material.sku for material in self._known.materials.values()}
        lines = [
            {"product": names[move.product_id], "lot": move.lot or None, "quantity": f"{move.quantity:f}"}
            for move in moves
        ]
        built, back = self.parts.built.get(place, ()), self.parts.back.get(place, ())
        detail = {"materials": lines, **told_of(built, back)}
        kind = FactKind.MATERIAL_RETURNED if back else FactKind.MATERIAL_USED
        # The unit itself stands where the fact before put it, and the customer is not told.
        return fact._replace(kind=kind, order_id=None, reverses_id=None, detail=detail)

    def _look_up(self) -> use.Known:
        """What has to be known before anything can be planned; at most six queries."""
        at_hand = self._stock.keys() | {load.station_id for loads in self._loads.values() for load in loads}
        if at_hand:
            places = [p for p, fact in enumerate(self._folded.facts) if p in self._ends or fact.station_id in at_hand]
        else:
            places = sorted(self._ends)
        done = [self._folded.facts[place] for place in places if self._folded.facts[place].kind is _DONE]
        works = {fact.work_order_id for fact in done if fact.work_order_id is not None}
        units = {fact.unit_id for fact in done if fact.unit_id is not None}
        taken = {fact.reverses_id or 0 for _, fact in self._folded.turned() if fact.kind is FactKind.REVERSED}
        counts = [one for one in self._bookings.values() if one.act is GoodsAct.COUNT]
        spots = {(one.material.id, one.place.id, one.lot) for one in counts}
        known = use.look_up(self._session, works, units, taken, spots)
        lots = {found for found in units if self._folded.world.units[found].kind == UnitKind.LOT}
        if lots and known.materials:
            use.look_up_pieces(self._session, known, lots)
        stocked = {fact.unit_id for _, fact in self._folded.turned() if fact.kind is FactKind.UNIT_STOCKED}
        if stocked:
            use.look_up_made(self._session, known, {found for found in stocked if found is not None})
        if self._lost:
            use.look_up_spots(self._session, known, self._lost)
        return known

    def _look_for_parts(self) -> Parts:
        stocks = [*self._stock.values(), *(load.stock for loads in self._loads.values() for load in loads)]
        at_hand = {one["unit_id"] for stock in stocks for one in units_in(stock)}
        return Parts(self._session, at_hand, {found for found, booked in self._known.booked.items() if booked})

    def _add(self, place: int, move: NewMove) -> None:
        self.moves.append((place, move))
        self._shift(move, 1)

    def _shift(self, move: NewMove, sign: int) -> None:
        for location_id, way in ((move.source_id, -sign), (move.target_id, sign)):
            if location_id is not None:
                self._shifts[move.product_id, location_id, move.lot] += way * move.quantity

    # --- received and counted ---

    def _take_in(self, place: int, fact: NewFact, one: Booking) -> None:
        source: int | None = None
        target: int | None = one.place.id
        quantity = one.quantity
        if one.act is GoodsAct.COUNT:
            spot = (one.material.id, one.place.id, one.lot)
            quantity = one.quantity - self._known.lying.get(spot, _ZERO) - self._shifts[spot]
            if quantity < 0:
                source, target, quantity = one.place.id, None, -quantity
        if quantity == 0:
            return
        kind = MoveKind.COUNT if one.act is GoodsAct.COUNT else MoveKind.RECEIPT
        move = self._move(place, fact, kind, one.material.id, one.material.uom)
        cause = BY_SCAN if one.act is GoodsAct.COUNT else None
        self._add(place, replace(move, quantity=quantity, source_id=source, target_id=target, lot=one.lot, cause=cause))

    def _move(self, place: int, fact: NewFact, kind: MoveKind, product_id: int, uom: str) -> NewMove:
        return NewMove(
            kind=kind,
            product_id=product_id,
            uom=uom,
            quantity=_ZERO,
            source_id=None,
            target_id=None,
            actor=fact.actor,
            at=fact.observed_at,
            work_order_id=fact.work_order_id,
            unit_id=fact.unit_id,
            station_id=fact.station_id,
            fact_id=self._first_fact + place,
        )

    def _put_in(self, place: int, fact: NewFact) -> None:
        """A unit made for stock lies where goods go at its station, else where most of its kind lies."""
        found = self._known.made.get(fact.unit_id or 0)
        if found is None:
            return
        material, pieces = found
        context = self._folded.world.contexts.get(fact.station_id or 0)
        told = (context.stock or {}).get("place") or {} if context is not None else {}
        target = told.get("id") or self._known.places.get(material.id) or self._known.shelf
        if target is not None:
            move = self._move(place, fact, MoveKind.PRODUCE, material.id, material.uom)
            unit = self._folded.world.units[fact.unit_id or 0]
            lot = unit.number if unit.kind == UnitKind.LOT else ""
            self._add(place, replace(move, quantity=pieces, target_id=target, lot=lot))

    def _throw_out(self, place: int, fact: NewFact) -> None:
        """A unit that lay in stock is lost there."""
        unit_id = fact.unit_id or 0
        source, lot = self._known.spots.get(unit_id, (None, ""))
        if source is not None:
            material, pieces = self._known.made[unit_id]
            move = self._move(place, fact, MoveKind.SCRAP, material.id, material.uom)
            self._add(place, replace(move, quantity=pieces, source_id=source, lot=lot, cause=fact.told.get("reason")))

    # --- used ---

    def _use(self, place: int, fact: NewFact) -> None:
        """At this station its materials at hand go into the unit; with the last step, everything that is left."""
        unit = self._folded.world.units.get(fact.unit_id or 0)
        parts = self._known.parts.get(fact.work_order_id or 0)
        if unit is None or parts is None:
            return
        stock = self._stock.get(fact.station_id or 0)
        at_hand = {one["product_id"]: one for one in materials_in(stock)}
        pieces = self._known.pieces.get(unit.id, Decimal(1))
        for sku, each in parts.lines.items():
            material = self._known.materials.get(sku)
            if material is None or (unit.id, material.id) in self._known.used:
                continue
            loaded = at_hand.get(material.id)
            units = self.parts.at_hand(stock, material.id) if units_in(stock) else []
            if loaded is None and not units and place not in self._ends:
                continue
            source = (loaded or {}).get("location_id") or self._known.places.get(material.id)
            if source is None:
                continue
            self._known.used.add((unit.id, material.id))
            move = self._move(place, fact, MoveKind.BACKFLUSH, material.id, material.uom)
            lot = loaded["lot"] if loaded is not None and not units else ""
            if units:
                self.parts.build_in(place, units[: max(1, int(each * pieces))], unit.id)
            self._add(place, replace(move, quantity=each * pieces, source_id=source, lot=lot))

    # --- taken back ---

    def _take_back(self, place: int, fact: NewFact) -> None:
        """Counter-moves for what an earlier batch booked; what this one planned is not booked at all."""
        told = fact.reverses_id
        if told is not None and told >= self._first_fact:
            own = told - self._first_fact
            gone = [move for found, move in self.moves if found == own]
            self.moves = [(found, move) for found, move in self.moves if found != own]
            for move in gone:
                self._shift(move, -1)
            self._forget(gone)
            self.parts.forget(own)
            return
        booked = self._known.booked.get(told or 0, ())
        for move_id, earlier in booked:
            back = replace(
                earlier,
                source_id=earlier.target_id,
                target_id=earlier.source_id,
                actor=fact.actor,
                at=fact.observed_at,
                fact_id=self._first_fact + place,
                reverses_id=move_id,
            )
            self._add(place, back)
        self._forget(move for _, move in booked)
        self.parts.take_out(place, told or 0)

    def _forget(self, moves: Iterable[NewMove]) -> None:
        for move in moves:
            if move.unit_id is not None:
                self._known.used.discard((move.unit_id, move.product_id))
