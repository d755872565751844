"""What has changed about an order, in words, for whoever pressed a button of a page from before."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from server.crm.order_since import Decision
from server.messages import N_
from server.web.page import Page
from server.web.words import word

#: Fields of an order as a sentence names them; what is not here says nothing to a reader.
_FIELDS: Final[Mapping[str, str]] = {
    "lifecycle": N_("Lifecycle"),
    "promise_date": N_("Promised day"),
    "priority": N_("Priority"),
    "hold_reason": N_("Hold"),
    "customer_reference": N_("Their number"),
    "special_instructions": N_("Special instructions"),
    "lines": N_("Ordered"),
}
_DIFFERS: Final = N_("%(field)s: %(before)s → %(after)s")


def told_since(page: Page, decisions: Sequence[Decision]) -> list[str]:
    """One line for each: when, what, who, and what differs by it."""
    return [_line(page, each) for each in decisions]


def _line(page: Page, decision: Decision) -> str:
    when = page.formats.short_moment(decision.at)
    head = ", ".join(part for part in (page.say(word("fact", decision.kind)), decision.who) if part)
    differing = [_differs(page, decision, name) for name in _FIELDS if name in decision.after]
    return f"{when} {head}" + (". " + "; ".join(differing) if differing else "")


def _differs(page: Page, decision: Decision, name: str) -> str:
    before, after = (_in_words(page, name, told.get(name)) for told in (decision.before, decision.after))
    return page.say(_DIFFERS, field=page.say(_FIELDS[name]), before=before, after=after)


def _in_words(page: Page, name: str, value: Any) -> str:
    if value in (None, "", []):
        return "–"
    if name == "lifecycle":
        return page.say(word("lifecycle", str(value)))
    if name == "promise_date":
        return page.formats.long_day(date.fromisoformat(value))
    if name == "lines":
        return ", ".join(_line_in_words(page, line) for line in value)
    return str(value)


def _line_in_words(page: Page, line: Mapping[str, Any]) -> str:
    price = line.get("unit_price")
    told = f"{page.formats.number(Decimal(line['quantity']))} × {line['product']}"
    return told if price is None else f"{told} ({page.formats.number(Decimal(price))})"
