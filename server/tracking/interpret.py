"""From an event to the step it asks for, or to the refusal it gets. Pure; the table decides, not ifs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from orderlight.events import EventKind
from server.tracking import words
from server.tracking.armed import armed_command
from server.tracking.boxes import box_step, shipment_step
from server.tracking.changes import repack_of, unseen
from server.tracking.goods import read_location, read_material, read_part
from server.tracking.heard_rows import Identity
from server.tracking.places import has_just_seen, place_of
from server.tracking.reasons import missing_reason, reason_of, unfit_reason
from server.tracking.refusals import before_rework, blocked, blocked_box, busy_elsewhere, refuse_unit, without_order
from server.tracking.states import Command, Context, Reason, Signal, UnitKind
from server.tracking.steps import (
    Arm,
    CloseBox,
    Explain,
    Note,
    Read,
    SignIn,
    Step,
    TakeBack,
    UnitStep,
)
from server.tracking.table import REPACK, UNITS, Act, Place, Rule
from server.tracking.verdicts import Verdict, Words, quarantine, refusal
from server.tracking.world import ReadPoint, Station, Unit, World

#: Commands that act at once; the others wait for the next unit.
_AT_ONCE: Final = frozenset({Command.UNDO, Command.CLOSE})
#: Where a scan begins work; what another station has begun is not begun again.
_BEGINNING: Final = frozenset({Context.START.value, Context.TOGGLE.value})
_DEVICE_KINDS: Final = frozenset({EventKind.READER_LOST, EventKind.READER_RECOVERED, EventKind.GATEWAY_STARTED})


def interpret(read: Read, world: World) -> Step | Verdict:
    """What the read asks for; a `Verdict` when it is refused or kept for a person."""
    if read.kind in _DEVICE_KINDS:
        return _note_device(read)
    read_point = world.read_points.get(read.read_point or "")
    if read.kind == EventKind.UNDO_REQUESTED and read.corrects is not None:
        station = world.stations[read_point.station_id] if read_point is not None else None
        return TakeBack(read.corrects, station)
    if read_point is None:
        return _unknown_read_point(read)
    station = world.stations[read_point.station_id]
    if read.station_key is not None and station.key != read.station_key:
        values = {"read_point": read_point.key, "station": read.station_key}
        return refusal(Reason.NOT_ALLOWED, Words(words.NOT_HERE, values))
    if read.kind == EventKind.TAG_LEFT:
        return _note_left(read, world, station)
    return _SUBJECTS[read.named.kind](read, world, station, read_point)


def _note_device(read: Read) -> Note:
    if read.kind == EventKind.GATEWAY_STARTED:
        return Note(words.STARTED_GATEWAY, {"gateway": read.identity.gateway}, read.identity.gateway)
    return Note(words.NOTED, {}, read.reader)


def _note_left(read: Read, world: World, station: Station) -> Step | Verdict:
    unit = find_unit(read, world)
    if unit is None:
        return _unknown_tag(read)
    return Note(words.TAG_LEFT, {"unit": unit.number, "station": station.name}, unit.number)


def _unknown_read_point(read: Read) -> Verdict:
    code = read.named.shown or read.kind
    if read.read_point is None:
        return quarantine(Reason.UNKNOWN_READ_POINT, Words(words.NO_READ_POINT, {"code": code}))
    values = {"read_point": read.read_point, "code": code}
    return quarantine(Reason.UNKNOWN_READ_POINT, Words(words.UNKNOWN_READ_POINT, values))


def find_unit(read: Read, world: World) -> Unit | None:
    """The unit that the read names, by the surest of its identifiers."""
    for value in read.named.values:
        found = world.identifiers.get(value)
        if found is not None:
            return world.units.get(found)
    return None


# --- units and boxes ---


def _unit(read: Read, world: World, station: Station, read_point: ReadPoint) -> Step | Verdict:
    unit = find_unit(read, world)
    if unit is None:
        return _unknown_tag(read) if read.named.tag else _unknown_code(read, world)
    if unit.kind == UnitKind.CONTAINER:
        return box_step(read, world, read_point, unit)
    armed = armed_command(read, world, station)
    # Who shows a card means it, also a moment after a gate has seen the unit.
    if armed is None and has_just_seen(read_point, unit, read.observed_at):
        verdict = refusal(Reason.REPEATED, Words(words.SEEN_ALREADY, {"unit": unit.number}), subject=unit.number)
        return verdict._replace(signal=Signal.OK, order_id=unit.order_id)
    part = read_part(world, unit, station, read_point) if world.goods.parts and armed is None else None
    if part is not None:
        return part
    found = decide(world, unit, read_point, meaning=armed or read_point.context, at=read.observed_at)
    return _explained(world, found, armed) if armed is not None and isinstance(found, UnitStep) else found


def _explained(world: World, step: UnitStep, armed: str) -> UnitStep | Verdict:
    """What the cards before the unit said of it; a command that wants a reason waits for one."""
    context = world.contexts.get(step.station.id)
    unexplained = missing_reason(world, armed, context, step.unit)
    operation = context.armed_operation if context is not None else None
    return unexplained or step._replace(disarm=True, reason=reason_of(world, context), operation=operation)


def decide(world: World, unit: Unit, read_point: ReadPoint, *, meaning: str, at: datetime) -> UnitStep | Verdict:
    """What a unit read at a read point at this time is to do there, or why nothing; the table decides."""
    station = world.stations[read_point.station_id]
    place = place_of(world, unit, station.work_center_id)
    anew = meaning == Context.PACK and place is Place.PACKED and repack_of(world, unit.id) is not None
    rule = REPACK if anew else UNITS[meaning][place]
    stopped = _stopped(world, unit, station, rule, at) if rule.guarded else None
    if stopped is None and meaning in _BEGINNING:
        stopped = busy_elsewhere(world, unit, place, station)
    if stopped is not None:
        return stopped
    if rule.act is not None:
        # What is made for stock is packed when somebody orders it; its packing step alone is done here.
        act = Act.COMPLETE if unit.order_id is None and rule.act is Act.COMPLETE_AND_PACK else rule.act
        return without_order(act, unit) or UnitStep(act, unit, station, read_point)
    assert rule.reason is not None
    return refuse_unit(world, rule.reason, place, unit, station)


def _stopped(world: World, unit: Unit, station: Station, rule: Rule, at: datetime) -> Verdict | None:
    """Why a guarded act does not happen, whatever the table says of it."""
    stopped = blocked(world, unit)
    if stopped is not None or rule.act is None:
        return stopped
    if rule.act is Act.SHIP:
        box = world.boxes.get(unit.parent_id or 0)
        return blocked_box(world, box) if box is not None else None
    return before_rework(world, unit, at) or unseen(world, unit, station, at)


def _unknown_tag(read: Read) -> Verdict:
    """Stray tags are weather, not work for a person: they are counted, and nothing rings."""
    verdict = refusal(Reason.UNKNOWN_TAG, Words(words.UNKNOWN_TAG, {"tag": read.named.shown}))
    return verdict._replace(signal=Signal.OK)


def _unknown_code(read: Read, world: World) -> Verdict:
    values = {"code": read.named.shown}
    if read.named.error is not None:
        return quarantine(Reason.UNREADABLE_CODE, Words(words.UNREADABLE_CODE, values))
    digits = read.named.gs1
    if digits is not None and not digits.startswith(world.supply.company_prefix):
        return quarantine(Reason.FOREIGN_CODE, Words(words.FOREIGN_CODE, values))
    return quarantine(Reason.UNKNOWN_CODE, Words(words.UNKNOWN_CODE, values))


def _unreadable(read: Read, _world: World, _station: Station, _read_point: ReadPoint) -> Verdict:
    return quarantine(Reason.UNREADABLE_CODE, Words(words.UNREADABLE_CODE, {"code": read.named.shown}))


def _product(read: Read, world: World, station: Station, read_point: ReadPoint) -> Step | Verdict:
    return read_material(read, world, station, read_point, armed_command(read, world, station))


def _location(read: Read, world: World, station: Station, _read_point: ReadPoint) -> Step | Verdict:
    return read_location(read, world, station)


def _other(read: Read, _world: World, _station: Station, _read_point: ReadPoint) -> Verdict:
    return refusal(Reason.NOT_A_UNIT, Words(words.NOT_A_UNIT, {"code": read.named.shown}))


def _nothing(_read: Read, _world: World, _station: Station, _read_point: ReadPoint) -> Verdict:
    return quarantine(Reason.BAD_FIELD, Words(words.NOTHING_NAMED))


# --- cards ---


def _operator(read: Read, world: World, station: Station, _read_point: ReadPoint) -> Step | Verdict:
    badge = read.named.values[0]
    operator = world.operators.get(badge)
    if operator is None:
        return refusal(Reason.UNKNOWN_OPERATOR, Words(words.UNKNOWN_OPERATOR, {"badge": badge}))
    return SignIn(operator, station)


def _station(read: Read, _world: World, station: Station, _read_point: ReadPoint) -> Step | Verdict:
    if read.named.values[0].lower() != station.key.lower():
        return refusal(Reason.WRONG_STATION, Words(words.OTHER_STATION, {"station": station.name}))
    return Note(words.THIS_STATION, {"station": station.name}, station.key)


def _command(read: Read, world: World, station: Station, read_point: ReadPoint) -> Step | Verdict:
    if find_unit(read, world) is not None:
        # The word was typed, and here it is the code of a unit.
        return _unit(read, world, station, read_point)
    name = read.named.values[0]
    reason = world.reasons.get(name)
    if reason is not None:
        unfit = unfit_reason(reason, armed_command(read, world, station))
        return unfit or Explain(station, reason=reason, shown=reason.name)
    if name not in Command.__members__:
        return refusal(Reason.UNKNOWN_COMMAND, Words(words.UNKNOWN_COMMAND, {"command": name}))
    command = Command(name)
    if command not in _AT_ONCE:
        return Arm(command, station)
    if command is Command.CLOSE:
        return CloseBox(station)
    target = last_undoable(world, station.id)
    if target is None:
        return refusal(Reason.NOTHING_TO_UNDO, Words(words.NOTHING_TO_UNDO))
    return TakeBack(target, station)


def _operation(read: Read, world: World, station: Station, read_point: ReadPoint) -> Step | Verdict:
    """An operation's code on a traveller says from where on a unit is worked on again."""
    if armed_command(read, world, station) != Command.REWORK:
        return _other(read, world, station, read_point)
    return Explain(station, operation=read.named.values[0], shown=read.named.shown)


def last_undoable(world: World, station_id: int) -> Identity | None:
    """The youngest verdict of the station that may still be taken back."""
    context = world.contexts.get(station_id)
    for verdict in context.verdicts if context is not None else ():
        if verdict["undo"] and not verdict.get("undone"):
            return Identity(verdict["gateway"], verdict["epoch"], verdict["sequence"])
    return None


_Subject = Callable[[Read, World, Station, ReadPoint], Step | Verdict]
_SUBJECTS: Final[Mapping[str, _Subject]] = {
    "unit": _unit,
    "operator": _operator,
    "station": _station,
    "command": _command,
    "operation": _operation,
    "product": _product,
    "location": _location,
    "shipment": shipment_step,
    "other": _other,
    "unreadable": _unreadable,
    "nothing": _nothing,
}
