"""How far units are, in the stages that a work order and its order count. Pure."""

from server.tracking.states import UnitState
from server.tracking.world import Tally, Unit

#: Unit state -> the stage of fulfilment under which it is counted.
STAGES = {
    UnitState.PLANNED.value: "open",
    UnitState.QUEUED.value: "open",
    UnitState.IN_PROCESS.value: "open",
    UnitState.FINISHED.value: "finished",
    UnitState.IN_STOCK.value: "finished",
    UnitState.CONSUMED.value: "finished",
    UnitState.PACKED.value: "packed",
    UnitState.SHIPPED.value: "shipped",
    UnitState.DELIVERED.value: "delivered",
    UnitState.RETURNED.value: "delivered",
    UnitState.SCRAPPED.value: "scrapped",
}


def turns(unit: Unit, moved: Unit) -> bool:
    """Whether the unit is counted otherwise than before."""
    return STAGES[unit.state] != STAGES[moved.state] or unit.order_id != moved.order_id


def recount(tally: Tally, unit: Unit, moved: Unit, *, owner: int | None) -> Tally:
    """The units of a work order that was made for this order, after one has moved.

    What has gone to stock belongs to no order: the order is done without it.
    """
    for row, by in ((unit, -1), (moved, 1)):
        if row.order_id == owner:
            stage = STAGES[row.state]
            tally = tally._replace(**{stage: getattr(tally, stage) + by})
    return tally
