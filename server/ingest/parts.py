"""Units that are built into others: which of those at hand still lie in stock, and how their rows change."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from server.db import table_of, touch
from server.erp.floor.models import Station, StationState
from server.erp.production.models import Unit
from server.ingest.bulk import update_rows
from server.ingest.driver import connection_of
from server.journal.models import Fact
from server.tracking.facts import FactKind
from server.tracking.goods_rows import units_in
from server.tracking.states import UnitState
from server.tracking.world import World

_IN_STOCK: Final = UnitState.IN_STOCK.value
_CONSUMED: Final = UnitState.CONSUMED.value


class Part(NamedTuple):
    """A unit that goes into another, or came out of it."""

    id: int
    number: str
    parent_id: int


class Parts:
    """What a batch builds in, and takes out again."""

    def __init__(self, session: Session, at_hand: Collection[int], reversed_ids: Collection[int]) -> None:
        self._session = session
        #: Those at hand that nothing has taken yet.
        self._lying = _lying(session, at_hand) if at_hand else set()
        self._given = _given(session, reversed_ids) if reversed_ids else {}
        #: The place of the fact behind it -> the parts.
        self.built: dict[int, list[Part]] = {}
        self.back: dict[int, list[Part]] = {}

    def at_hand(self, stock: Mapping[str, Any] | None, product_id: int) -> list[Mapping[str, Any]]:
        """The units of a product that are at hand and still lie in stock."""
        entries = units_in(stock)
        return [one for one in entries if one["product_id"] == product_id and one["unit_id"] in self._lying]

    def build_in(self, place: int, entries: Iterable[Mapping[str, Any]], parent_id: int) -> None:
        """These units go into the one that was worked on."""
        found = [Part(one["unit_id"], one["number"], parent_id) for one in entries]
        self.built.setdefault(place, []).extend(found)
        self._lying.difference_update(part.id for part in found)

    def forget(self, place: int) -> None:
        """What this batch planned is not done."""
        self._lying.update(part.id for part in self.built.pop(place, ()))

    def take_out(self, place: int, reversed_id: int) -> None:
        """What an earlier batch built in lies in stock again."""
        found = self._given.get(reversed_id)
        if found:
            self.back[place] = found

    def save(self, world: World, facts: Mapping[int, int]) -> None:
        """Change the rows; `facts` says which fact stands behind each place."""
        rows = [
            (part.id, state, parent_id, facts[place])
            for found, state in ((self.built, _CONSUMED), (self.back, _IN_STOCK))
            for place, parts in found.items()
            for part in parts
            for parent_id in [part.parent_id if state == _CONSUMED else None]
        ]
        columns = ("id", "state", "parent_id", "last_fact_id")
        update_rows(connection_of(self._session), table_of(Unit), columns, rows)
        gone = {part.id for parts in self.built.values() for part in parts}
        if gone:
            self._clear(world, gone)

    def _clear(self, world: World, gone: Collection[int]) -> None:
        """What is built in is no longer at hand."""
        for station_id, context in world.contexts.items():
            left = [one for one in units_in(context.stock) if one["unit_id"] not in gone]
            if len(left) == len(units_in(context.stock)):
                continue
            stock = {**(context.stock or {}), "units": left}
            mine = StationState.station_id == station_id
            self._session.execute(update(StationState).where(mine).values(stock=stock))
            key = self._session.scalar(select(Station.key).where(Station.id == station_id))
            touch(self._session, f"station:{key}")


def told(built: Sequence[Part], back: Sequence[Part]) -> dict[str, Any]:
    """How a fact tells of units that were built in or taken out."""
    names = [part.number for part in (*built, *back)]
    if not names:
        return {}
    inside = {f"unit:{part.id}": {"state": _CONSUMED, "parent_id": part.parent_id} for part in (*built, *back)}
    outside = {f"unit:{part.id}": {"state": _IN_STOCK, "parent_id": None} for part in (*built, *back)}
    before, after = (outside, inside) if built else (inside, outside)
    return {"units": names, "before": before, "after": after}


def _lying(session: Session, at_hand: Collection[int]) -> set[int]:
    statement = select(Unit.id).where(Unit.id.in_(at_hand), Unit.state == _IN_STOCK, Unit.order_id.is_(None))
    return set(session.scalars(statement.order_by(Unit.id).with_for_update()))


def _given(session: Session, reversed_ids: Collection[int]) -> dict[int, list[Part]]:
    done, used = aliased(Fact), aliased(Fact)
    statement = (
        select(done.id, Unit.id, Unit.number, Unit.parent_id)
        .select_from(done)
        .join(used, (used.unit_id == done.unit_id) & (used.event_id == done.event_id))
        .join(Unit, (Unit.parent_id == done.unit_id) & (Unit.last_fact_id == used.id))
        .where(done.id.in_(reversed_ids), used.kind == FactKind.MATERIAL_USED.value, Unit.state == _CONSUMED)
        .order_by(Unit.id)
    )
    found: dict[int, list[Part]] = {}
    for fact_id, unit_id, number, parent_id in session.execute(statement):
        found.setdefault(fact_id, []).append(Part(unit_id, number, parent_id or 0))
    return found
