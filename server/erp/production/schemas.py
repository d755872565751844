"""What programs get about work orders and units, and send to hold them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from server.erp.orders.snapshot import packaging_in_words
from server.erp.production.inside import Share
from server.erp.production.models import Operation, WorkOrder
from server.erp.production.queue import LAST, QueueEntry, Waits
from server.erp.production.repository import UnitRow
from server.erp.reasons.schemas import Code
from server.erp.reels.schemas import ReelName
from server.http.fields import Configuration, PositiveQuantity, ReasonText, ShortText, Shown, ShownDecimal, Strict
from server.messages import translate as _

#: Numbers or codes of the units built into a lot that go along with a part of it.
Inside = Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=200)]], Field(max_length=1000)]


class PartBody(Strict):
    """Of a lot, how many of its pieces; and of the units with numbers that were built into it, those that go along."""

    quantity: PositiveQuantity | None = None
    units: Inside | None = None

    @property
    def share(self) -> Share:
        """The same, as the rules know it."""
        return Share(self.quantity, self.units)


class SplitBody(PartBody):
    """So many pieces of a lot become a lot of their own."""

    quantity: PositiveQuantity


class HoldBody(PartBody):
    """Why, in words for colleagues, by a reason code, or both; and of a lot, how many of its pieces."""

    reason: ReasonText | None = None
    reason_code: Code | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.reason is None and self.reason_code is None:
            raise ValueError(_("Expected a reason or a reason_code, got neither."))
        return self


class StockWorkIn(Strict):
    """Pieces to be made for stock, in one configuration."""

    product: ShortText
    quantity: PositiveQuantity
    configuration: Configuration = Field(default_factory=dict)
    #: From which its units get their codes.
    reel: ReelName | None = None


class CancelBody(Strict):
    """Why, in words for colleagues."""

    reason: ReasonText


class ScrapBody(PartBody):
    """Why a unit is lost: the code of a reason for scrap; and of a lot, how many of its pieces."""

    reason: Code


class ReworkBody(PartBody):
    """Why a unit goes back: the code of a reason for rework; without a step, to the last one it did."""

    reason: Code
    step: Annotated[int, Field(ge=1, le=999)] | None = None


class ScrapPiecesBody(Strict):
    """So many pieces of a work order are lost, at one step or wherever they are."""

    quantity: Annotated[Decimal, Field(gt=0, le=1_000_000, max_digits=15, decimal_places=6, allow_inf_nan=False)]
    reason: Code
    step: Annotated[int, Field(ge=1, le=999)] | None = None


class OperationOut(Shown):
    """One step of a work order with its counts."""

    internal = frozenset({"work_center", "scrap", "transfer_quantity", "setup_minutes", "run_minutes"})

    step: int
    name: str
    work_center: str
    state: str
    quantity: int
    started: int
    good: int
    scrap: int
    transfer_quantity: int
    setup_minutes: ShownDecimal
    run_minutes: ShownDecimal
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """The answer for an operation whose work center is loaded."""
        own = {field: getattr(operation, field) for field in cls.model_fields if field != "work_center"}
        return cls(**own, work_center=operation.work_center.key)


class WorkOrderOut(Shown):
    """A work order with its operations and the snapshot it was released with."""

    internal = frozenset({"snapshot"})

    number: str
    #: None where pieces are made for stock.
    order: str | None
    product: str
    quantity: ShownDecimal
    state: str
    released_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    operations: list[OperationOut]
    snapshot: dict[str, Any] | None
    row_version: int

    @classmethod
    def of(cls, work_order: WorkOrder, *, internal: bool) -> Self:
        """The answer for a wholly loaded work order; how we make it is for our own house."""
        operations = [OperationOut.of(operation) for operation in work_order.operations]
        return cls.with_operations(work_order, operations, internal=internal)

    @classmethod
    def with_operations(cls, work_order: WorkOrder, operations: list[OperationOut], *, internal: bool) -> Self:
        """The same with its operations read apart, as lists do."""
        return cls(
            number=work_order.number,
            order=work_order.order.number if work_order.order is not None else None,
            product=work_order.product.sku,
            quantity=work_order.quantity,
            state=work_order.state,
            released_at=work_order.released_at,
            started_at=work_order.started_at,
            completed_at=work_order.completed_at,
            operations=operations,
            snapshot=work_order.snapshot if internal else None,
            row_version=work_order.row_version,
        )


class UnitOut(Shown):
    """A unit, where it stands, and what it belongs to."""

    internal = frozenset({"hold_reason", "rework", "last_read_point"})

    number: str
    kind: str
    state: str
    step: int | None
    position: int
    of: int | None
    #: Pieces of a lot; None of a single piece.
    quantity: ShownDecimal | None
    order: str | None
    work_order: str | None
    product: str | None
    product_name: str | None
    parent: str | None
    held: bool
    hold_reason: str | None
    rework: int
    last_seen_at: datetime | None
    last_read_point: str | None

    @classmethod
    def from_row(cls, row: UnitRow, *, internal: bool) -> Self:
        """The answer for a unit; where it was read and why it is held is for our own house."""
        unit = row.unit
        return cls(
            number=unit.number,
            kind=unit.kind,
            state=unit.state,
            step=unit.step,
            position=unit.position,
            of=row.of,
            quantity=unit.quantity,
            order=row.order,
            work_order=row.work_order,
            product=row.product,
            product_name=row.product_name,
            parent=row.parent,
            held=unit.held,
            hold_reason=unit.hold_reason if internal else None,
            rework=unit.rework if internal else 0,
            last_seen_at=unit.last_seen_at,
            last_read_point=unit.last_read_point if internal else None,
        )


class WorkOrderList(Shown):
    """A page of work orders."""

    items: list[WorkOrderOut]
    next: str | None


class UnitList(Shown):
    """A page of units."""

    items: list[UnitOut]
    next: str | None


def queue_entry(entry: QueueEntry) -> dict[str, Any]:
    """One row of a work center's queue; what is made for stock has no order and no customer."""
    order, operation = entry.order, entry.operation
    return {
        "work_order": entry.work_order.number,
        "order": order.number if order else None,
        "customer": order.customer.name if order else None,
        "product": entry.work_order.product.sku,
        "product_name": entry.work_order.product.name,
        "step": operation.step,
        "operation": operation.name,
        "state": operation.state,
        "waiting": entry.waiting,
        "in_work": entry.in_work,
        "held": entry.held,
        "good": operation.good,
        "quantity": operation.quantity,
        "waits_for": _waits_for(entry),
        "priority": order.priority if order else LAST,
        "promise_date": order.promise_date.isoformat() if order and order.promise_date else None,
        "on_hold": order.on_hold if order else False,
        "special_instructions": entry.instructions,
        "changed_instructions": entry.changed,
        "configuration": entry.work_order.snapshot.get("configuration", {}),
        "alerts": order.customer.alerts if order else None,
        "packaging_rule": order.customer.packaging_rule if order else None,
        "configuration_summary": entry.work_order.snapshot.get("configuration_summary"),
        "packaging": packaging_in_words(entry.work_order.snapshot),
        "pictures": entry.pictures,
    }


def _waits_for(entry: QueueEntry) -> dict[str, Any] | None:
    """Why nothing can be taken up now; of a step before, how many pieces it must still hand over."""
    if entry.waits is Waits.NOTHING:
        return None
    if entry.waits is not Waits.BEFORE or entry.before is None:
        return {"reason": entry.waits.value}
    return {"reason": entry.waits.value, "operation": entry.before.name, "pieces": entry.missing}
