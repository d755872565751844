"""Rows that the last batch left as they stand in the database, so that the next one need not ask for them again.

A batch still has a world of its own, with what it concerns and nothing else: `recall` puts in what is remembered, the
rest is asked for, and after saving `remember` takes the rows as they were written. What few batches need is never
remembered: boxes, shipments, changes, goods. When a memory may be relied upon is for `server.db.handover` to say.
"""

from collections.abc import Collection, Set
from typing import Final, NamedTuple

from server.tracking import world as w
from server.tracking.midrun import Midruns

#: With more units than these a memory begins anew, for it would grow with everything that was ever scanned.
MOST_UNITS: Final = 10_000
#: The tables of a world that are remembered; the rows of each stand as they are stored.
_TABLES: Final = (
    "units", "identifiers", "operations", "routes", "work_orders", "tallies", "order_work", "orders", "alerts",
    "stations", "read_points", "contexts",
)  # fmt: skip


class Memory(NamedTuple):
    """What is remembered: a world whose rows nobody has changed since, and the runs that were met in it."""

    world: w.World
    runs: Midruns | None


def remember(memory: Memory | None, world: w.World, runs: Midruns | None) -> Memory:
    """The memory after a batch whose world stands as it was saved."""
    if memory is not None and len(memory.world.units) > MOST_UNITS:
        memory = runs = None
    known = memory.world if memory is not None else w.World(language=world.language)
    known.supply = w.Supply(world.supply.company_prefix)
    for name in _TABLES:
        getattr(known, name).update(getattr(world, name))
    return Memory(known, runs)


def recall(memory: Memory, world: w.World, keys: Set[str], values: Collection[str]) -> None:
    """What holds for the whole site; these read points with their stations; the units with these identifiers."""
    known = memory.world
    world.language, world.supply = known.language, known.supply
    keys = keys | _overlapping(known, keys)
    for point in [known.read_points[key] for key in keys if key in known.read_points]:
        world.read_points[point.key] = point
        world.stations[point.station_id] = known.stations[point.station_id]
        if point.station_id in known.contexts:
            world.contexts[point.station_id] = known.contexts[point.station_id]
    found = known.identifiers.keys() & values
    world.identifiers = {value: known.identifiers[value] for value in found}
    world.units = {unit_id: known.units[unit_id] for unit_id in world.identifiers.values()}
    for work_order_id in known.routes.keys() & {unit.work_order_id for unit in world.units.values()}:
        route = world.routes[work_order_id] = known.routes[work_order_id]
        world.operations.update({operation_id: known.operations[operation_id] for operation_id in route})


def _overlapping(known: w.World, keys: Set[str]) -> set[str]:
    """The read points that hear the same tags as these."""
    groups = {known.read_points[key].overlap for key in keys if key in known.read_points} - {None}
    return {key for key, point in known.read_points.items() if point.overlap in groups} if groups else set()


def recall_orders(memory: Memory, world: w.World, order_ids: Collection[int]) -> None:
    """Orders, each with all its work orders and how far their units are."""
    known = memory.world
    for order_id in order_ids & known.orders.keys():
        world.orders[order_id] = known.orders[order_id]
        if order_id in known.alerts:
            world.alerts[order_id] = known.alerts[order_id]
        if order_id not in known.order_work:
            continue
        world.order_work[order_id] = known.order_work[order_id]
        for found in known.order_work[order_id]:
            world.work_orders[found] = known.work_orders[found]
            if found in known.tallies:
                world.tallies[found] = known.tallies[found]
