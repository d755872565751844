"""Folding all facts anew and putting every projection where they say it stands.

Rebuilt are the states of units, operations, work orders, sales orders, handling units and shipments. What people
typed (names, dates, prices) has no other source than its row and is left alone, and so is what a station
remembers between two scans.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest, RepackTask
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import SalesOrder
from server.erp.production.models import IN_USE, Identifier, Operation, Unit, WorkOrder
from server.erp.stock.service import rebuild_balances
from server.journal.models import Fact
from server.tracking.history import Columns, History, PastFact
from server.tracking.states import OperationState, UnitState, WorkOrderState

_CHUNK = 5_000


class Difference(NamedTuple):
    """A column that did not stand where the facts say."""

    row: str
    column: str
    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Report:
    """What a rebuild read and repaired; no differences means that facts and projections agreed."""

    facts: int
    rows: int
    created: int
    differences: tuple[Difference, ...]


class _Projection(NamedTuple):
    """A table and those of its columns that facts decide."""

    model: type[Any]
    columns: tuple[str, ...]


_PROJECTIONS: Mapping[str, _Projection] = {
    "unit": _Projection(
        Unit,
        (
            "state", "step", "quantity", "held", "hold_reason", "rework", "parent_id", "last_station_id",
            "last_read_point", "last_seen_at", "last_fact_id",
        ),
    ),
    "operation": _Projection(Operation, ("state", "started", "good", "scrap", "started_at", "completed_at")),
    "work_order": _Projection(WorkOrder, ("state", "started_at", "completed_at")),
    "sales_order": _Projection(SalesOrder, ("lifecycle", "fulfilment", "on_hold", "hold_reason", "moved_at")),
    "handling_unit": _Projection(HandlingUnit, ("state", "closed_at", "shipped_at", "shipment_id")),
    "change_request": _Projection(ChangeRequest, ("state", "acknowledged_at")),
    "change_acknowledgement": _Projection(ChangeAcknowledgement, ("acknowledged_at", "badge", "name")),
    "repack_task": _Projection(RepackTask, ("state", "done_at", "done_by")),
    "shipment": _Projection(Shipment, ("state", "shipped_at", "delivered_at")),
}  # fmt: skip
#: New rows are put in this order, so that none refers to one that is not there yet.
_ORDER = ("shipment", "unit", "handling_unit")


def rebuild(session: Session) -> Report:
    """Fold every fact and repair every row that differs; the caller commits."""
    history = History()
    history.fold(_facts(session))
    created = _create_missing(session, history)
    differences: list[Difference] = []
    count = 0
    for kind, projection in _PROJECTIONS.items():
        rows = _current(session, projection)
        origins = _origins(session, kind, history)
        count += len(rows)
        differences += _repair(session, kind, rows, history, origins)
    differences += [
        Difference(f"stock_balance:{row_id}", "quantity", was, now) for row_id, was, now in rebuild_balances(session)
    ]
    return Report(history.count, count, created, tuple(differences))


def _facts(session: Session) -> Iterator[PastFact]:
    about = (Fact.order_id, Fact.unit_id, Fact.work_order_id, Fact.station_id)
    columns = (Fact.id, Fact.kind, *about, Fact.observed_at, Fact.detail)
    after = 0
    while True:
        rows = session.execute(select(*columns).where(Fact.id > after).order_by(Fact.id).limit(_CHUNK)).all()
        for row in rows:
            yield PastFact(*row)
        if len(rows) < _CHUNK:
            return
        after = rows[-1].id


def _current(session: Session, projection: _Projection) -> dict[int, Columns]:
    names = ("id", *projection.columns)
    found = session.execute(select(*(getattr(projection.model, name) for name in names)))
    return {row[0]: dict(zip(projection.columns, row[1:], strict=True)) for row in found}


def _repair(
    session: Session, kind: str, rows: Mapping[int, Columns], history: History, origins: Mapping[int, Columns]
) -> list[Difference]:
    projection = _PROJECTIONS[kind]
    differences: list[Difference] = []
    for row_id, current in rows.items():
        name = f"{kind}:{row_id}"
        told = origins.get(row_id, {}) | history.origins.get(name, {}) | history.rows.get(name, {})
        wrong = {
            column: _value(column, told[column])
            for column in projection.columns
            if column in told and _value(column, told[column]) != current[column]
        }
        differences += [Difference(name, column, current[column], value) for column, value in wrong.items()]
        if wrong:
            table = projection.model.__table__
            session.execute(update(table).where(table.c.id == row_id).values(wrong))
    return differences


def _value(column: str, value: Any) -> Any:
    if column == "quantity" and isinstance(value, str):
        return Decimal(value)
    return datetime.fromisoformat(value) if column.endswith("_at") and isinstance(value, str) else value


# --- how things stood before their first fact ---


def _origins(session: Session, kind: str, history: History) -> dict[int, Columns]:
    """What a release makes: the work order released, the first operation ready, every unit queued for it."""
    if kind == "work_order":
        states = {"state": WorkOrderState.RELEASED.value, "started_at": None, "completed_at": None}
        return dict.fromkeys(session.scalars(select(WorkOrder.id)), states)
    if kind == "operation":
        return _operations(session)
    return _units(session, history) if kind == "unit" else {}


def _operations(session: Session) -> dict[int, Columns]:
    first = _first_steps(session)
    found = {}
    for row_id, work_order_id, step in session.execute(select(Operation.id, Operation.work_order_id, Operation.step)):
        state = OperationState.READY if first[work_order_id] == step else OperationState.PENDING
        counts = {"started": 0, "good": 0, "scrap": 0, "started_at": None, "completed_at": None}
        found[row_id] = {"state": state.value, **counts}
    return found


def _units(session: Session, history: History) -> dict[int, Columns]:
    first = _first_steps(session)
    # A unit of a cancelled order may lie in stock again; its work order tells whose release made it.
    columns = select(Unit.id, Unit.work_order_id, WorkOrder.order_id).join(
        WorkOrder, WorkOrder.id == Unit.work_order_id
    )
    # How many pieces a lot was made with stands in its row; facts tell of the parts that were split off.
    nothing = dict.fromkeys(name for name in _PROJECTIONS["unit"].columns if name != "quantity")
    return {
        row_id: {
            **nothing,
            # What has no operation came out of stock.
            "state": (UnitState.QUEUED if work_order_id in first else UnitState.IN_STOCK).value,
            "step": first.get(work_order_id or 0),
            "held": False,
            "rework": 0,
            "last_fact_id": history.made.get(work_order_id or 0) or history.released.get(order_id or 0),
        }
        for row_id, work_order_id, order_id in session.execute(columns)
    }


def _first_steps(session: Session) -> dict[int, int]:
    rows: Sequence[Any] = session.execute(select(Operation.work_order_id, Operation.step)).all()
    first: dict[int, int] = {}
    for work_order_id, step in rows:
        first[work_order_id] = min(step, first.get(work_order_id, step))
    return first


# --- rows that only facts remember ---


def _create_missing(session: Session, history: History) -> int:
    """Boxes and shipments are made by scans, so their facts hold the whole row."""
    created = 0
    for kind in _ORDER:
        model = _PROJECTIONS[kind].model
        named = [name for name in history.created if name.startswith(f"{kind}:")]
        present = set(session.scalars(select(model.id)))
        for name in named:
            if int(name.partition(":")[2]) not in present:
                _create(session, kind, history.rows[name])
                created += 1
    return created


def _create(session: Session, kind: str, columns: Columns) -> None:
    table = _PROJECTIONS[kind].model.__table__
    values = {column: _value(column, value) for column, value in columns.items() if column in table.c}
    if "row_version" in table.c:
        values["row_version"] = 1
    session.execute(insert(table).values(values))
    if kind == "handling_unit":
        value = f"00/{columns['sscc']}"
        known = session.scalar(select(Identifier.id).where(Identifier.value == value, IN_USE))
        if known is None:
            session.execute(insert(Identifier).values(scheme="sscc", value=value, unit_id=columns["id"], active=True))
