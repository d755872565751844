"""How an order line becomes tracked units, and whether it can be made at all. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from server.catalog.design import Kind, Step
from server.catalog.measures import breaks_a_piece
from server.catalog.models import Product
from server.erp.orders.models import OrderLine
from server.http.fields import plain
from server.messages import translate as _

#: More than this is a mistyped quantity, or several orders.
MAX_UNITS = 10_000
#: More of anything in one line is a mistyped quantity.
MAX_QUANTITY = Decimal(1_000_000)
MAX_RUN_MINUTES = Decimal(10) ** 12


def is_serial(line: OrderLine) -> bool:
    """Whether every piece of the line is a unit of its own."""
    return line.product.tracking == "serial"


def planned_units(line: OrderLine) -> int:
    """How many tracked units the line becomes: one a piece for serials, one for the whole line otherwise."""
    return int(line.quantity) if is_serial(line) else 1


def run_minutes(line: OrderLine, step: Step, quantity: Decimal) -> Decimal:
    """The run time of one tracked unit: of a piece, or of the quantity that moves as one lot."""
    # Times are stored to one millionth of a minute; what is finer rounds away.
    whole = step.run_minutes if is_serial(line) else step.run_minutes * quantity
    return min(whole, MAX_RUN_MINUTES).quantize(Decimal("0.000001"))


def quantity_problem(product: Product, quantity: Decimal) -> str | None:
    """Why nobody can order so much of the product, in a sentence; None when he can."""
    if quantity <= 0:
        return _("The quantity must be more than 0, not {quantity}.").format(quantity=plain(quantity))
    if (product.tracking == "serial" and quantity % 1) or breaks_a_piece(quantity, product.uom):
        return _("{product} comes in whole pieces, not {quantity}.").format(
            product=product.sku, quantity=plain(quantity)
        )
    most = Decimal(MAX_UNITS) if product.tracking == "serial" else MAX_QUANTITY
    if quantity > most:
        return _("{quantity} of {product} is more than one line takes; at most {most}. Split it.").format(
            quantity=plain(quantity), product=product.sku, most=plain(most)
        )
    return None


def units_to_make(line: OrderLine, quantity: Decimal) -> int:
    """How many units of the line are made when so much of it is not in stock."""
    return max(int(quantity), 0) if is_serial(line) else int(quantity > 0)


def is_bought(product: Product) -> bool:
    """Whether the product comes out of stock alone, since somebody else makes it."""
    return product.kind == Kind.PURCHASED


def supply_problem(product: Product, quantity: Decimal, there: Decimal) -> str | None:
    """Why nobody can have so much of a bought product, in a sentence; None when he can."""
    if not product.active:
        return _("{product} is not active any more.").format(product=product.sku)
    if there < quantity:
        message = _("{product} is bought, and {there} of {quantity} lie in stock unreserved. Receive the others first.")
        return message.format(product=product.sku, there=plain(there), quantity=plain(quantity))
    return quantity_problem(product, quantity)


def problems(lines: Sequence[OrderLine], stocked: Mapping[int, Decimal]) -> list[str]:
    """Why the lines cannot be supplied, each in a sentence; empty when they can. `stocked` is in stock."""
    found = [problem for line in lines if (problem := _problem(line, stocked.get(line.id, Decimal(0)))) is not None]
    if not lines:
        found.append(_("The order has no lines."))
    total = sum(planned_units(line) for line in lines)
    if total > MAX_UNITS:
        found.append(
            _("The order has {total} units; at most {max_units} go into one order. Split it.").format(
                total=total, max_units=MAX_UNITS
            )
        )
    return found


def making_problem(product: Product, quantity: Decimal) -> str | None:
    """Why nobody can make so much of the product, in a sentence; None when he can."""
    if not product.active:
        return _("{product} is not active any more.").format(product=product.sku)
    if not product.made:
        return _("{product} is bought, and only what we make can be produced.").format(product=product.sku)
    if not product.routing:
        return _("{product} has no routing. Give it at least one step.").format(product=product.sku)
    return quantity_problem(product, quantity)


def _problem(line: OrderLine, stocked: Decimal) -> str | None:
    if is_bought(line.product):
        problem = supply_problem(line.product, line.quantity, stocked)
    else:
        problem = making_problem(line.product, line.quantity)
    if problem is None:
        return None
    return _("Line {position}: {because}").format(position=line.position, because=problem)
