"""Why a unit is scrapped, sent back or held: the reasons for a command, and what stops without one. Pure."""

from typing import Final

from server.tracking import words
from server.tracking.states import Command, Reason, ReasonKind
from server.tracking.verdicts import Verdict, Words, refusal
from server.tracking.world import Context, ReasonCode, Unit, World

KINDS: Final = {
    Command.SCRAP.value: ReasonKind.SCRAP.value,
    Command.REWORK.value: ReasonKind.REWORK.value,
    Command.HOLD.value: ReasonKind.HOLD.value,
}
#: A hold is urgent, so it is booked without a reason, too.
_WANTED: Final = frozenset({Command.SCRAP.value, Command.REWORK.value})


def wants_reason(world: World, command: str) -> bool:
    """Whether the command is not done without a reason: where there are codes for it."""
    return command in _WANTED and any(found.kind == KINDS[command] for found in world.reasons.values())


def reason_of(world: World, context: Context | None) -> ReasonCode | None:
    """The reason that was shown after the station's command card."""
    return world.reasons.get(context.armed_reason or "") if context is not None else None


def missing_reason(world: World, command: str | None, context: Context | None, unit: Unit) -> Verdict | None:
    """Why the command waits: nobody has said why."""
    if command is None or reason_of(world, context) is not None or not wants_reason(world, command):
        return None
    said = Words(words.REASON_MISSING, {"command": command, "unit": unit.number})
    return refusal(Reason.REASON_MISSING, said, subject=unit.number, order_id=unit.order_id)


def unfit_reason(reason: ReasonCode, command: str | None) -> Verdict | None:
    """Why the reason is not taken: no card waits for one, or it is a reason for something else."""
    if command is None or command not in KINDS:
        return refusal(Reason.NOTHING_ARMED, Words(words.REASON_FIRST, {"about": reason.name}))
    if KINDS[command] != reason.kind:
        values = {"reason": reason.name, "command": command}
        return refusal(Reason.WRONG_REASON, Words(words.WRONG_REASON, values))
    return None
