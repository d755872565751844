"""What programs send and get about costs, configurations and uses of products."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from server.catalog.configuration import Configured
from server.catalog.costs import Cost
from server.catalog.design import Part, Step
from server.erp.products.service import Uses
from server.http.fields import Configuration, PositiveQuantity, Strict, plain

Quantity = Annotated[PositiveQuantity, Field(le=1_000_000)]


class ConfigureBody(Strict):
    """Choices to be tried; `quantity` is how many are made together."""

    choices: Configuration = {}
    quantity: Quantity = Decimal(1)


def cost_in_json(cost: Cost) -> dict[str, Any]:
    """A cost with its breakdown."""
    return {
        "currency": cost.currency,
        "as_of": None if cost.as_of is None else cost.as_of.isoformat(),
        "quantity": plain(cost.quantity),
        "material": plain(cost.sum_of("material")),
        "labour": plain(cost.sum_of("labour")),
        "extra": plain(cost.sum_of("extra")),
        "total": plain(cost.total),
        "missing": list(cost.missing),
        "lines": [
            {
                "kind": line.kind,
                "what": line.what,
                "name": line.name,
                "quantity": plain(line.quantity),
                "uom": line.uom,
                "rate": _plain(line.rate),
                "amount": _plain(line.amount),
            }
            for line in cost.lines
        ],
    }


def configured_in_json(found: Configured, *, with_cost: bool) -> dict[str, Any]:
    """A configured product; what it costs only for those who may know it."""
    return {
        "choices": dict(found.choices),
        "summary": found.summary,
        "surcharge": plain(found.surcharge),
        "price": _plain(found.price),
        "bom": [_part(part) for part in found.bom],
        "routing": [_step(step) for step in found.routing],
        "cost": cost_in_json(found.cost) if with_cost and found.cost is not None else None,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "component": part.component,
        "name": part.name,
        "quantity": plain(part.quantity),
        "uom": part.uom,
        "scrap_percent": plain(part.scrap_percent),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.step,
        "name": step.name,
        "work_center": step.work_center,
        "setup_minutes": plain(step.setup_minutes),
        "run_minutes": plain(step.run_minutes),
        "transfer_quantity": step.transfer_quantity,
        "instructions": step.instructions,
    }


def uses_in_json(uses: Uses) -> dict[str, Any]:
    """Where a product is used."""
    return {
        "boms": [
            {
                "product": use.sku,
                "name": use.name,
                "revision": use.revision,
                "quantity": plain(use.quantity),
                "scrap_percent": plain(use.scrap_percent),
                "choice": use.choice,
            }
            for use in uses.boms
        ],
        "taken_by": [{"product": one.sku, "name": one.name, "level": one.level} for one in uses.takers],
        "orders": [
            {
                "order": use.order,
                "customer": use.customer,
                "lifecycle": use.lifecycle,
                "product": use.product,
                "quantity": plain(use.quantity),
            }
            for use in uses.orders
        ],
        "work_orders": [
            {
                "work_order": use.number,
                "order": use.order,
                "state": use.state,
                "product": use.product,
                "quantity": plain(use.quantity),
            }
            for use in uses.work_orders
        ],
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
