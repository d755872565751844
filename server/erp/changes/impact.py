"""What a change would meet: units that are packed, in process or not started, and the stations that must see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.erp.changes import repository
from server.erp.changes.models import ChangeRequest
from server.erp.changes.rules import place_of
from server.erp.floor.models import Station
from server.erp.production.models import Unit
from server.tracking.changes import PACKAGING
from server.tracking.states import Effectivity, UnitState

#: From the end of the work to its beginning.
ORDER = ("gone", "packed", "finished", "in_process", "not_started")


@dataclass(frozen=True, slots=True)
class Impact:
    """Units by where the change finds them, which of those are packed anew, and who must see it."""

    units: Mapping[str, Sequence[Unit]]
    repack: Sequence[Unit]
    stations: Sequence[Station]

    @property
    def counts(self) -> dict[str, int]:
        """How many units stand where."""
        return {place: len(self.units[place]) for place in ORDER}


def impact_of(session: Session, change: ChangeRequest) -> Impact:
    """What the change meets now; the change is wholly loaded."""
    first = min((operation.step for operation in change.work_order.operations), default=None)
    units: dict[str, list[Unit]] = {place: [] for place in ORDER}
    for unit in repository.units_of(session, change.works):
        place = place_of(unit.state, unit.step, first)
        if place is not None:
            units[place].append(unit)
    immediate = change.effectivity == Effectivity.IMMEDIATE and concerns_packaging(change)
    repack = [unit for unit in units["packed"] if unit.state == UnitState.PACKED] if immediate else []
    return Impact(units, repack, stations_of(session, change))


def concerns_packaging(change: ChangeRequest) -> bool:
    """Whether whoever packs must know of it."""
    return any(each["field"] in PACKAGING for each in change.difference)


def stations_of(session: Session, change: ChangeRequest) -> Sequence[Station]:
    """The open stations through which units of the work orders come that the change is about."""
    found: dict[int, Station] = {}
    if concerns_packaging(change):
        found.update((each.id, each) for each in repository.packing_stations(session, change.works))
    if any(each["field"] not in PACKAGING for each in change.difference):
        untouched = change.effectivity == Effectivity.NEXT_BATCH
        making = repository.making_stations(session, change.works, untouched=untouched)
        found.update((each.id, each) for each in making)
    return [found[key] for key in sorted(found)]
