"""What few batches need of the world: reasons for cards, work for stock, and stations elsewhere that began a unit."""

from collections.abc import Collection

from sqlalchemy import Connection, Dialect, func, select

from server.erp.production.models import Unit, WorkOrder
from server.ingest import tables
from server.ingest.queries import Found, Query, Statement, among, listed
from server.journal.models import Fact
from server.tracking import world as w
from server.tracking.facts import FactKind
from server.tracking.reasons import KINDS
from server.tracking.stages import STAGES
from server.tracking.states import Context as Meaning
from server.tracking.states import UnitState

_BEGINNING = frozenset({Meaning.START.value, Meaning.TOGGLE.value})


def _stock_work(dialect: Dialect) -> Statement:
    """The work orders of these units that are for stock, locked before anything else is."""
    columns = [getattr(WorkOrder, name) for name in w.WorkOrder._fields]
    mine = select(Unit.work_order_id).where(among(Unit.id, "ids", dialect))
    wanted = select(*columns).where(WorkOrder.id.in_(mine), WorkOrder.order_id.is_(None)).order_by(WorkOrder.id)
    return wanted.with_for_update(of=WorkOrder) if dialect.name == "postgresql" else wanted


def _stock_tallies(dialect: Dialect) -> Statement:
    counted = select(Unit.work_order_id, Unit.state, func.count())
    return counted.where(among(Unit.work_order_id, "ids", dialect)).group_by(Unit.work_order_id, Unit.state)


def _makers(dialect: Dialect) -> Statement:
    mine = select(Unit.work_order_id).where(among(Unit.id, "ids", dialect))
    return select(WorkOrder.order_id).where(WorkOrder.id.in_(mine), WorkOrder.order_id.is_not(None)).distinct()


def _sent_back(dialect: Dialect) -> Statement:
    mine = among(Fact.unit_id, "ids", dialect)
    reworked = select(Fact.unit_id, Fact.observed_at, Fact.detail).where(
        Fact.kind == FactKind.UNIT_REWORKED.value, mine
    )
    return reworked.order_by(Fact.id)


_MAKERS, _SENT_BACK = Query(_makers), Query(_sent_back)
_STOCK_WORK, _STOCK_TALLIES = Query(_stock_work), Query(_stock_tallies)


def makers_of(connection: Connection, units: Collection[int]) -> set[int]:
    """The orders for which units were made that belong to none any more: their work is counted there."""
    return {row[0] for row in _MAKERS.rows(connection, ids=listed(units))} if units else set()


def load_sent_back(connection: Connection, world: w.World) -> None:
    """When the units were sent back that were; nothing is asked where none was."""
    units = {unit.id: unit.rework for unit in world.units.values() if unit.rework}
    if not units:
        return
    for unit_id, at, detail in _SENT_BACK.rows(connection, ids=listed(units)):
        # A rework that was undone has a count that the unit has not.
        if detail["rework"] == units[unit_id]:
            world.sent_back[unit_id] = at


def load_stock_work(connection: Connection, world: w.World, units: Collection[int]) -> None:
    """The work orders for stock that these units belong to, with the stages of their units."""
    if not units:
        return
    found = {row[0]: w.WorkOrder._make(row) for row in _STOCK_WORK.rows(connection, ids=listed(units))}
    if not found:
        return
    world.work_orders.update(found)
    counts: dict[int, dict[str, int]] = {}
    for work_order_id, state, count in _STOCK_TALLIES.rows(connection, ids=listed(found)):
        stages = counts.setdefault(work_order_id, {})
        stages[STAGES[state]] = stages.get(STAGES[state], 0) + count
    world.tallies.update({work_order_id: w.Tally(**stages) for work_order_id, stages in counts.items()})


def put_reasons(connection: Connection, world: w.World, found: Found) -> None:
    """The reasons there are, where a card is shown or waits for its unit."""
    rows = found.get("reasons")
    if rows is None and any(context.armed_command in KINDS for context in world.contexts.values()):
        rows = tables.REASONS.rows(connection)
    world.reasons = {row[0]: w.ReasonCode(*row) for row in rows or ()}


def load_places_of_work(connection: Connection, world: w.World) -> None:
    """The other stations that have begun a unit which a scan here might begin."""
    if not any(point.context in _BEGINNING for point in world.read_points.values()):
        return
    begun = {unit.last_station_id for unit in world.units.values() if unit.state == UnitState.IN_PROCESS}
    missing = listed(found for found in begun if found is not None and found not in world.stations)
    if missing:
        world.stations.update({row[0]: w.Station(*row) for row in tables.STATIONS.rows(connection, ids=missing)})
