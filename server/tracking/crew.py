"""Who works at a station: badges join and leave, and facts name everybody. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from server.tracking import words
from server.tracking.changes import acknowledge
from server.tracking.draft import Draft
from server.tracking.facts import FactKind
from server.tracking.states import Action, Signal, Status
from server.tracking.steps import SignIn
from server.tracking.verdicts import Verdict, Words
from server.tracking.world import Context, Operator

#: Who came longer ago has gone home without showing his badge.
SHIFT: Final = timedelta(hours=12)
#: The same badge again within so many seconds was read twice.
TWICE: Final = timedelta(seconds=5)

Member = Mapping[str, str]


def badges_of(context: Context | None) -> tuple[str, ...]:
    """The badges of everybody at the station, when it is more than one."""
    if context is None or len(context.crew) < 2:
        return ()
    return tuple(member["badge"] for member in context.crew)


def sign_in(draft: Draft, step: SignIn) -> Verdict:
    """A badge joins whoever works here; shown again it leaves, unless it was shown for a change to be seen."""
    context, operator, at = draft.context(step.station.id), step.operator, draft.cause.observed_at
    crew = _on_shift(context, at)
    mine = next((member for member in crew if member["badge"] == operator.badge), None)
    others = [member for member in crew if member["badge"] != operator.badge]
    joined = [*others, mine or _member(operator, at)]
    # What waited to be seen is told by the fact of the badge, so that comes first.
    draft.remember(_with(context, joined))
    if mine is None:
        _fact(draft, FactKind.OPERATOR_CHANGED, step, context, joined)
    seen = acknowledge(draft, step.station, operator)
    if seen is not None:
        return _applied(seen, Action.CHANGE_ACKNOWLEDGED, operator)
    if mine is not None and at - datetime.fromisoformat(mine["since"]) >= TWICE:
        return _leave(draft, step, context, others)
    return _applied(_joined_words(step, others), Action.OPERATOR_CHANGED, operator)


def _leave(draft: Draft, step: SignIn, context: Context, left: list[Member]) -> Verdict:
    draft.remember(_with(context, left))
    _fact(draft, FactKind.OPERATOR_LEFT, step, context, left)
    said = Words(words.OPERATOR_LEFT, {"name": step.operator.name, "station": step.station.name})
    return _applied(said, Action.OPERATOR_LEFT, step.operator)


def _on_shift(context: Context, at: datetime) -> list[Member]:
    return [member for member in context.crew if at - datetime.fromisoformat(member["since"]) < SHIFT]


def _member(operator: Operator, at: datetime) -> Member:
    return {"badge": operator.badge, "name": operator.name, "since": at.isoformat()}


def _with(context: Context, crew: list[Member]) -> Context:
    """Who came last stands for the station where one name is enough."""
    if not crew:
        return context._replace(crew=(), operator_badge=None, operator_name=None, operator_since=None)
    last = crew[-1]
    since = datetime.fromisoformat(last["since"])
    return context._replace(
        crew=tuple(crew), operator_badge=last["badge"], operator_name=last["name"], operator_since=since
    )


def _joined_words(step: SignIn, others: list[Member]) -> Words:
    values = {"name": step.operator.name, "station": step.station.name}
    if not others:
        return Words(words.OPERATOR, values)
    return Words(words.OPERATOR_BESIDE, {**values, "others": ", ".join(member["name"] for member in others)})


def _fact(draft: Draft, kind: FactKind, step: SignIn, context: Context, crew: list[Member]) -> None:
    operator = step.operator
    detail = {
        "operator": operator.badge,
        "name": operator.name,
        "previous": context.operator_badge,
        "crew": [member["badge"] for member in crew],
    }
    draft.fact(kind, step.station.key, detail=detail)


def _applied(said: Words, action: Action, operator: Operator) -> Verdict:
    return Verdict(Status.APPLIED, said, Signal.OK, action=action, subject=operator.name)
