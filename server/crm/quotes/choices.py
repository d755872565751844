"""Lines with their choices made, as the catalog knows the products now: price, cost, and what is not offered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from server.catalog.book import Costing, load_designs
from server.catalog.configuration import NotConfigurable, configure
from server.catalog.design import Design


@dataclass(frozen=True, slots=True)
class Wish:
    """So much of a product with these options."""

    sku: str
    choices: Mapping[str, str]
    quantity: Decimal
    #: What is to be otherwise, by the key or the name of the option.
    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the catalog says to a wish: its choices with the defaults, or why it cannot be."""

    #: By key, as orders keep them.
    choices: Mapping[str, str]
    #: The same in the words of the catalog: {"Colour": "Signal red"}.
    named: Mapping[str, str]
    price: Decimal | None = None
    #: The standard cost of one; None where it was not asked for, or something below has no cost.
    cost: Decimal | None = None
    refusal: str | None = None


def choose(
    session: Session, wishes: Sequence[Wish], *, currency: str | None = None, now: datetime | None = None
) -> list[Chosen]:
    """The answer to each wish; with the currency costs are told in, with costs too. The products must exist.

    A product without options takes whatever is written.
    """
    costing = Costing(currency, now) if currency is not None and now is not None else None
    designs = load_designs(session, {wish.sku for wish in wishes}, costing)
    return [_choose(designs[wish.sku], wish) for wish in wishes]


def _choose(design: Design, wish: Wish) -> Chosen:
    wanted = _merged(design, wish)
    try:
        made = configure(design, wanted if design.options else {}, quantity=wish.quantity)
    except NotConfigurable as refusal:
        return Chosen(wanted, wanted, refusal=refusal.detail)
    cost = None if made.cost is None or made.cost.missing else made.cost.total
    if not design.options:
        return Chosen(wanted, wanted, made.price, cost)
    named = {
        option.name: choice.name
        for option in design.options
        for choice in option.choices
        if made.choices.get(option.key) == choice.key
    }
    return Chosen(dict(made.choices), named, made.price, cost)


def _merged(design: Design, wish: Wish) -> dict[str, str]:
    """The choices with the changes over them, whichever of its two names each gives the option."""
    names = {option.name.casefold(): option.key.casefold() for option in design.options}
    changed = {names.get(name.casefold(), name.casefold()) for name in wish.changes}
    kept = {name: choice for name, choice in wish.choices.items() if name.casefold() not in changed}
    return kept | dict(wish.changes)
