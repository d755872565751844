"""Units that come out of their box again, to be packed anew or because a card says so. Pure."""

from typing import Final

from server.tracking import words
from server.tracking.changes import describe, repack_of
from server.tracking.draft import Draft
from server.tracking.facts import FactKind
from server.tracking.packing import open_box
from server.tracking.settle import settle
from server.tracking.stacking import reopen, take_off
from server.tracking.states import Action, HandlingUnitState, Signal, Status, UnitState
from server.tracking.steps import UnitStep
from server.tracking.verdicts import Verdict, Words
from server.tracking.world import Box, Station

_CLOSED: Final = HandlingUnitState.CLOSED.value


def unpack(draft: Draft, step: UnitStep) -> Verdict:
    """The unit comes out of its box; the next scan of it packs it anew."""
    task, box = repack_of(draft.world, step.unit.id), draft.world.boxes.get(step.unit.parent_id or 0)
    unit = draft.move(draft.see(step.unit), state=UnitState.FINISHED.value, parent_id=None)
    settle(draft, unit.work_order_id)
    about = {"unit_id": unit.id, "order_id": unit.order_id, "work_order_id": unit.work_order_id}
    number = box.number if box is not None else ""
    draft.fact(FactKind.UNIT_UNPACKED, unit.number, detail={"box": number}, **about)
    if box is not None and draft.box(box.id).state == _CLOSED:
        _reopen(draft, draft.box(box.id), step.station)
    said = Words(words.TAKEN_OUT, {"unit": unit.number, "box": number})
    if task is not None:
        said = Words(words.UNPACKED, {"unit": unit.number, "box": number, "what": describe(task.difference)})
    return Verdict(
        Status.APPLIED, said, Signal.WARN, action=Action.UNIT_UNPACKED, subject=unit.number, order_id=unit.order_id
    )


def _reopen(draft: Draft, box: Box, station: Station) -> None:
    """What came out goes in again: the box is open, on no pallet, and filled by the station if that fills no other."""
    take_off(draft, box)
    box = reopen(draft, box)
    draft.fact(FactKind.BOX_REOPENED, box.number, order_id=box.order_id, unit_id=box.id)
    if open_box(draft, station.id) is None:
        draft.remember(draft.context(station.id)._replace(open_box_id=box.id))
