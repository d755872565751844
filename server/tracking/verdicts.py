"""What comes out of judging one event: the sentence, the signal, the changed rows and the facts."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from server.tracking.facts import NewFact
from server.tracking.goods_rows import Booking, Load
from server.tracking.states import Action, Reason, Signal, Status
from server.tracking.words import NO_REASON
from server.tracking.world import Rows, Supply, Tally

Translate = Callable[[str], str]


class Words(NamedTuple):
    """A sentence that can still be said in any language; a value may be words itself."""

    template: str
    values: Mapping[str, Any] = {}

    def render(self, translate: Translate) -> str:
        """The sentence in the language that `translate` speaks."""
        values = self.values
        if Words in map(type, values.values()):
            values = {
                name: value.render(translate) if type(value) is Words else value for name, value in values.items()
            }
        return translate(self.template).format_map(values)


def because(reason: str | None) -> str | Words:
    """A person's reason within one of our sentences, which brings its own full stop."""
    return (reason or "").rstrip(" .") or Words(NO_REASON)


class Verdict(NamedTuple):
    """The answer to one event."""

    status: Status
    words: Words
    signal: Signal
    action: Action | None = None
    subject: str | None = None
    reason: Reason | None = None
    #: Whether the same station or operator may take it back.
    undo: bool = False
    order_id: int | None = None


#: What became of an event, in plain text: status, action and reason.
Fate = tuple[str, str | None, str | None]


def fate_of(verdict: Verdict) -> Fate:
    """The plain text behind members of enumerations, which databases and encoders take fastest."""
    action, reason = verdict.action, verdict.reason
    return (
        verdict.status._value_,
        action._value_ if action is not None else None,
        reason._value_ if reason is not None else None,
    )


class Outcome(NamedTuple):
    """What one event changes: adopt rows, tallies and supply, and write the facts."""

    verdict: Verdict
    #: Where it happened; a station remembers what was said there.
    station_id: int | None = None
    rows: Rows = {}
    facts: tuple[NewFact, ...] = ()
    tallies: Mapping[int, Tally] = {}
    supply: Supply | None = None
    #: Goods that are received or counted, and lots that are at hand from now on.
    booked: tuple[Booking | Load, ...] = ()


def refusal(reason: Reason, words: Words, *, subject: str | None = None, order_id: int | None = None) -> Verdict:
    """Understood, but not allowed."""
    return Verdict(Status.REFUSED, words, Signal.STOP, subject=subject, reason=reason, order_id=order_id)


def quarantine(reason: Reason, words: Words) -> Verdict:
    """A person can repair it; it waits in the inbox."""
    return Verdict(Status.QUARANTINED, words, Signal.STOP, reason=reason)
