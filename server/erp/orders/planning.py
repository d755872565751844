"""How an order line becomes tracked units, and whether it can be made at all. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from server.catalog.models import RoutingOperation
from server.erp.orders.models import OrderLine
from server.http.fields import plain

#: More than this is a mistyped quantity, or several orders.
MAX_UNITS = 10_000
MAX_RUN_MINUTES = Decimal(10) ** 12


def is_serial(line: OrderLine) -> bool:
    """Whether every piece of the line is a unit of its own."""
    return line.product.tracking == "serial"


def planned_units(line: OrderLine) -> int:
    """How many tracked units the line becomes: one a piece for serials, one for the whole line otherwise."""
    return int(line.quantity) if is_serial(line) else 1


def run_minutes(line: OrderLine, step: RoutingOperation) -> Decimal:
    """The run time of one tracked unit: of a piece, or of the whole quantity that moves as one lot."""
    # Times are stored to one millionth of a minute; what is finer rounds away.
    whole = step.run_minutes if is_serial(line) else step.run_minutes * line.quantity
    return min(whole, MAX_RUN_MINUTES).quantize(Decimal("0.000001"))


def problems(lines: Sequence[OrderLine]) -> list[str]:
    """Why the lines cannot be made, each in a sentence; empty when they can."""
    found = [problem for line in lines if (problem := _problem(line)) is not None]
    if not lines:
        found.append("The order has no lines.")
    total = sum(planned_units(line) for line in lines)
    if total > MAX_UNITS:
        found.append(f"The order has {total} units; at most {MAX_UNITS} go into one order. Split it.")
    return found


def _problem(line: OrderLine) -> str | None:
    product = line.product
    if not product.active:
        return f"Line {line.position}: {product.sku} is not active any more."
    if not product.made:
        return f"Line {line.position}: {product.sku} is bought, and only what we make can be produced."
    if not product.routing:
        return f"Line {line.position}: {product.sku} has no routing. Give it at least one step."
    if is_serial(line) and line.quantity != int(line.quantity):
        return f"Line {line.position}: {product.sku} is made in whole pieces, not {plain(line.quantity)}."
    return None
