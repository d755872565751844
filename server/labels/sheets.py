"""The things we print, as plain values a template can lay out: traveller, unit labels, box label, cards, badges."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from server.erp.logistics.contents import Inside, boxes_on, inside
from server.erp.logistics.repository import boxes_by_shipment
from server.erp.orders.models import SalesOrder
from server.erp.orders.snapshot import label_text, packaging_in_words, packaging_picture
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.reasons.repository import reasons_in_use
from server.erp.stock.repository import all_locations
from server.erp.stock.rules import location_code
from server.errors import NotFound
from server.labels import repository
from server.labels.own import LONGEST_BODY, body_of, letters_of, own_symbol
from server.labels.symbols import Symbol, gs1_128
from server.parties.states import LabelTemplate
from server.tracking.states import Command, HandlingUnitKind

#: A traveller lists so many units; the labels carry the rest.
UNITS_ON_A_TRAVELLER = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every print of a work order says first."""

    work_order: str
    #: None for what is made for stock.
    order: str | None = None
    customer: str | None = None
    product: str
    sku: str
    revision: str
    quantity: Decimal
    promise_date: date | None = None
    configuration: Mapping[str, str]
    packaging: str | None
    picture: str | None = None  # hash of the picture that shows it
    instructions: str | None = None
    #: What the customer wants seen, packed and printed in his way.
    alerts: tuple[str, ...] = ()
    packaging_rule: str | None = None
    label_template: str = LabelTemplate.STANDARD
    #: What its packaging wants on every label, and what a change has added for the hands that make it.
    label_text: str | None = None
    changed: str | None = None


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation of a traveller with its own code."""

    step: int
    name: str
    work_center: str
    run_minutes: Decimal
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Traveller:
    """The sheet that goes with a work order through the factory."""

    head: Head
    symbol: Symbol
    operations: tuple[OperationRow, ...]
    units: tuple[str, ...]
    more_units: int


@dataclass(frozen=True, slots=True)
class UnitLabel:
    """The label on one unit."""

    number: str
    position: int
    of: int
    symbol: Symbol
    #: GS1-128 of GTIN and serial, where the product has a GTIN.
    gs1: Symbol | None
    #: Pieces of a lot.
    pieces: Decimal | None = None
    #: (AI, value) pairs of GTIN and serial, where the product has a GTIN.
    elements: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class UnitLabels:
    """All labels of a work order."""

    head: Head
    labels: tuple[UnitLabel, ...]


@dataclass(frozen=True, slots=True)
class BoxLabel:
    """The label on a handling unit: its SSCC and what is inside."""

    number: str
    sscc: str
    order: str
    customer: str
    customer_reference: str | None
    units: tuple[str, ...]
    symbol: Symbol
    #: Of a pallet: what lies on it.
    boxes: tuple[str, ...] = ()
    kind: str = "box"
    texts: tuple[str, ...] = ()  # what the packaging of its units wants on the label


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A box or pallet on a delivery note."""

    number: str
    kind: str
    sscc: str
    inside: Inside


@dataclass(frozen=True, slots=True)
class DeliveryNote:
    """The paper that goes with a shipment; its code, scanned where it arrives, confirms the delivery."""

    number: str
    order: str
    customer: str
    customer_reference: str | None
    carrier: str | None
    tracking_reference: str | None
    lines: tuple[NoteLine, ...]
    symbol: Symbol

    @property
    def units(self) -> int:
        """How many units leave; what lies on a pallet counts once."""
        return sum(line.inside.units for line in self.lines if line.kind == HandlingUnitKind.BOX)


@dataclass(frozen=True, slots=True)
class Card:
    """A card on a desk or on a person: a station, a command, a badge."""

    name: str
    kind: str
    symbol: Symbol


def make_traveller(session: Session, number: str) -> Traveller:
    """The traveller of a work order."""
    work_order = _work_order(session, number)
    units = repository.list_units(session, work_order.id)
    shown = tuple(unit.number for unit in units[:UNITS_ON_A_TRAVELLER])
    return Traveller(
        head=_head(work_order),
        symbol=own_symbol("W", body_of(work_order.number)),
        operations=tuple(_operation_row(work_order, operation) for operation in work_order.operations),
        units=shown,
        more_units=len(units) - len(shown),
    )


def make_unit_labels(session: Session, number: str, *, only: str | None = None) -> UnitLabels:
    """A label for each unit of a work order, or for the one of them that is named."""
    work_order = _work_order(session, number)
    units = repository.list_units(session, work_order.id)
    wanted = [unit for unit in units if only is None or unit.number == only]
    labels = tuple(_unit_label(unit, len(units), work_order.product.gtin) for unit in wanted)
    return UnitLabels(_head(work_order), labels)


def make_box_label(session: Session, number: str) -> BoxLabel:
    """The SSCC label of a handling unit."""
    box = repository.find_handling_unit(session, number)
    if box is None:
        raise NotFound
    boxes = boxes_on(session, [box.id]).get(box.id, [])
    units = repository.list_packed(session, [box.id, *(each.id for each in boxes)])
    # The label of a box that is still empty is printed for what will come into it.
    works = {unit.work_order_id for unit in units if unit.work_order_id is not None}
    snapshots = repository.list_snapshots(session, works, order_id=box.order_id)
    return BoxLabel(
        texts=tuple(dict.fromkeys(text for each in snapshots if (text := label_text(each)))),
        kind=box.kind,
        boxes=tuple(each.number for each in boxes),
        number=box.number,
        sscc=box.sscc,
        order=box.order.number,
        customer=box.order.customer.name,
        customer_reference=box.order.customer_reference,
        units=tuple(unit.number for unit in units),
        symbol=gs1_128((("00", box.sscc),), height_mm=25),
    )


def make_delivery_note(session: Session, number: str) -> DeliveryNote:
    """The paper of a shipment."""
    shipment = repository.find_shipment(session, number)
    if shipment is None:
        raise NotFound
    boxes = boxes_by_shipment(session, [shipment.id]).get(shipment.id, [])
    held = inside(session, [box.id for box in boxes])
    return DeliveryNote(
        number=shipment.number,
        order=shipment.order.number,
        customer=shipment.order.customer.name,
        customer_reference=shipment.order.customer_reference,
        carrier=shipment.carrier,
        tracking_reference=shipment.tracking_reference,
        lines=tuple(NoteLine(box.number, box.kind, box.sscc, held[box.id]) for box in boxes),
        symbol=own_symbol("D", body_of(shipment.number)),
    )


def make_station_cards(session: Session) -> tuple[Card, ...]:
    """A card for each station, each command, each reason in use and each location."""
    stations = [
        Card(station.name, "station", own_symbol("S", letters_of(station.key)))
        for station in repository.list_stations(session)
    ]
    commands = [Card(command.value, "command", own_symbol("C", command.value)) for command in Command]
    reasons = [Card(reason.name, "reason", own_symbol("C", reason.code)) for reason in reasons_in_use(session)]
    places = [
        Card(place.name, "location", own_symbol("L", code))
        for place in all_locations(session)
        if len(code := location_code(place.key)) <= LONGEST_BODY
    ]
    return (*stations, *commands, *reasons, *places)


def make_badges(session: Session) -> tuple[Card, ...]:
    """A badge for each person who has one."""
    holders = repository.list_badge_holders(session)
    return tuple(Card(user.name, "badge", own_symbol("B", user.badge)) for user in holders if user.badge)


def _work_order(session: Session, number: str) -> WorkOrder:
    work_order = repository.find_work_order(session, number)
    if work_order is None:
        raise NotFound
    return work_order


def _head(work_order: WorkOrder) -> Head:
    snapshot, line = work_order.snapshot, work_order.order_line
    packaging = packaging_in_words(snapshot) or (line.packaging if line is not None else None)
    head = Head(
        work_order=work_order.number,
        product=work_order.product.name,
        sku=work_order.product.sku,
        revision=str(snapshot.get("revision") or work_order.product.revision),
        quantity=work_order.quantity,
        configuration=snapshot.get("configuration") or (line.configuration if line is not None else {}),
        packaging=packaging or work_order.product.packaging,
        picture=packaging_picture(snapshot),
        label_text=label_text(snapshot),
        changed=snapshot.get("instructions"),
    )
    return head if work_order.order is None else _for_customer(head, work_order.order)


def _for_customer(head: Head, order: SalesOrder) -> Head:
    return replace(
        head,
        order=order.number,
        customer=order.customer.name,
        promise_date=order.promise_date,
        instructions=order.special_instructions,
        alerts=tuple((order.customer.alerts or "").splitlines()),
        packaging_rule=order.customer.packaging_rule,
        label_template=order.customer.label_template,
    )


def _operation_row(work_order: WorkOrder, operation: Operation) -> OperationRow:
    return OperationRow(
        step=operation.step,
        name=operation.name,
        work_center=operation.work_center.name,
        run_minutes=operation.run_minutes,
        symbol=own_symbol("O", f"{body_of(work_order.number)}{operation.step:03d}", height_mm=9),
    )


def _unit_label(unit: Unit, of: int, gtin: str | None) -> UnitLabel:
    body = body_of(unit.number)
    elements = (("01", gtin), ("21", body)) if gtin else ()
    gs1 = gs1_128(elements, height_mm=7) if elements else None
    symbol = own_symbol("U", body, height_mm=8)
    return UnitLabel(unit.number, unit.position, of, symbol, gs1, unit.quantity, elements)
