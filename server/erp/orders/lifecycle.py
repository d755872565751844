"""What may happen to a sales order, and the words when it may not. Pure.

>>> refusal(OrderLifecycle.DRAFT, Action.CONFIRM) is None
True
>>> refusal(OrderLifecycle.DONE, Action.CANCEL)
'it is done'
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from server.messages import N_
from server.messages import translate as _
from server.tracking.states import OrderLifecycle


class Action(StrEnum):
    """What people do to an order."""

    CHANGE = "change"
    CONFIRM = "confirm"
    RELEASE_CREDIT = "release-credit"
    REVISE = "revise"
    RELEASE = "release"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    COMPLETE = "complete"


_L: Final = OrderLifecycle

#: Where each action may begin, and where it leads; everything else is refused.
TRANSITIONS: Final[Mapping[Action, Mapping[OrderLifecycle, OrderLifecycle]]] = {
    Action.CHANGE: {_L.DRAFT: _L.DRAFT},
    Action.CONFIRM: {_L.DRAFT: _L.CONFIRMED, _L.CREDIT_HOLD: _L.CONFIRMED},
    Action.RELEASE_CREDIT: {_L.CREDIT_HOLD: _L.CONFIRMED},
    Action.REVISE: {_L.CREDIT_HOLD: _L.DRAFT},
    Action.RELEASE: {_L.CONFIRMED: _L.PROCESSING},
    Action.HOLD: {_L.CONFIRMED: _L.CONFIRMED, _L.PROCESSING: _L.PROCESSING},
    Action.RESUME: {_L.CONFIRMED: _L.CONFIRMED, _L.PROCESSING: _L.PROCESSING},
    Action.CANCEL: {
        _L.DRAFT: _L.CANCELLED,
        _L.CREDIT_HOLD: _L.CANCELLED,
        _L.CONFIRMED: _L.CANCELLED,
        _L.PROCESSING: _L.CANCELLED,
    },
    Action.COMPLETE: {_L.PROCESSING: _L.DONE},
}

_BECAUSE: Final[Mapping[OrderLifecycle, str]] = {
    _L.DRAFT: N_("it is a draft"),
    _L.CREDIT_HOLD: N_("it waits for credit"),
    _L.CONFIRMED: N_("it is confirmed"),
    _L.PROCESSING: N_("it is in production"),
    _L.DONE: N_("it is done"),
    _L.CANCELLED: N_("it is cancelled"),
}


def refusal(lifecycle: OrderLifecycle, action: Action) -> str | None:
    """Why the action may not begin here, in words, or None when it may."""
    return None if lifecycle in TRANSITIONS[action] else because(lifecycle)


def because(lifecycle: OrderLifecycle) -> str:
    """How the order stands, as a reason: "it is a draft"."""
    return _(_BECAUSE[lifecycle])


def after(lifecycle: OrderLifecycle, action: Action) -> OrderLifecycle:
    """Where the action leads; raises KeyError where `refusal` has words."""
    return TRANSITIONS[action][lifecycle]


def possible(lifecycle: OrderLifecycle, *, on_hold: bool) -> list[Action]:
    """The actions a page offers: those that begin here, with hold and resume excluding each other."""
    hidden = {Action.HOLD if on_hold else Action.RESUME, Action.COMPLETE}
    return [action for action in Action if action not in hidden and lifecycle in TRANSITIONS[action]]
