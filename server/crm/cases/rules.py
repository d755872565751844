"""Which states a case has, and what leads from one to another. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    """How far a case is."""

    NEW = "new"
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"


class CasePriority(StrEnum):
    """How soon somebody must care."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class CaseAction(StrEnum):
    """What may be done to a case."""

    CHANGE = "change"
    OPEN = "open"
    #: The customer writes.
    WRITE = "write"
    #: We write, and go on ourselves.
    REPLY = "reply"
    #: We write, and it is his turn.
    ASK = "ask"
    RESOLVE = "resolve"
    CLOSE = "close"


S, A = CaseState, CaseAction

#: What nobody has closed yet.
OPEN_STATES: Final = (S.NEW, S.OPEN, S.WAITING_CUSTOMER)

#: Action -> state before -> state after. What is not here is refused.
MOVES: Final[Mapping[CaseAction, Mapping[CaseState, CaseState]]] = {
    A.CHANGE: {state: state for state in S if state is not S.CLOSED},
    A.OPEN: {S.NEW: S.OPEN, S.WAITING_CUSTOMER: S.OPEN, S.RESOLVED: S.OPEN},
    A.WRITE: {S.NEW: S.NEW, S.OPEN: S.OPEN, S.WAITING_CUSTOMER: S.OPEN, S.RESOLVED: S.OPEN},
    A.REPLY: {S.NEW: S.OPEN, S.OPEN: S.OPEN, S.WAITING_CUSTOMER: S.OPEN, S.RESOLVED: S.OPEN},
    A.ASK: {S.NEW: S.WAITING_CUSTOMER, S.OPEN: S.WAITING_CUSTOMER, S.WAITING_CUSTOMER: S.WAITING_CUSTOMER},
    A.RESOLVE: {S.OPEN: S.RESOLVED, S.WAITING_CUSTOMER: S.RESOLVED},
    A.CLOSE: {S.RESOLVED: S.CLOSED},
}


def after(state: CaseState, action: CaseAction) -> CaseState | None:
    """The state that the action leads to; None where it may not be done."""
    return MOVES[action].get(state)
