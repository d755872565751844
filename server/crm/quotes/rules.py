"""What may happen to a quote, and the words when it may not. Pure.

A quote goes draft -> sent -> negotiating | accepted | declined | expired; negotiating -> sent, with a new version;
accepted -> converted, in the transaction that places the order. Withdrawing is a flag beside the state: whatever was
on the table is there no more.

>>> Standing(QuoteState.SENT, date(2026, 11, 30)).on(date(2026, 12, 1)).state
<QuoteState.EXPIRED: 'expired'>
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from server.messages import N_
from server.messages import translate as _


class QuoteState(StrEnum):
    """Where a quote is; accepted is passed through on the way to converted."""

    DRAFT = "draft"
    SENT = "sent"
    NEGOTIATING = "negotiating"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    CONVERTED = "converted"


class QuoteAction(StrEnum):
    """What people do to a quote."""

    CHANGE = "change"
    SEND = "send"
    REVISE = "revise"
    PROPOSE = "propose"
    ACCEPT = "accept"
    CONVERT = "convert"
    DECLINE = "decline"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


_S: Final = QuoteState

#: Where each action may begin, and where it leads; everything else is refused.
TRANSITIONS: Final[Mapping[QuoteAction, Mapping[QuoteState, QuoteState]]] = {
    QuoteAction.CHANGE: {_S.DRAFT: _S.DRAFT, _S.NEGOTIATING: _S.NEGOTIATING},
    QuoteAction.SEND: {_S.DRAFT: _S.SENT, _S.NEGOTIATING: _S.SENT},
    QuoteAction.REVISE: {_S.SENT: _S.NEGOTIATING, _S.NEGOTIATING: _S.NEGOTIATING},
    QuoteAction.PROPOSE: {_S.SENT: _S.NEGOTIATING, _S.NEGOTIATING: _S.NEGOTIATING},
    QuoteAction.ACCEPT: {_S.SENT: _S.ACCEPTED},
    QuoteAction.CONVERT: {_S.ACCEPTED: _S.CONVERTED},
    QuoteAction.DECLINE: {_S.SENT: _S.DECLINED},
    QuoteAction.EXPIRE: {_S.SENT: _S.EXPIRED},
    QuoteAction.WITHDRAW: {_S.DRAFT: _S.DRAFT, _S.SENT: _S.SENT, _S.NEGOTIATING: _S.NEGOTIATING},
}

#: What may still become an order.
OPEN: Final = (QuoteState.DRAFT, QuoteState.SENT, QuoteState.NEGOTIATING)
WITHDRAWN: Final = "withdrawn"

_BECAUSE: Final[Mapping[str, str]] = {
    _S.DRAFT: N_("it is a draft"),
    _S.SENT: N_("it is sent"),
    _S.NEGOTIATING: N_("a new version is being worked out"),
    _S.ACCEPTED: N_("it is accepted already"),
    _S.DECLINED: N_("it was declined"),
    _S.EXPIRED: N_("it has expired"),
    _S.CONVERTED: N_("it is accepted already"),
    WITHDRAWN: N_("it was withdrawn"),
}

_CANNOT: Final[Mapping[QuoteAction, str]] = {
    QuoteAction.CHANGE: N_("{quote} cannot be changed: {because}."),
    QuoteAction.SEND: N_("{quote} cannot be sent: {because}."),
    QuoteAction.REVISE: N_("{quote} cannot get a new version: {because}."),
    QuoteAction.PROPOSE: N_("Nothing can be proposed for {quote}: {because}."),
    QuoteAction.ACCEPT: N_("{quote} cannot be accepted: {because}."),
    QuoteAction.CONVERT: N_("{quote} cannot become an order: {because}."),
    QuoteAction.DECLINE: N_("{quote} cannot be declined: {because}."),
    QuoteAction.EXPIRE: N_("{quote} cannot expire: {because}."),
    QuoteAction.WITHDRAW: N_("{quote} cannot be withdrawn: {because}."),
}


class Refusal(NamedTuple):
    """Why not, in a sentence and in a word for programs."""

    sentence: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a quote is, as far as the rules ask."""

    state: QuoteState
    #: The last day of the version that was sent, at the site.
    valid_until: date
    withdrawn: bool = False
    #: The version before the customer.
    sent_version: int | None = None

    def on(self, today: date) -> "Standing":
        """The standing on that day: what was sent and not answered in time has expired."""
        if self.state in TRANSITIONS[QuoteAction.EXPIRE] and self.valid_until < today and not self.withdrawn:
            return replace(self, state=QuoteState.EXPIRED)
        return self

    @property
    def word(self) -> str:
        """The state as lists show it; withdrawn covers the state it stands beside."""
        return WITHDRAWN if self.withdrawn else self.state.value

    @property
    def is_open(self) -> bool:
        """Whether it may still become an order."""
        return self.state in OPEN and not self.withdrawn


def refusal(number: str, standing: Standing, action: QuoteAction) -> Refusal | None:
    """Why the action may not begin here, or None when it may."""
    if standing.state in TRANSITIONS[action] and not standing.withdrawn:
        return None
    because = _(_BECAUSE[standing.word])
    return Refusal(_(_CANNOT[action]).format(quote=number, because=because), f"quote_{standing.word}")


def refuse_acceptance(number: str, standing: Standing, version: int) -> Refusal | None:
    """Why this version cannot be accepted now, or None when it can."""
    found = refusal(number, standing, QuoteAction.ACCEPT)
    if found is not None or standing.sent_version == version:
        return found
    message = _("You looked at version {version} of {quote}; version {current} is out. Look at it, then decide.")
    sentence = message.format(version=version, quote=number, current=standing.sent_version)
    return Refusal(sentence, "quote_old_version")


def after(state: QuoteState, action: QuoteAction) -> QuoteState:
    """Where the action leads; raises KeyError where `refusal` has words."""
    return TRANSITIONS[action][state]


#: What a page or program offers; proposing is the customer's, expiring the clock's.
_OFFERED: Final = (
    QuoteAction.CHANGE, QuoteAction.SEND, QuoteAction.REVISE, QuoteAction.ACCEPT, QuoteAction.DECLINE,
    QuoteAction.WITHDRAW,
)  # fmt: skip


def possible(standing: Standing, *, has_draft: bool) -> list[QuoteAction]:
    """What our own people can do now: a draft is changed and sent, and while there is none one can be begun."""
    hidden = {QuoteAction.REVISE} if has_draft else {QuoteAction.CHANGE, QuoteAction.SEND}
    return [action for action in _OFFERED if action not in hidden and refusal("", standing, action) is None]
