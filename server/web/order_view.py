"""What the templates of an order get, the same for the page and for its live fragment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server.crm.customer_view import StoryLine, customer_order
from server.crm.milestones import Milestone
from server.crm.order_page import OrderPage
from server.crm.units import UnitRow
from server.messages import N_
from server.tracking.facts import FactKind
from server.tracking.states import UnitState
from server.web.axis import outlook, time_axis
from server.web.i18n import Formats
from server.web.sentences import Say, status
from server.web.words import word

#: So many cells fit on a screen and can be told apart; the table below holds them all.
MATRIX_CELLS = 400

_FIXED = {"confirmed": N_("Confirmed"), "packed": N_("Packed"), "shipped": N_("Shipped")}
#: The shades of the two states that are no progress.
HELD, SCRAPPED = -1, -2
_NO_PROGRESS = {HELD: "held", SCRAPPED: "scrapped"}


def order_context(order: OrderPage, formats: Formats, *, version: int, older: bool = False) -> dict[str, Any]:
    """Everything that `partials/order.html` names, for our own people."""
    say = Say(formats.language)
    units = [(unit, unit_words(unit, say), shade(unit)) for unit in order.units]
    return {
        **_shared(order, formats, version=version, for_customer=False),
        "order": order,
        "outlook": outlook(order, time_axis(order, formats), order.estimate, formats),
        "older": older,
        "units": [((order.number, unit, words, formats.zone), _ago(unit, formats)) for unit, words, _ in units],
        "cells": [
            (order.number, unit.number, unit.position, words, shade_class(found))
            for unit, words, found in units[:MATRIX_CELLS]
        ],
        "legend": legend(units, say),
        # When one of these changes, other buttons stand above.
        "gate": f"{order.lifecycle}.{order.fulfilment}.{order.on_hold}.{order.can_ship}",
    }


def customer_context(order: OrderPage, formats: Formats, *, version: int, where: str) -> dict[str, Any]:
    """Everything that `partials/customer_order.html` names: nothing but the allow-listed view.

    `where` is the address of the order for this reader; its units stand below it.
    """
    say = Say(formats.language)
    allowed = customer_order(order)
    units = [(unit, unit_words(unit, say, for_customer=True), shade(unit)) for unit in order.units]
    return {
        **_shared(order, formats, version=version, for_customer=True),
        "order": allowed,
        "where": where,
        "outlook": outlook(allowed, time_axis(order, formats), order.estimate, formats),
        "units": [
            ((where, unit.number, unit.serial or unit.number, unit.product, words, unit.last_seen_at, formats.zone),
             _ago(unit, formats))
            for unit, words, _ in units
        ],
        "cells": [
            (where, unit.number, unit.serial or unit.number, unit.position, words, shade_class(found))
            for unit, words, found in units[:MATRIX_CELLS]
        ],
        "legend": legend(units, say, held=N_("Being checked")),
        "story": [(line.at, story_words(line, say), formats.zone) for line in allowed.story],
    }  # fmt: skip


def _ago(unit: UnitRow, formats: Formats) -> str:
    return formats.relative(unit.last_seen_at) if unit.last_seen_at else ""


def _shared(order: OrderPage, formats: Formats, *, version: int, for_customer: bool) -> dict[str, Any]:
    return {
        "version": version,
        "topic": f"order:{order.number}",
        "lamp": status(order, formats, for_customer=for_customer),
        "steps": milestone_rows(order.milestones, Say(formats.language)),
        "for_customer": for_customer,
    }


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone for the stepper."""

    name: str
    done: int
    total: int
    state: str


def milestone_rows(found: Sequence[Milestone], say: Say) -> tuple[Step, ...]:
    """Milestones for the stepper; those that are no operation get their word here."""
    return tuple(
        Step(say(_FIXED[step.kind]) if step.kind in _FIXED else step.name, step.done, step.total, step.state)
        for step in found
    )


def unit_words(unit: UnitRow, say: Say, *, for_customer: bool = False) -> str:
    """Where a unit stands, in a few words; a customer is not told why one is held."""
    if unit.held and for_customer:
        return say(N_("Being checked"))
    if unit.held:
        return say(N_("On hold: %(why)s"), why=unit.hold_reason or say(N_("no reason was given")))
    if unit.state == UnitState.QUEUED and unit.step:
        return say(N_("Waits for %(step)s"), step=unit.step)
    if unit.state == UnitState.IN_PROCESS and unit.step:
        return say(N_("In %(step)s"), step=unit.step)
    if unit.state == UnitState.PACKED and unit.box and not for_customer:
        return say(N_("Packed in %(box)s"), box=unit.box)
    return say(word("unit_state", unit.state))


def shade(unit: UnitRow) -> int:
    """The shade of a unit's cell: how far it is, or that it is held or scrapped."""
    if unit.state == UnitState.SCRAPPED:
        return SCRAPPED
    return HELD if unit.held else unit.level


def shade_class(found: int) -> str:
    """The shade as the style sheet names it."""
    return _NO_PROGRESS.get(found) or f"l{found}"


def legend(
    units: Sequence[tuple[UnitRow, str, int]], say: Say, *, held: str = N_("On hold")
) -> list[tuple[str, str, int]]:
    """How many units stand where: words, shade, number; the furthest first."""
    found: dict[tuple[int, str], int] = {}
    for unit, words, place in units:
        short = words
        if unit.held and unit.state != UnitState.SCRAPPED:
            short = say(held)
        elif unit.state == UnitState.PACKED:
            short = say(N_("Packed"))
        found[(place, short)] = found.get((place, short), 0) + 1
    ranked = sorted(found.items(), key=lambda each: -each[0][0])
    return [(words, shade_class(place), number) for (place, words), number in ranked]


def story_words(line: StoryLine, say: Say) -> str:
    """A line of the customer's story."""
    number = len(line.subjects)
    if line.kind == FactKind.OPERATION_COMPLETED and line.step:
        if number == 1:
            return say(N_("%(step)s done: %(unit)s"), step=line.step, unit=line.subjects[0])
        return say(N_("%(step)s done for %(number)s units"), step=line.step, number=number)
    if line.kind == FactKind.OPERATION_COMPLETED and number > 1:
        # All steps at once, as work that was begun before this system came is entered.
        return say(N_("%(number)s units made"), number=number)
    if line.kind == FactKind.UNIT_PACKED and number > 1:
        return say(N_("%(number)s units packed"), number=number)
    return f"{say(word('fact', line.kind))}: {line.subjects[0]}"
