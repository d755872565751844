"""What may be asked, when, and what a change makes of a snapshot. Pure."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from server.messages import N_
from server.tracking.changes import PACKAGING
from server.tracking.states import (
    ChangeState,
    Effectivity,
    Fulfilment,
    OperationState,
    OrderLifecycle,
    UnitState,
    WorkOrderState,
)

#: Fields of the packaging specification in a snapshot, by the name that a change calls them.
SPEC_FIELDS: Final[Mapping[str, str]] = {
    "box": "box",
    "per_box": "per_box",
    "inner_material": "inner_material",
    "label_text": "label_text",
    "packaging_notes": "notes",
    "picture": "picture",
}
#: Fields of the snapshot itself.
PLAIN_FIELDS: Final = ("packaging", "instructions")
#: Fields in which our own people speak to each other.
OUR_WORDS: Final = frozenset({"instructions", "packaging_notes"})
#: What a customer may ask for; his instructions stand below ours.
CUSTOMER_FIELDS: Final = ("packaging", "box", "per_box", "inner_material", "label_text", "instructions")


class Origin(StrEnum):
    """Who wants a change."""

    CUSTOMER = "customer"
    SALES = "sales"
    ENGINEERING = "engineering"


class Action(StrEnum):
    """What may be done to a change request."""

    CHANGE = "change"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    ACKNOWLEDGE = "acknowledge"


#: How a change stands, behind "it is".
STANDS: Final[Mapping[ChangeState, str]] = {
    ChangeState.DRAFT: N_("a draft"),
    ChangeState.SUBMITTED: N_("submitted"),
    ChangeState.APPROVED: N_("approved"),
    ChangeState.APPLIED: N_("applied"),
    ChangeState.ACKNOWLEDGED: N_("acknowledged"),
    ChangeState.REJECTED: N_("rejected"),
}
ALLOWED: Final[Mapping[Action, ChangeState]] = {
    Action.CHANGE: ChangeState.DRAFT,
    Action.SUBMIT: ChangeState.DRAFT,
    Action.APPROVE: ChangeState.SUBMITTED,
    Action.REJECT: ChangeState.SUBMITTED,
    Action.ACKNOWLEDGE: ChangeState.APPLIED,
}
OPEN_ORDERS: Final = frozenset({OrderLifecycle.PROCESSING.value})
OPEN_WORK: Final = frozenset(
    {
        WorkOrderState.RELEASED.value,
        WorkOrderState.IN_PROGRESS.value,
        WorkOrderState.ON_HOLD.value,
        WorkOrderState.COMPLETED.value,
    }
)
#: Operations that are over need not hear of a change.
OVER: Final = frozenset({OperationState.COMPLETED.value, OperationState.SKIPPED.value})
#: Unit state -> where a change finds it.
PLACES: Final[Mapping[str, str]] = {
    UnitState.PLANNED.value: "not_started",
    UnitState.QUEUED.value: "in_process",
    UnitState.IN_PROCESS.value: "in_process",
    UnitState.FINISHED.value: "finished",
    UnitState.IN_STOCK.value: "finished",
    UnitState.PACKED.value: "packed",
    UnitState.SHIPPED.value: "gone",
    UnitState.DELIVERED.value: "gone",
}
#: Of an order that stands here nothing is left in the house.
GONE: Final = frozenset({Fulfilment.SHIPPED.value, Fulfilment.DELIVERED.value})


class TooLate(StrEnum):
    """Why a change would meet nothing, whatever the floor does."""

    GONE = "all_gone"
    PACKED = "all_packed"
    MADE = "all_made"


#: What is said then, of the work order {number}.
TOO_LATE: Final[Mapping[TooLate, str]] = {
    TooLate.GONE: N_("Everything of {number} has left the house: nothing of it can be changed any more."),
    TooLate.PACKED: N_("Everything of {number} is packed. Only a change that counts at once has it packed anew."),
    TooLate.MADE: N_("Everything of {number} is made: instructions come too late."),
}


def may_be_changed(lifecycle: str, fulfilment: str) -> bool:
    """Whether anything of an order that stands here can be changed by request, as its pages offer it."""
    return lifecycle in OPEN_ORDERS and fulfilment not in GONE


def too_late(states: Collection[str], fields: Collection[str], effectivity: str) -> TooLate | None:
    """Why a change of these fields meets none of the units in these states; None when it meets one, or there are none.

    >>> too_late({"shipped", "delivered", "scrapped"}, {"box"}, "immediate").value
    'all_gone'
    >>> too_late({"packed", "shipped"}, {"box"}, "remaining").value
    'all_packed'
    >>> too_late({"packed"}, {"box"}, "immediate")
    >>> too_late({"finished"}, {"instructions"}, "remaining").value
    'all_made'
    """
    places = {PLACES[state] for state in states if state in PLACES}
    if not places:
        return None
    if places == {"gone"}:
        return TooLate.GONE
    packs = not PACKAGING.isdisjoint(fields)
    if packs and (effectivity == Effectivity.IMMEDIATE or places - {"gone", "packed"}):
        return None
    if not PACKAGING.issuperset(fields) and places & {"not_started", "in_process"}:
        return None
    return TooLate.PACKED if packs else TooLate.MADE


def place_of(state: str, step: int | None, first_step: int | None) -> str | None:
    """Where a change finds a unit: not started, in process, finished, packed or gone; None for one that is lost."""
    if state == UnitState.QUEUED and step == first_step:
        return "not_started"
    return PLACES.get(state)


def value_of(snapshot: Mapping[str, Any], field: str) -> str | None:
    """What a snapshot says of a field, as text."""
    if field in SPEC_FIELDS:
        value = (snapshot.get("packaging_spec") or {}).get(SPEC_FIELDS[field])
    else:
        value = snapshot.get(field)
    return None if value is None or value == "" else str(value)


def difference(snapshot: Mapping[str, Any], wanted: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """What the wish would change, field by field."""
    found = [{"field": field, "before": value_of(snapshot, field), "after": value or None}
             for field, value in wanted.items()]  # fmt: skip
    return [each for each in found if each["before"] != each["after"]]


def as_told(difference: Sequence[Mapping[str, Any]], origin: str) -> list[dict[str, Any]]:
    """The difference for the customer: of words for those who make it, what he himself has added and nothing else.

    >>> as_told([{"field": "instructions", "before": "Mind it.", "after": "Mind it.\\nNo wax."}], "customer")
    [{'field': 'instructions', 'before': None, 'after': 'No wax.'}]
    >>> as_told([{"field": "instructions", "before": None, "after": "Mind the crane."}], "sales")
    []
    """
    found: list[dict[str, Any]] = []
    for each in difference:
        if each["field"] not in OUR_WORDS:
            found.append(dict(each))
        elif origin == Origin.CUSTOMER:
            found.append({"field": each["field"], "before": None, "after": _added(each["before"], each["after"])})
    return found


def settled(snapshot: Mapping[str, Any], wanted: Mapping[str, str | None], origin: str) -> Mapping[str, str | None]:
    """What the snapshot shall say: a customer's instructions stand below ours and never take their place.

    >>> settled({"instructions": "Mind the crane."}, {"instructions": "No wax."}, "customer")
    {'instructions': 'Mind the crane.\\nNo wax.'}
    """
    before, words = value_of(snapshot, "instructions"), wanted.get("instructions")
    if origin != Origin.CUSTOMER or before is None or not words:
        return wanted
    return {**wanted, "instructions": f"{before}\n{words}"}


def _added(before: str | None, after: str | None) -> str | None:
    return after.removeprefix(before).strip() if before and after else after


def version_of(snapshot: Mapping[str, Any]) -> int:
    """Which version of itself a snapshot is; as released it is the first."""
    return int(snapshot.get("version") or 1)


def apply(snapshot: Mapping[str, Any], wanted: Mapping[str, str | None], *, change: str) -> dict[str, Any]:
    """The next version of the snapshot, with what is wanted in it."""
    made = dict(snapshot)
    spec = dict(made.get("packaging_spec") or {})
    for field, value in wanted.items():
        if field in SPEC_FIELDS:
            spec[SPEC_FIELDS[field]] = int(value) if field == "per_box" and value else value or None
        else:
            made[field] = value or None
    if spec:
        made["packaging_spec"] = spec
    return {**made, "version": version_of(snapshot) + 1, "changed_by": [*snapshot.get("changed_by", ()), change]}
