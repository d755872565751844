"""From a step to what it changes: new rows, facts, and the verdict in words. Pure."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from server.tracking import words
from server.tracking.crew import sign_in
from server.tracking.delivery import deliver_box, deliver_shipment, deliver_unit
from server.tracking.draft import Draft
from server.tracking.facts import FactKind
from server.tracking.goods import GOODS_ACTS, choose_place
from server.tracking.packing import choose_box, close_box, complete_and_pack, pack
from server.tracking.production import complete, explained, hold, pause, resume, scrap, see, start
from server.tracking.reasons import wants_reason
from server.tracking.rework import rework
from server.tracking.shipping import ship_box, ship_unit
from server.tracking.stacking import stack, stack_on_new, unstack
from server.tracking.states import Action, Signal, Status
from server.tracking.steps import (
    ARMED_SECONDS,
    Arm,
    BoxStep,
    ChoosePlace,
    CloseBox,
    Explain,
    GoodsStep,
    Note,
    ShipmentStep,
    SignIn,
    Step,
    TakeBack,
    UnitStep,
)
from server.tracking.surplus import put_into_stock
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
    Act.DELIVER: deliver_unit,
    Act.SEE: see,
    Act.PAUSE: pause,
    Act.HOLD: hold,
    Act.RESUME: resume,
    Act.SCRAP: scrap,
    Act.REWORK: rework,
    Act.STOCK: put_into_stock,
}
_BOX_ACTS: Final[Mapping[Act, Callable[[Draft, BoxStep], Verdict]]] = {
    Act.SHIP: ship_box,
    Act.DELIVER: deliver_box,
    Act.STACK: stack,
    Act.STACK_ON_NEW: stack_on_new,
    Act.UNSTACK: unstack,
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
    if step.disarm:
        disarm(draft, step.station.id)
    return _BOX_ACTS[step.act](draft, step)


def _goods_step(draft: Draft, step: GoodsStep) -> Verdict:
    if step.disarm:
        disarm(draft, step.station.id)
    return GOODS_ACTS[step.act](draft, step)


def _shipment_step(draft: Draft, step: ShipmentStep) -> Verdict:
    if step.disarm:
        disarm(draft, step.station.id)
    return deliver_shipment(draft, step)


def disarm(draft: Draft, station_id: int) -> None:
    """A command card is good for one unit, whatever came of it."""
    context = draft.context(station_id)
    draft.remember(context._replace(armed_command=None, armed_until=None, armed_reason=None, armed_operation=None))


def _arm(draft: Draft, step: Arm) -> Verdict:
    until = draft.cause.observed_at + timedelta(seconds=ARMED_SECONDS)
    context = draft.context(step.station.id)
    draft.remember(
        context._replace(armed_command=step.command.value, armed_until=until, armed_reason=None, armed_operation=None)
    )
    draft.fact(FactKind.COMMAND_ARMED, step.station.key, detail={"command": step.command.value})
    template = words.ARMED_FOR.get(step.command, words.ARMED)
    if wants_reason(draft.world, step.command):
        template = words.ARMED_FOR_REASON
    said = Words(template, {"command": step.command.value})
    return _applied(said, Action.COMMAND_ARMED, subject=step.command.value)


def _explain(draft: Draft, step: Explain) -> Verdict:
    """The card that was shown before now knows why, or from which operation on; its minute begins anew."""
    context = draft.context(step.station.id)
    until = draft.cause.observed_at + timedelta(seconds=ARMED_SECONDS)
    detail: dict[str, Any] = {"command": context.armed_command}
    if step.reason is not None:
        context = context._replace(armed_reason=step.reason.code)
        detail |= explained(step.reason)
    if step.operation is not None:
        context = context._replace(armed_operation=step.operation)
        detail["operation"] = step.operation
    draft.remember(context._replace(armed_until=until))
    draft.fact(FactKind.COMMAND_ARMED, step.station.key, detail=detail)
    said = Words(words.EXPLAINED, {"command": context.armed_command, "about": step.shown})
    return _applied(said, Action.COMMAND_ARMED, subject=context.armed_command)


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
    ShipmentStep: _shipment_step,
    SignIn: sign_in,
    Arm: _arm,
    Explain: _explain,
    CloseBox: _close,
    ChoosePlace: choose_place,
    GoodsStep: _goods_step,
    TakeBack: _take_back,
    Note: _note,
}
