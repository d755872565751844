"""From a step to what it changes: new rows, facts, and the verdict in words. Pure."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from server.tracking import words
from server.tracking.changes import acknowledge
from server.tracking.draft import Draft
from server.tracking.facts import FactKind
from server.tracking.packing import choose_box, close_box, complete_and_pack, pack
from server.tracking.production import complete, hold, pause, resume, scrap, see, start
from server.tracking.shipping import ship_box, ship_unit
from server.tracking.states import Action, Signal, Status
from server.tracking.steps import ARMED_SECONDS, Arm, BoxStep, CloseBox, Note, SignIn, Step, TakeBack, UnitStep
from server.tracking.table import Act
from server.tracking.undo import take_back
from server.tracking.unpacking import unpack
from server.tracking.verdicts import Verdict, Words

_UNIT_ACTS: Final[Mapping[Act, Callable[[Draft, UnitStep], Verdict]]] = {
    Act.START: start,
    Act.COMPLETE: complete,
    Act.COMPLETE_AND_PACK: complete_and_pack,
    Act.PACK: pack,
    Act.UNPACK: unpack,
    Act.SHIP: ship_unit,
    Act.SEE: see,
    Act.PAUSE: pause,
    Act.HOLD: hold,
    Act.RESUME: resume,
    Act.SCRAP: scrap,
}
_BOX_ACTS: Final[Mapping[Act, Callable[[Draft, BoxStep], Verdict]]] = {
    Act.SHIP: ship_box,
    Act.CHOOSE_BOX: choose_box,
}


def advance(draft: Draft, step: Step) -> Verdict:
    """Take the step in the draft. A verdict that is not `applied` means that the draft is to be thrown away."""
    return _STEPS[type(step)](draft, step)


def _unit_step(draft: Draft, step: UnitStep) -> Verdict:
    if step.disarm:
        disarm(draft, step.station.id)
    return _UNIT_ACTS[step.act](draft, step)


def _box_step(draft: Draft, step: BoxStep) -> Verdict:
    return _BOX_ACTS[step.act](draft, step)


def disarm(draft: Draft, station_id: int) -> None:
    """A command card is good for one unit, whatever came of it."""
    context = draft.context(station_id)
    draft.remember(context._replace(armed_command=None, armed_until=None))


def _sign_in(draft: Draft, step: SignIn) -> Verdict:
    context = draft.context(step.station.id)
    operator = step.operator
    draft.remember(
        context._replace(
            operator_badge=operator.badge, operator_name=operator.name, operator_since=draft.cause.observed_at
        )
    )
    draft.fact(
        FactKind.OPERATOR_CHANGED,
        step.station.key,
        detail={"operator": operator.badge, "name": operator.name, "previous": context.operator_badge},
    )
    seen = acknowledge(draft, step.station, operator)
    if seen is not None:
        return _applied(seen, Action.CHANGE_ACKNOWLEDGED, subject=operator.name)
    said = Words(words.OPERATOR, {"name": operator.name, "station": step.station.name})
    return _applied(said, Action.OPERATOR_CHANGED, subject=operator.name)


def _arm(draft: Draft, step: Arm) -> Verdict:
    until = draft.cause.observed_at + timedelta(seconds=ARMED_SECONDS)
    context = draft.context(step.station.id)
    draft.remember(context._replace(armed_command=step.command.value, armed_until=until))
    draft.fact(FactKind.COMMAND_ARMED, step.station.key, detail={"command": step.command.value})
    said = Words(words.ARMED, {"command": step.command.value})
    return _applied(said, Action.COMMAND_ARMED, subject=step.command.value)


def _close(draft: Draft, step: CloseBox) -> Verdict:
    return close_box(draft, step.station)


def _take_back(draft: Draft, step: TakeBack) -> Verdict:
    return take_back(draft, step)


def _note(_draft: Draft, step: Note) -> Verdict:
    action = Action.STATION_CONFIRMED if step.template is words.THIS_STATION else Action.NOTED
    return _applied(Words(step.template, step.values), action, subject=step.subject)


def _applied(said: Words, action: Action, *, subject: str | None) -> Verdict:
    return Verdict(Status.APPLIED, said, Signal.OK, action=action, subject=subject)


_STEPS: Final[Mapping[type[Any], Callable[[Draft, Any], Verdict]]] = {
    UnitStep: _unit_step,
    BoxStep: _box_step,
    SignIn: _sign_in,
    Arm: _arm,
    CloseBox: _close,
    TakeBack: _take_back,
    Note: _note,
}
