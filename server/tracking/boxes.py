"""What the code of a box or the paper of a shipment asks for. Pure; the table decides, not ifs."""

from server.tracking import words
from server.tracking.armed import armed_command
from server.tracking.refusals import blocked_box, blocked_order, refuse_box
from server.tracking.states import Command, Context, HandlingUnitKind, Reason, ShipmentState
from server.tracking.steps import BoxStep, Read, ShipmentStep, Step, UnitStep
from server.tracking.table import BOX_COMMANDS, BOX_ELSEWHERE, BOXES, PALLETS, Act, Rule
from server.tracking.verdicts import Verdict, Words, quarantine, refusal
from server.tracking.world import Box, ReadPoint, Station, Unit, World


def box_step(read: Read, world: World, read_point: ReadPoint, unit: Unit) -> Step | Verdict:
    """What a box or pallet that was read asks for, by the card that waits or by the read point."""
    box, station = world.boxes.get(unit.id), world.stations[read_point.station_id]
    if box is None:
        return refusal(Reason.NOT_A_UNIT, Words(words.NOT_A_UNIT, {"code": unit.number}), subject=unit.number)
    armed = armed_command(read, world, station)
    commanded = armed is not None and read_point.context in BOX_COMMANDS.get(armed, ())
    meaning = armed if armed is not None and commanded else read_point.context
    found = decide_box(world, box, read_point, meaning=meaning)
    if isinstance(found, BoxStep):
        return found._replace(disarm=commanded)
    return UnitStep(Act.SEE, unit, station, read_point) if found is None else found


def decide_box(world: World, box: Box, read_point: ReadPoint, *, meaning: str) -> BoxStep | Verdict | None:
    """What a box read at a read point is to do there, or why nothing; None when it is only seen."""
    table = PALLETS if box.kind == HandlingUnitKind.PALLET else BOXES
    rule = table.get(meaning, BOX_ELSEWHERE)[box.state]
    stopped = _box_stopped(world, box, rule)
    if stopped is not None:
        return stopped
    if rule.act is None:
        assert rule.reason is not None
        return refuse_box(rule.reason, box)
    return None if rule.act is Act.SEE else BoxStep(rule.act, box, world.stations[read_point.station_id])


def _box_stopped(world: World, box: Box, rule: Rule) -> Verdict | None:
    if rule.act is Act.SHIP:
        return blocked_box(world, box)
    order = world.orders.get(box.order_id)
    guarded = rule.guarded and rule.act is not None and order is not None
    return blocked_order(order, box.number) if guarded and order is not None else None


def shipment_step(read: Read, world: World, station: Station, read_point: ReadPoint) -> Step | Verdict:
    """The code on the paper of a shipment: where things arrive, all of it has."""
    armed = armed_command(read, world, station)
    delivers = armed == Command.DELIVER or read_point.context == Context.DELIVER
    if not delivers:
        return refusal(Reason.NOT_A_UNIT, Words(words.NOT_A_UNIT, {"code": read.named.shown}))
    shipment = world.shipments.get(world.papers.get(read.named.values[0], 0))
    if shipment is None:
        return quarantine(Reason.UNKNOWN_CODE, Words(words.UNKNOWN_CODE, {"code": read.named.shown}))
    if shipment.state == ShipmentState.SHIPPED:
        return ShipmentStep(shipment, station, disarm=armed is not None)
    arrived = shipment.state == ShipmentState.DELIVERED
    reason, template = (
        (Reason.ALREADY_DONE, words.SHIPMENT_ARRIVED_ALREADY) if arrived else (Reason.NOT_SHIPPED, words.NOT_SHIPPED)
    )
    said = Words(template, {"unit": shipment.number})
    return refusal(reason, said, subject=shipment.number, order_id=shipment.order_id)
