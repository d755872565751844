"""The queries of the ingest path, each one table (with what names it), in the order of the rows in tracking."""

from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, Integer, bindparam, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from server.auth.models import User
from server.catalog.models import Product, WorkCenter
from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest, RepackTask
from server.erp.floor.models import ReadPoint, Station, StationState
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import IN_USE, Identifier, Operation, Unit, WorkOrder
from server.erp.reasons.models import ReasonCode
from server.ingest.queries import Query, Statement, among
from server.parties.models import Customer, Site
from server.tracking import change_rows as changes
from server.tracking import world as w
from server.tracking.states import ChangeState, UnitState

#: Any read point of the house.
_GATE = aliased(ReadPoint)
_UNIT_NAMES = (Unit.id, Unit.kind, Unit.order_id, Unit.parent_id)


def _columns(model: type[Any], row: type[Any]) -> tuple[Any, ...]:
    """The model's columns that a row of the rules has, in the row's order."""
    return tuple(getattr(model, name) for name in row._fields)


def _locked(statement: Statement, dialect: Dialect, *, of: type[Any]) -> Statement:
    # SQLite has one writer, and this is it.
    return statement.with_for_update(of=of) if dialect.name == "postgresql" else statement


def _site(_dialect: Dialect) -> Statement:
    return select(Site.gs1_company_prefix, Site.language).order_by(Site.id).limit(1)


def _points_of(_dialect: Dialect) -> Statement:
    points = select(ReadPoint.key, ReadPoint.context).join(Station, Station.id == ReadPoint.station_id)
    wanted = points.where(Station.key == bindparam("station"), ReadPoint.active.is_(True))
    return wanted.order_by(ReadPoint.id)


def _read_points(dialect: Dialect) -> Statement:
    columns = (
        ReadPoint.key, ReadPoint.context, ReadPoint.quiet_seconds, ReadPoint.overlap_group, ReadPoint.overlap_seconds,
        ReadPoint.checks_passages, exists().where(_GATE.must_see.is_(True), _GATE.active.is_(True)),
    )  # fmt: skip
    station = (Station.id, Station.key, Station.name, Station.work_center_id, WorkCenter.name)
    return (
        select(*columns, *station)
        .join(Station, Station.id == ReadPoint.station_id)
        .join(WorkCenter, WorkCenter.id == Station.work_center_id)
        .where(_named_points(dialect), ReadPoint.active.is_(True), Station.active.is_(True))
    )


def _named_points(dialect: Dialect) -> ColumnElement[bool]:
    """These read points, and those that hear the same tags."""
    named = among(ReadPoint.key, "keys", dialect)
    groups = select(ReadPoint.overlap_group).where(named, ReadPoint.overlap_group.is_not(None))
    return or_(named, ReadPoint.overlap_group.in_(groups))


def _stations(dialect: Dialect) -> Statement:
    columns = (Station.id, Station.key, Station.name, Station.work_center_id, WorkCenter.name)
    wanted = select(*columns).join(WorkCenter, WorkCenter.id == Station.work_center_id)
    return wanted.where(among(Station.id, "ids", dialect))


def _contexts(dialect: Dialect) -> Statement:
    columns = (
        StationState.station_id,
        StationState.operator_badge,
        StationState.operator_name,
        StationState.operator_since,
        StationState.armed_command,
        StationState.armed_until,
        StationState.open_handling_unit_id,
        StationState.armed_reason,
        StationState.armed_operation,
        StationState.crew,
        StationState.stock,
        StationState.verdicts,
    )
    return _locked(select(*columns).order_by(StationState.station_id), dialect, of=StationState)


def _contexts_at(dialect: Dialect) -> Statement:
    stations = select(ReadPoint.station_id).where(_named_points(dialect))
    return _contexts(dialect).where(StationState.station_id.in_(stations))


def _contexts_of(dialect: Dialect) -> Statement:
    return _contexts(dialect).where(among(StationState.station_id, "ids", dialect))


def _operators(dialect: Dialect) -> Statement:
    return select(User.badge, User.name).where(among(User.badge, "badges", dialect), User.active.is_(True))


def _reasons(_dialect: Dialect) -> Statement:
    return select(ReasonCode.code, ReasonCode.kind, ReasonCode.name).where(ReasonCode.active)


def _identifiers(dialect: Dialect) -> Statement:
    return (
        select(Identifier.value, *_UNIT_NAMES)
        .join(Unit, Unit.id == Identifier.unit_id)
        .where(among(Identifier.value, "values", dialect), IN_USE)
    )


def _named_units(dialect: Dialect) -> Statement:
    return (
        select(Identifier.value, *_columns(Unit, w.Unit))
        .join(Unit, Unit.id == Identifier.unit_id)
        .where(among(Identifier.value, "values", dialect), IN_USE)
    )


def _numbers(dialect: Dialect) -> Statement:
    return select(Unit.number, *_UNIT_NAMES).where(among(Unit.number, "values", dialect))


def _orders_of_boxes(dialect: Dialect) -> Statement:
    return select(HandlingUnit.order_id).where(among(HandlingUnit.id, "ids", dialect))


def _orders(dialect: Dialect) -> Statement:
    columns = (
        SalesOrder.id,
        SalesOrder.number,
        Customer.number,
        Customer.name,
        SalesOrder.lifecycle,
        SalesOrder.fulfilment,
        SalesOrder.on_hold,
        SalesOrder.hold_reason,
        SalesOrder.moved_at,
        # Beside the row of the rules: what everybody shall see who works for this customer.
        Customer.alerts,
    )
    wanted = select(*columns).join(Customer, Customer.id == SalesOrder.customer_id)
    return _locked(wanted.where(among(SalesOrder.id, "ids", dialect)).order_by(SalesOrder.id), dialect, of=SalesOrder)


def _work_orders(dialect: Dialect) -> Statement:
    wanted = select(*_columns(WorkOrder, w.WorkOrder)).where(among(WorkOrder.order_id, "ids", dialect))
    return _locked(wanted.order_by(WorkOrder.id), dialect, of=WorkOrder)


def _tallies(dialect: Dialect) -> Statement:
    # What went from an order to stock is counted for it no more.
    return (
        select(Unit.work_order_id, Unit.state, func.count())
        .join(WorkOrder, (WorkOrder.id == Unit.work_order_id) & (WorkOrder.order_id == Unit.order_id))
        .where(among(WorkOrder.order_id, "ids", dialect))
        .group_by(Unit.work_order_id, Unit.state)
    )


def _operations(dialect: Dialect) -> Statement:
    work = select(Unit.work_order_id).where(among(Unit.id, "ids", dialect))
    wanted = select(*_columns(Operation, w.Operation)).where(Operation.work_order_id.in_(work))
    return wanted.order_by(Operation.work_order_id, Operation.step)


def _operations_of(dialect: Dialect) -> Statement:
    wanted = select(*_columns(Operation, w.Operation)).where(among(Operation.work_order_id, "ids", dialect))
    return wanted.order_by(Operation.work_order_id, Operation.step)


def _units(dialect: Dialect) -> Statement:
    wanted = select(*_columns(Unit, w.Unit)).where(among(Unit.id, "ids", dialect))
    return _locked(wanted.order_by(Unit.id), dialect, of=Unit)


def _boxes(dialect: Dialect) -> Statement:
    wanted = select(*_columns(HandlingUnit, w.Box)).where(among(HandlingUnit.order_id, "ids", dialect))
    return wanted.order_by(HandlingUnit.id)


def _lines(dialect: Dialect) -> Statement:
    """How many units of each line the customers want: pieces of a serial; of anything else, the lots there are."""
    lots = select(func.count()).where(Unit.order_id == OrderLine.order_id, Unit.order_line_id == OrderLine.id)
    alive = lots.where(Unit.state != UnitState.SCRAPPED.value).correlate(OrderLine).scalar_subquery()
    serial = Product.tracking == "serial"
    counts = (case((serial, OrderLine.quantity)), case((serial, 0), else_=alive))
    wanted = select(OrderLine.id, Product.sku, *counts).join(Product, Product.id == OrderLine.product_id)
    return wanted.where(among(OrderLine.order_id, "ids", dialect))


def _per_box(dialect: Dialect) -> Statement:
    """How many units of each work order a box holds at most, where its snapshot says it."""
    if dialect.name == "sqlite":
        said: ColumnElement[int] = func.json_extract(WorkOrder.snapshot, "$.packaging_spec.per_box", type_=Integer)
    else:
        # Whole documents of ours are kept as text; this one number is looked for inside.
        inside = func.json_extract_path_text(cast(WorkOrder.snapshot, JSON), "packaging_spec", "per_box")
        said = cast(inside, Integer)
    return select(WorkOrder.id, said).where(among(WorkOrder.order_id, "ids", dialect), said.is_not(None))


def _counting(dialect: Dialect) -> Statement:
    """Every change that counts for these orders, seen or not; nearly always nothing."""
    row = ChangeRequest
    counts = or_(row.state == ChangeState.APPLIED.value, row.state == ChangeState.ACKNOWLEDGED.value)
    wanted = select(*_columns(row, changes.Change)).where(among(row.order_id, "ids", dialect), counts)
    return wanted.order_by(row.id)


def _shipments(dialect: Dialect) -> Statement:
    wanted = select(*_columns(Shipment, w.Shipment)).where(among(Shipment.order_id, "ids", dialect))
    return wanted.order_by(Shipment.id)


def _papers(dialect: Dialect) -> Statement:
    return select(Shipment.number, Shipment.id, Shipment.order_id).where(among(Shipment.number, "numbers", dialect))


def _contents(dialect: Dialect) -> Statement:
    return select(Unit.id).where(among(Unit.parent_id, "ids", dialect))


def _changes_at(dialect: Dialect) -> Statement:
    """What the stations of these read points have not seen yet; nearly always nothing."""
    waiting = (
        select(ChangeAcknowledgement.change_id)
        .join(ReadPoint, ReadPoint.station_id == ChangeAcknowledgement.station_id)
        .where(among(ReadPoint.key, "keys", dialect), ChangeAcknowledgement.acknowledged_at.is_(None))
    )
    wanted = select(*_columns(ChangeRequest, changes.Change)).where(ChangeRequest.id.in_(waiting))
    return _locked(wanted.order_by(ChangeRequest.id), dialect, of=ChangeRequest)


def _acknowledgements(dialect: Dialect) -> Statement:
    row = ChangeAcknowledgement
    columns = (row.id, row.change_id, ChangeRequest.order_id, row.station_id, row.acknowledged_at, row.badge, row.name)
    return (
        select(*columns)
        .join(ChangeRequest, ChangeRequest.id == row.change_id)
        .join(Station, Station.id == row.station_id)
        .where(among(row.change_id, "ids", dialect), Station.active.is_(True))
        .order_by(row.id)
    )


def _repacks(dialect: Dialect) -> Statement:
    row = RepackTask
    columns = (row.id, row.change_id, row.unit_id, row.order_id, row.state, ChangeRequest.difference)
    done = (row.done_at, row.done_by, row.handling_unit_id, row.opened_at)
    wanted = select(*columns, *done).join(ChangeRequest, ChangeRequest.id == row.change_id)
    return wanted.where(among(row.unit_id, "ids", dialect)).order_by(row.id)


SITE = Query(_site)
POINTS_OF = Query(_points_of)
READ_POINTS = Query(_read_points)
STATIONS = Query(_stations)
CONTEXTS_AT = Query(_contexts_at)
CONTEXTS_OF = Query(_contexts_of)
OPERATORS = Query(_operators)
REASONS = Query(_reasons)
IDENTIFIERS = Query(_identifiers)
#: As IDENTIFIERS, with the whole unit: where nothing has to be locked, one look is enough.
NAMED_UNITS = Query(_named_units)
NUMBERS = Query(_numbers)
ORDERS_OF_BOXES = Query(_orders_of_boxes)
ORDERS = Query(_orders)
WORK_ORDERS = Query(_work_orders)
TALLIES = Query(_tallies)
OPERATIONS = Query(_operations)
#: The same, of work orders that are known.
OPERATIONS_OF = Query(_operations_of)
UNITS = Query(_units)
BOXES = Query(_boxes)
LINES = Query(_lines)
PER_BOX = Query(_per_box)
COUNTING = Query(_counting)
SHIPMENTS = Query(_shipments)
PAPERS = Query(_papers)
CONTENTS = Query(_contents)
CHANGES_AT = Query(_changes_at)
ACKNOWLEDGEMENTS = Query(_acknowledgements)
REPACKS = Query(_repacks)
