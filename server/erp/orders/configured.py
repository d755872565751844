"""Order lines with their choices made: what each takes and how it is made, as the products are known now."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from server.catalog.book import Costing, load_designs
from server.catalog.configuration import Configured, NotConfigurable, configure
from server.catalog.design import Step
from server.catalog.models import Product, RoutingOperation
from server.erp.orders.models import OrderLine
from server.messages import translate as _


def configured_lines(
    session: Session, lines: Sequence[OrderLine], costing: Costing | None = None
) -> tuple[Mapping[int, Configured], list[str]]:
    """By the id of the line, and why the others cannot be made, each in a sentence; the products are loaded."""
    designs = load_designs(session, {line.product.sku for line in lines}, costing)
    found: dict[int, Configured] = {}
    problems: list[str] = []
    for line in lines:
        choices = line.configuration if line.product.options else {}
        try:
            found[line.id] = configure(designs[line.product.sku], choices, quantity=line.quantity)
        except NotConfigurable as refusal:
            message = _("Line {position}: {because}")
            problems.append(message.format(position=line.position, because=refusal.detail))
    return found, problems


def routings(session: Session, lines: Sequence[OrderLine]) -> Mapping[int, Sequence[Step]]:
    """The steps of each line by its id; lines of products without options cost no query.

    A line whose choices no longer make a product has the steps of the product itself.
    """
    chosen = [line for line in lines if line.product.options]
    configured = configured_lines(session, chosen)[0] if chosen else {}
    return {
        line.id: configured[line.id].routing if line.id in configured else steps_of(line.product.routing)
        for line in lines
    }


def steps_of(routing: Iterable[RoutingOperation]) -> tuple[Step, ...]:
    """The stored steps of a product, whose work centers are loaded, as values."""
    return tuple(
        Step(
            step=row.step,
            name=row.name,
            work_center=row.work_center.key,
            work_center_id=row.work_center_id,
            setup_minutes=row.setup_minutes,
            run_minutes=row.run_minutes,
            transfer_quantity=row.transfer_quantity,
            instructions=row.instructions,
        )
        for row in routing
    )


def options_in_words(choices: Mapping[str, Any], summary: str | None) -> str | None:
    """What was chosen for people; what was written freely stands as it was written.

    >>> options_in_words({"colour": "red", "bell": "yes"}, None)
    'colour: red, bell: yes'
    """
    return (summary or ", ".join(f"{name}: {choice}" for name, choice in choices.items()))[:400] or None


def priced(product: Product, configured: Configured | None) -> Decimal | None:
    """What one piece is offered for before anybody agrees on another price."""
    return product.list_price if configured is None else configured.price
