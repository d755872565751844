"""What a scan means = read point x subject x state. This is the table; the rules behind each word are in `acts`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from server.tracking.states import Action, Context, HandlingUnitState, Reason


class Place(StrEnum):
    """Where a unit stands as seen from the work center of this station."""

    #: Its next step is here.
    DUE = "due"
    #: Its next step is here, but too few pieces came through the step before.
    WAITING = "waiting"
    #: Its step here has started.
    RUNNING = "running"
    #: Its step at another work center has started.
    BUSY = "busy"
    #: It has a step here, later.
    AHEAD = "ahead"
    #: Its step here is done; the next one is elsewhere.
    BEHIND = "behind"
    #: It never has a step here.
    ELSEWHERE = "elsewhere"
    #: It belongs to no work order.
    NO_ROUTE = "no_route"
    FINISHED = "finished"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    SCRAPPED = "scrapped"
    CONSUMED = "consumed"
    RETURNED = "returned"


class Act(StrEnum):
    """What the rules do with a subject."""

    START = "start"
    COMPLETE = "complete"
    COMPLETE_AND_PACK = "complete_and_pack"
    PACK = "pack"
    UNPACK = "unpack"
    SHIP = "ship"
    DELIVER = "deliver"
    STACK = "stack"
    STACK_ON_NEW = "stack_on_new"
    UNSTACK = "unstack"
    SEE = "see"
    PAUSE = "pause"
    HOLD = "hold"
    RESUME = "resume"
    SCRAP = "scrap"
    REWORK = "rework"
    STOCK = "stock"
    CHOOSE_BOX = "choose_box"


class Rule(NamedTuple):
    """An act, or the reason for a refusal; `guarded` means that holds and releases are looked at first."""

    act: Act | None
    reason: Reason | None = None
    guarded: bool = True


def _no(reason: Reason, *, guarded: bool = True) -> Rule:
    return Rule(None, reason, guarded)


_START = Rule(Act.START)
_COMPLETE = Rule(Act.COMPLETE)
_SEE = Rule(Act.SEE, guarded=False)
#: What no scan on the floor changes any more.
_GONE: Final[Mapping[Place, Rule]] = {
    Place.SHIPPED: _no(Reason.ALREADY_DONE, guarded=False),
    Place.DELIVERED: _no(Reason.ALREADY_DONE, guarded=False),
    Place.SCRAPPED: _no(Reason.SCRAPPED, guarded=False),
    Place.CONSUMED: _no(Reason.ALREADY_DONE, guarded=False),
    Place.RETURNED: _no(Reason.NOT_ALLOWED, guarded=False),
}
#: What every station says of a unit whose step is not due there.
_NOT_DUE: Final[Mapping[Place, Rule]] = {
    Place.WAITING: _no(Reason.NOT_READY),
    Place.BUSY: _no(Reason.NOT_FINISHED),
    Place.AHEAD: _no(Reason.OUT_OF_SEQUENCE),
    Place.BEHIND: _no(Reason.ALREADY_DONE),
    Place.ELSEWHERE: _no(Reason.WRONG_STATION),
    Place.NO_ROUTE: _no(Reason.NOT_RELEASED),
    Place.FINISHED: _no(Reason.ALREADY_DONE),
    Place.PACKED: _no(Reason.ALREADY_DONE),
    **_GONE,
}
_SEEN_ANYWHERE: Final[Mapping[Place, Rule]] = dict.fromkeys(Place, _SEE)
_CARDS_ONLY: Final[Mapping[Place, Rule]] = dict.fromkeys(Place, _no(Reason.NOT_ALLOWED, guarded=False))
_NO_MATERIAL: Final[Mapping[Place, Rule]] = dict.fromkeys(Place, _no(Reason.NOT_A_MATERIAL, guarded=False))
_BOXES_ONLY: Final[Mapping[Place, Rule]] = dict.fromkeys(Place, _no(Reason.NOT_A_BOX, guarded=False))
_NOT_STARTED: Final[Mapping[Place, Rule]] = {
    **_NOT_DUE,
    Place.DUE: _no(Reason.NOT_STARTED),
    Place.WAITING: _no(Reason.NOT_STARTED),
}

#: Read-point context, or armed command -> where the unit stands -> what to do.
UNITS: Final[Mapping[str, Mapping[Place, Rule]]] = {
    Context.START: {**_NOT_DUE, Place.DUE: _START, Place.RUNNING: _no(Reason.ALREADY_STARTED)},
    Context.END: {**_NOT_DUE, Place.DUE: _COMPLETE, Place.RUNNING: _COMPLETE},
    Context.TOGGLE: {**_NOT_DUE, Place.DUE: _START, Place.RUNNING: _COMPLETE},
    Context.GATE: {**_SEEN_ANYWHERE, Place.DUE: _COMPLETE, Place.RUNNING: _COMPLETE},
    Context.PACK: {
        **_NOT_DUE,
        # Packing need not stand in the routing: what is not finished is out of sequence here all the same.
        Place.ELSEWHERE: _no(Reason.OUT_OF_SEQUENCE),
        Place.DUE: Rule(Act.COMPLETE_AND_PACK),
        Place.RUNNING: Rule(Act.COMPLETE_AND_PACK),
        Place.FINISHED: Rule(Act.PACK),
    },
    Context.SHIP: {
        **dict.fromkeys(Place, _no(Reason.NOT_FINISHED)),
        **_GONE,
        Place.NO_ROUTE: _no(Reason.NOT_RELEASED),
        Place.FINISHED: _no(Reason.NOT_PACKED),
        Place.PACKED: Rule(Act.SHIP),
    },
    Context.DELIVER: {
        **dict.fromkeys(Place, _no(Reason.NOT_SHIPPED, guarded=False)),
        **_GONE,
        Place.SHIPPED: Rule(Act.DELIVER, guarded=False),
    },
    Context.BADGE: _CARDS_ONLY,
    Context.COMMAND: _CARDS_ONLY,
    Context.RECEIVE: _NO_MATERIAL,
    Context.COUNT: _NO_MATERIAL,
    "RECEIVE": _NO_MATERIAL,
    "COUNT": _NO_MATERIAL,
    "START": {**_NOT_DUE, Place.DUE: _START, Place.RUNNING: _no(Reason.ALREADY_STARTED)},
    "PAUSE": {**_NOT_STARTED, Place.RUNNING: Rule(Act.PAUSE)},
    "SCRAP": {**dict.fromkeys(Place, Rule(Act.SCRAP, guarded=False)), **_GONE, Place.NO_ROUTE: _no(Reason.NOT_ALLOWED)},
    "REWORK": {
        **dict.fromkeys(Place, Rule(Act.REWORK, guarded=False)),
        **_GONE,
        Place.BUSY: _no(Reason.NOT_FINISHED, guarded=False),
        Place.NO_ROUTE: _no(Reason.NOT_ALLOWED),
    },
    "HOLD": {**dict.fromkeys(Place, Rule(Act.HOLD, guarded=False)), **_GONE},
    "RESUME": {**dict.fromkeys(Place, Rule(Act.RESUME, guarded=False)), **_GONE},
    "PALLET": _BOXES_ONLY,
    "DELIVER": _BOXES_ONLY,
    "STOCK": {
        **_NOT_DUE,
        Place.DUE: Rule(Act.STOCK, guarded=False),
        Place.RUNNING: Rule(Act.STOCK, guarded=False),
        Place.FINISHED: Rule(Act.STOCK, guarded=False),
    },
    "UNPACK": {
        **dict.fromkeys(Place, _no(Reason.NOT_IN_BOX, guarded=False)),
        **_GONE,
        Place.PACKED: Rule(Act.UNPACK, guarded=False),
    },
}

#: A packed unit at packing that a change wants packed anew.
REPACK: Final = Rule(Act.UNPACK)

_NOT_A_UNIT = _no(Reason.NOT_A_UNIT, guarded=False)
_ANY_BOX = dict.fromkeys((state.value for state in HandlingUnitState), _NOT_A_UNIT)
_BOX_SHIPPED = _no(Reason.ALREADY_DONE, guarded=False)
_BOX_DONE = dict.fromkeys(_ANY_BOX, _BOX_SHIPPED)
_BOX_ARRIVES = {
    **dict.fromkeys(_ANY_BOX, _no(Reason.NOT_SHIPPED, guarded=False)),
    HandlingUnitState.SHIPPED: Rule(Act.DELIVER, guarded=False),
    HandlingUnitState.RECEIVED: _BOX_SHIPPED,
}
_BOX_COMES_OFF = Rule(Act.UNSTACK, guarded=False)

#: Read-point context, or armed command -> state of the box -> what to do. A context that is not here reads units alone.
BOXES: Final[Mapping[str, Mapping[str, Rule]]] = {
    Context.PACK: {
        **_BOX_DONE,
        HandlingUnitState.OPEN: Rule(Act.CHOOSE_BOX),
        HandlingUnitState.CLOSED: Rule(Act.STACK),
    },
    Context.SHIP: {
        HandlingUnitState.OPEN: _no(Reason.NOT_CLOSED, guarded=False),
        HandlingUnitState.CLOSED: Rule(Act.SHIP),
        HandlingUnitState.LOADED: Rule(Act.SHIP),
        HandlingUnitState.SHIPPED: _BOX_SHIPPED,
        HandlingUnitState.RECEIVED: _BOX_SHIPPED,
    },
    Context.DELIVER: _BOX_ARRIVES,
    Context.GATE: dict.fromkeys(_ANY_BOX, _SEE),
    "PALLET": {
        **_BOX_DONE,
        HandlingUnitState.OPEN: _no(Reason.NOT_CLOSED, guarded=False),
        HandlingUnitState.CLOSED: Rule(Act.STACK_ON_NEW),
    },
    "UNPACK": {**_BOX_DONE, HandlingUnitState.OPEN: _BOX_COMES_OFF, HandlingUnitState.CLOSED: _BOX_COMES_OFF},
    "DELIVER": _BOX_ARRIVES,
}
#: The same for pallets, which lie on nothing themselves.
PALLETS: Final[Mapping[str, Mapping[str, Rule]]] = {
    **BOXES,
    Context.PACK: {**_BOX_DONE, HandlingUnitState.OPEN: Rule(Act.CHOOSE_BOX)},
    "PALLET": dict.fromkeys(_ANY_BOX, _no(Reason.NOT_ALLOWED, guarded=False)),
    "UNPACK": dict.fromkeys(_ANY_BOX, _no(Reason.NOT_ALLOWED, guarded=False)),
}
#: Where a command card counts for a box, since what lies in it is known there.
BOX_COMMANDS: Final[Mapping[str, frozenset[str]]] = {
    "PALLET": frozenset({Context.PACK}),
    "UNPACK": frozenset({Context.PACK}),
    "DELIVER": frozenset({Context.PACK, Context.SHIP, Context.DELIVER}),
}
BOX_ELSEWHERE: Final[Mapping[str, Rule]] = _ANY_BOX

#: Acts that an operator may take back within ten minutes.
UNDOABLE: Final = frozenset(
    {
        Action.OPERATION_STARTED,
        Action.OPERATION_PAUSED,
        Action.OPERATION_RESUMED,
        Action.OPERATION_COMPLETED,
        Action.UNIT_HELD,
        Action.UNIT_RESUMED,
        Action.UNIT_SCRAPPED,
        Action.UNIT_REWORKED,
        Action.UNIT_STOCKED,
        Action.UNIT_PACKED,
        Action.BOX_CLOSED,
        Action.BOX_SHIPPED,
        Action.MATERIAL_RECEIVED,
        Action.MATERIAL_COUNTED,
        Action.MATERIAL_LOADED,
        Action.BOX_STACKED,
    }
)
