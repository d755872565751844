"""What an order really earns: revenue less material, labour and scrap, each figure with its source and its time.

Costs are those of the site's currency; an order in another currency has no total. A figure that cannot be known is
None, and then the total is too good to be true, which `complete` says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.erp.billing import costs, deliveries
from server.erp.billing.credit import standings
from server.erp.billing.labour import Told, measured, working_minutes
from server.erp.billing.models import Invoice, InvoiceLine
from server.erp.billing.rules import ZERO
from server.erp.billing.states import ISSUED
from server.erp.orders.estimates import site_calendar
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.prediction import Calendar
from server.erp.orders.pricing import Priced, line_net, rounded
from server.erp.production.models import Operation, Unit, WorkOrder
from server.http.fields import plain
from server.journal.models import Fact
from server.parties.repository import site
from server.tracking.facts import FactKind
from server.tracking.states import UnitState

_ONE = Decimal(1)
_TOLD = (
    FactKind.OPERATION_STARTED.value, FactKind.OPERATION_PAUSED.value,
    FactKind.OPERATION_RESUMED.value, FactKind.OPERATION_COMPLETED.value,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One part of the profit; costs are negative. `amount` is None where it cannot be known."""

    name: str
    amount: Decimal | None
    #: What it is worked out from, as a key of words with values.
    source: str
    values: Mapping[str, Any]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Profit:
    """What an order earns, as far as it is known."""

    order: str
    currency: str
    figures: Sequence[Figure]
    #: Whether order and costs are in one currency.
    comparable: bool
    as_of: datetime

    @property
    def complete(self) -> bool:
        """Whether every figure is known."""
        return self.comparable and all(figure.amount is not None for figure in self.figures)

    @property
    def revenue(self) -> Decimal:
        """What is invoiced and will be."""
        return sum((each.amount or ZERO for each in self.figures if each.name in ("invoiced", "to_invoice")), ZERO)

    @property
    def total(self) -> Decimal | None:
        """What remains; None where it cannot be compared."""
        return sum((each.amount or ZERO for each in self.figures), ZERO) if self.comparable else None

    @property
    def margin_percent(self) -> Decimal | None:
        """The share of the revenue that remains."""
        if self.total is None or not self.revenue:
            return None
        return (100 * self.total / self.revenue).quantize(Decimal("0.1"))

    def as_json(self) -> dict[str, Any]:
        """The answer for programs."""
        return {
            "order": self.order,
            "currency": self.currency,
            "total": _text(self.total),
            "margin_percent": _text(self.margin_percent),
            "complete": self.complete,
            "figures": [
                {
                    "name": each.name,
                    "amount": _text(each.amount),
                    "source": each.source,
                    "detail": dict(each.values),
                    "as_of": each.as_of.isoformat(),
                }
                for each in self.figures
            ],
            "as_of": self.as_of.isoformat(),
        }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def profit_of(session: Session, order: SalesOrder, *, now: datetime) -> Profit:
    """The profit of a wholly loaded order; a fixed number of queries."""
    currency = site(session).currency
    lost = _scrapped(session, order)
    made = _Making(session, order, lost, site_calendar(session), now)
    figures = [*_revenue(session, order, lost, now), made.material(), made.labour(), made.scrap()]
    return Profit(order.number, order.currency, figures, order.currency == currency, now)


# --- revenue ---


def _revenue(session: Session, order: SalesOrder, lost: Mapping[int, Decimal], now: datetime) -> list[Figure]:
    statement = (
        select(func.sum(InvoiceLine.net), func.count(Invoice.id.distinct()), func.max(Invoice.issued_at))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.order_id == order.id, Invoice.state.in_(ISSUED))
    )
    invoiced, count, issued_at = session.execute(statement).one()
    rest = ZERO
    for line, standing in zip(order.lines, standings(session, [order])[order], strict=True):
        # What was scrapped will never be delivered, so nobody will pay for it.
        left = max(standing.left - (lost.get(line.id, ZERO) if standing.billable == line.quantity else ZERO), ZERO)
        rest += line_net(Priced(left, line.unit_price, line.discount_percent, line.tax_percent), order.currency)
    return [
        Figure("invoiced", invoiced or ZERO, "issued_invoices", {"invoices": count}, issued_at or now),
        Figure("to_invoice", rest, "order_lines", {}, now),
    ]


def _scrapped(session: Session, order: SalesOrder) -> Mapping[int, Decimal]:
    """How much of each order line was scrapped."""
    statement = (
        select(Unit.order_line_id, deliveries.pieces())
        .where(Unit.order_id == order.id, Unit.order_line_id.is_not(None), Unit.state == UnitState.SCRAPPED.value)
        .group_by(Unit.order_line_id)
    )
    return {line_id or 0: Decimal(pieces) for line_id, pieces in session.execute(statement)}


# --- costs ---


class _Making:
    """What making the order takes, from its work orders or, before their time, from its products."""

    def __init__(
        self, session: Session, order: SalesOrder, lost: Mapping[int, Decimal], calendar: Calendar, now: datetime
    ) -> None:
        self.session, self.order, self.lost, self.calendar, self.now = session, order, lost, calendar, now
        self.work = list(session.scalars(select(WorkOrder).where(WorkOrder.order_id == order.id)))
        self.per_piece = self._per_piece()

    def material(self) -> Figure:
        """Material of everything that is not scrapped."""
        amount = self._materials(lambda line: line.quantity - self.lost.get(line.id, ZERO))
        return Figure("material", amount, "standard_cost", {}, self.now)

    def scrap(self) -> Figure:
        """Material of what was scrapped; the work on it is in the labour."""
        amount = self._materials(lambda line: self.lost.get(line.id, ZERO))
        return Figure("scrap", amount, "scrapped_units", {"pieces": plain(sum(self.lost.values(), ZERO))}, self.now)

    def labour(self) -> Figure:
        """Minutes measured between start and end, standard minutes where nobody told, at the rates of the centers."""
        rates = costs.hourly_rates(self.session)
        minutes, counts, last = self._minutes() if self.work else (self._planned_minutes(), [0, 0], None)
        unknown = [center_id for center_id, count in minutes.items() if count and rates.get(center_id) is None]
        cost = sum((count * (rates.get(center_id) or ZERO) / 60 for center_id, count in minutes.items()), ZERO)
        values = {"minutes": plain(sum(minutes.values(), ZERO)), "measured": counts[0], "operations": counts[1]}
        return Figure(
            "labour", self._rounded(None if unknown else -cost), "facts_else_standard", values, last or self.now
        )

    def _materials(self, quantity_of: Any) -> Decimal | None:
        total = ZERO
        for line in self.order.lines:
            pieces, cost = quantity_of(line), self.per_piece.get(line.id)
            if pieces and cost is None:
                return None
            total -= pieces * (cost or ZERO)
        return self._rounded(total)

    def _rounded(self, amount: Decimal | None) -> Decimal | None:
        return None if amount is None else rounded(amount, self.order.currency)

    def _per_piece(self) -> dict[int, Decimal | None]:
        """What the material of one piece of each line costs, as the work order has its bill of material."""
        snapshots = {work.order_line_id: work.snapshot for work in self.work}
        parts = {line.id: _parts(line, snapshots.get(line.id)) for line in self.order.lines}
        known = costs.unit_costs(
            self.session, {sku for each in parts.values() for sku, _quantity in each}, now=self.now
        )
        return {line_id: _sum_of(each, known) for line_id, each in parts.items()}

    def _planned_minutes(self) -> dict[int, Decimal]:
        found: dict[int, Decimal] = defaultdict(Decimal)
        for line in self.order.lines:
            for step in line.product.routing:
                found[step.work_center_id] += step.setup_minutes + step.run_minutes * line.quantity
        return found

    def _minutes(self) -> tuple[dict[int, Decimal], list[int], datetime | None]:
        told, last = self._told()
        units = self._units()
        found: dict[int, Decimal] = defaultdict(Decimal)
        counts = [0, 0]
        for operation in self.session.scalars(
            select(Operation).where(Operation.work_order_id.in_([work.id for work in self.work]))
        ):
            here = told.get((operation.work_order_id, operation.step), [])
            known, spans = measured(here)
            passed = {fact.unit_id for fact in here if fact.kind == FactKind.OPERATION_COMPLETED}
            everybody = {unit for unit, alive in units.get(operation.work_order_id, []) if alive or unit in passed}
            standard = operation.setup_minutes + operation.run_minutes * len(everybody - known)
            found[operation.work_center_id] += standard + working_minutes(spans, self.calendar)
            counts[0] += len(known)
            counts[1] += len(everybody | known)
        return found, counts, last

    def _told(self) -> tuple[dict[tuple[int, int], list[Told]], datetime | None]:
        taken_back = select(Fact.reverses_id).where(Fact.order_id == self.order.id, Fact.reverses_id.is_not(None))
        statement = select(
            Fact.work_order_id, Fact.step, Fact.kind, Fact.unit_id, Fact.observed_at, Fact.recorded_at
        ).where(Fact.order_id == self.order.id, Fact.kind.in_(_TOLD), Fact.id.not_in(taken_back))
        found: dict[tuple[int, int], list[Told]] = defaultdict(list)
        last: datetime | None = None
        for work_order_id, step, kind, unit_id, observed_at, recorded_at in self.session.execute(statement):
            found[(work_order_id or 0, step or 0)].append(Told(kind, unit_id or 0, observed_at))
            last = recorded_at if last is None else max(last, recorded_at)
        return found, last

    def _units(self) -> dict[int, list[tuple[int, bool]]]:
        statement = select(Unit.work_order_id, Unit.id, Unit.state).where(
            Unit.order_id == self.order.id, Unit.work_order_id.is_not(None)
        )
        found: dict[int, list[tuple[int, bool]]] = defaultdict(list)
        for work_order_id, unit_id, state in self.session.execute(statement):
            found[work_order_id or 0].append((unit_id, state != UnitState.SCRAPPED))
        return found


def _parts(line: OrderLine, snapshot: Mapping[str, Any] | None) -> list[tuple[str, Decimal]]:
    """What one piece takes; a product without a bill of material takes itself at its own cost."""
    if snapshot is not None:
        parts = [
            (part["sku"], _with_loss(Decimal(part["quantity"]), Decimal(part.get("scrap_percent") or 0)))
            for part in snapshot["bom"]
        ]
    else:
        parts = [(part.component.sku, _with_loss(part.quantity, part.scrap_percent)) for part in line.product.bom]
    return parts or [(line.product.sku, _ONE)]


def _with_loss(quantity: Decimal, scrap_percent: Decimal) -> Decimal:
    return quantity * (1 + scrap_percent / 100)


def _sum_of(parts: Iterable[tuple[str, Decimal]], known: Mapping[str, Decimal | None]) -> Decimal | None:
    total = ZERO
    for sku, quantity in parts:
        cost = known.get(sku)
        if cost is None:
            return None
        total += quantity * cost
    return total
