"""Changes after release as the rules see them, in rows like those of server.tracking.world."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple


class Change(NamedTuple):
    """A change request that was applied to a work order after its release."""

    id: int
    number: str
    order_id: int
    work_order_id: int
    state: str
    effectivity: str
    #: Field, before and after of each thing that changed.
    difference: Sequence[Mapping[str, Any]]
    applied_at: datetime | None
    acknowledged_at: datetime | None
    #: The work orders that make anew what was lost of the change's own.
    carried_to: Sequence[int] = ()

    def is_about(self, work_order_id: int | None) -> bool:
        """Whether units of this work order are made or packed as the change says."""
        return work_order_id == self.work_order_id or work_order_id in self.carried_to


class Acknowledgement(NamedTuple):
    """A station that must have seen a change, and who there has."""

    id: int
    change_id: int
    order_id: int
    station_id: int
    acknowledged_at: datetime | None
    badge: str | None
    name: str | None


class Repack(NamedTuple):
    """A packed unit that a change wants packed anew."""

    id: int
    change_id: int
    unit_id: int
    order_id: int
    state: str
    difference: Sequence[Mapping[str, Any]]
    done_at: datetime | None
    done_by: str | None
    #: The box that the unit lay in, and since when it is to be packed anew.
    handling_unit_id: int | None = None
    opened_at: datetime | None = None
