"""What few batches need of the world: reasons for command cards, and stations elsewhere that have begun a unit."""

from sqlalchemy import Connection

from server.ingest import tables
from server.ingest.queries import Found, listed
from server.tracking import world as w
from server.tracking.reasons import KINDS
from server.tracking.states import Context as Meaning
from server.tracking.states import UnitState

_BEGINNING = frozenset({Meaning.START.value, Meaning.TOGGLE.value})


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
