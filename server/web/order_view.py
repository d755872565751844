"""What the templates of an order get, the same for the page and for its live fragment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from server.crm.order_page import OrderPage
from server.crm.units import UnitRow
from server.tracking.states import UnitState
from server.web.axis import time_axis
from server.web.i18n import N_, Formats
from server.web.sentences import Say, status

#: So many cells fit on a screen and can be told apart; the table below holds them all.
MATRIX_CELLS = 400

_FIXED = {"confirmed": N_("Confirmed"), "packed": N_("Packed"), "shipped": N_("Shipped")}


def order_context(
    order: OrderPage, formats: Formats, *, version: int, older: bool = False, for_customer: bool = False
) -> dict[str, Any]:
    """Everything that `partials/order*.html` names."""
    say = Say(formats.language)
    return {
        "order": order,
        "version": version,
        "older": older,
        "topic": f"order:{order.number}",
        "status": status(order, formats, for_customer=for_customer),
        "axis": time_axis(order, formats),
        "steps": milestone_rows(order, say),
        "cells": [(unit, unit_words(unit, say)) for unit in order.units[:MATRIX_CELLS]],
        "legend": legend(order.units, say),
        "units": [(unit, unit_words(unit, say)) for unit in order.units],
        "gate": f"{order.lifecycle}.{order.fulfilment}.{order.on_hold}",
    }


def milestone_rows(order: OrderPage, say: Say) -> list[Mapping[str, Any]]:
    """Milestones for the stepper; those that are no operation get their word here."""
    return [
        {
            "name": say(_FIXED[step.kind]) if step.kind in _FIXED else step.name,
            "done": step.done,
            "total": step.total,
            "state": step.state,
        }
        for step in order.milestones
    ]


def unit_words(unit: UnitRow, say: Say) -> str:
    """Where a unit stands, in a few words."""
    if unit.held:
        return say(N_("On hold: %(why)s"), why=unit.hold_reason or say(N_("no reason was given")))
    if unit.state == UnitState.QUEUED and unit.step:
        return say(N_("Waits for %(step)s"), step=unit.step)
    if unit.state == UnitState.IN_PROCESS and unit.step:
        return say(N_("In %(step)s"), step=unit.step)
    if unit.state == UnitState.PACKED and unit.box:
        return say(N_("Packed in %(box)s"), box=unit.box)
    from server.web.words import word

    return say(word("unit_state", unit.state))


def legend(units: Sequence[UnitRow], say: Say) -> list[tuple[str, int, int]]:
    """How many units stand where: words, shade, number."""
    found: Counter[tuple[int, str]] = Counter()
    for unit in units:
        words = say(N_("On hold")) if unit.held else unit_words(unit, say)
        words = say(N_("Packed")) if unit.state == UnitState.PACKED else words
        shade = -1 if unit.held else -2 if unit.state == UnitState.SCRAPPED else unit.level
        found[(shade, words)] += 1
    return [(words, shade, number) for (shade, words), number in sorted(found.items(), key=lambda each: -each[0][0])]
