"""What has to be in the world of a batch, by id, as it comes to light."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from server.tracking.states import UnitKind
from server.tracking.world import Unit

_CONTAINER: Final = UnitKind.CONTAINER.value


@dataclass(slots=True)
class Wanted:
    """Ids of what has to be loaded."""

    units: set[int] = field(default_factory=set)
    orders: set[int] = field(default_factory=set)
    boxes: set[int] = field(default_factory=set)
    works: set[int] = field(default_factory=set)
    stations: set[int] = field(default_factory=set)
    #: Units that belong to no order.
    loose: set[int] = field(default_factory=set)

    def note(self, unit_id: int, kind: str, order_id: int | None, parent_id: int | None) -> None:
        """What hangs on a unit: its order, and the box that it is or lies in."""
        if order_id is not None:
            self.orders.add(order_id)
        elif kind != _CONTAINER:
            self.loose.add(unit_id)
        if kind == _CONTAINER:
            self.boxes.add(unit_id)
        elif parent_id is not None:
            self.boxes.add(parent_id)

    def note_units(self, units: Iterable[Unit]) -> None:
        """What hangs on units that are known as a whole."""
        for unit in units:
            if unit[2] == _CONTAINER or unit[3] is None or unit[11] is not None:
                self.note(unit.id, unit.kind, unit.order_id, unit.parent_id)
            else:
                # What nearly every unit is; taken by place, for a batch has thousands.
                self.orders.add(unit[3])
            if unit[4] is not None:
                self.works.add(unit[4])
