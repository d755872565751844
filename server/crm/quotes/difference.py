"""The difference between two versions of a quote, line by line and in words. Pure.

Lines have no name of their own that a customer would know, so they are matched by what they are: first those that
ask for the same product with the same options, then those for the same product, each in the order of the lines.

>>> red = Terms("FRAME", "Frame", {"colour": "red"}, Decimal(20), Decimal("120.00"))
>>> blue = Terms("FRAME", "Frame", {"colour": "blue"}, Decimal(25), Decimal("115.00"))
>>> in_words(compare([red], [blue])[0].changes, str)
'Quantity 20 → 25, colour red → blue, price 120.00 → 115.00'
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from server.http.fields import plain
from server.messages import N_

NOTHING = "–"
OPTION = "option"
WISHED_DATE = "wished_date"
UNIT_PRICE = "unit_price"


@dataclass(frozen=True, slots=True)
class Terms:
    """One line of a version, as far as both sides talk about it."""

    sku: str
    name: str
    configuration: Mapping[str, str]
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal = Decimal(0)
    wished_date: date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that became another."""

    #: quantity | unit_price | discount_percent | wished_date | note | option
    field: str
    #: A word of ours, to be translated, or the name of an option as the catalog words it.
    label: str
    #: Empty where there was nothing before, for the line is new.
    before: str
    now: str

    def named(self, say: Callable[[str], str]) -> str:
        """The label in the reader's language."""
        return self.label if self.field == OPTION else say(self.label)

    def way(self, day: Callable[[date], str], money: Callable[[Decimal], str]) -> str:
        """From what to what; days and amounts are written as this reader writes them."""
        before, now = self.before, self.now
        if self.field == WISHED_DATE:
            before, now = (text if text in ("", NOTHING) else day(date.fromisoformat(text)) for text in (before, now))
        if self.field == UNIT_PRICE:
            before, now = (money(Decimal(text)) if text else text for text in (before, now))
        return f"{before} → {now}" if before else now


def price(value: Decimal) -> str:
    """The amount with two places at the least, as prices are written.

    >>> price(Decimal("120")), price(Decimal("0.1250"))
    ('120.00', '0.125')
    """
    whole, _point, places = plain(value).partition(".")
    return f"{whole}.{places.ljust(2, '0')}"


def in_words(
    changes: Iterable[Change],
    say: Callable[[str], str],
    *,
    day: Callable[[date], str] = date.isoformat,
    money: Callable[[Decimal], str] = price,
) -> str:
    """The changes as a reader is told of them, in his language; programs are told amounts without their currency.

    >>> wished = Change(WISHED_DATE, "wished for", "2026-12-01", "2026-12-04")
    >>> in_words([wished], str, day=lambda day: f"{day:%d %b}")
    'wished for 01 Dec → 04 Dec'
    >>> dearer = Change(UNIT_PRICE, "price", "120.00", "125.00")
    >>> in_words([dearer], str, money=lambda amount: f"€{amount}")
    'price €120.00 → €125.00'
    """
    return ", ".join(f"{change.named(say)} {change.way(day, money)}" for change in changes)


@dataclass(frozen=True, slots=True)
class LineDifference:
    """What happened to one line: added, removed or changed."""

    kind: str
    name: str
    #: The place of the line in the newer version; of a removed one, in the older.
    position: int
    quantity: Decimal
    changes: Sequence[Change] = field(default_factory=tuple)


def compare(before: Sequence[Terms], now: Sequence[Terms]) -> list[LineDifference]:
    """What differs, in the order of the newer version, then what is gone; empty when nothing does."""
    pairs = match(before, now)
    found: list[LineDifference] = []
    for place, line in enumerate(now):
        old = pairs.get(place)
        if old is None:
            found.append(LineDifference("added", line.name, place + 1, line.quantity, tuple(wording_of(line))))
            continue
        changes = changes_of(before[old], line)
        if changes:
            found.append(LineDifference("changed", line.name, place + 1, line.quantity, tuple(changes)))
    kept = set(pairs.values())
    gone = [(place, line) for place, line in enumerate(before) if place not in kept]
    return [*found, *(LineDifference("removed", line.name, place + 1, line.quantity) for place, line in gone)]


def match(before: Sequence[Terms], now: Sequence[Terms]) -> dict[int, int]:
    """For each line of the newer version the one of the older that it continues, both counted from 0."""
    pairs: dict[int, int] = {}
    for is_same in (_is_same_choice, _is_same_product):
        for place, line in enumerate(now):
            if place in pairs:
                continue
            taken = set(pairs.values())
            old = next((at for at, other in enumerate(before) if at not in taken and is_same(other, line)), None)
            if old is not None:
                pairs[place] = old
    return pairs


def _is_same_choice(one: Terms, other: Terms) -> bool:
    return one.sku == other.sku and dict(one.configuration) == dict(other.configuration)


def _is_same_product(one: Terms, other: Terms) -> bool:
    return one.sku == other.sku


def changes_of(before: Terms, now: Terms) -> list[Change]:
    """What differs between two wordings of one line."""
    options = list(dict.fromkeys([*before.configuration, *now.configuration]))
    rows = [
        ("quantity", N_("Quantity"), plain(before.quantity), plain(now.quantity)),
        *((OPTION, name, *(_text(each.configuration.get(name)) for each in (before, now))) for name in options),
        (UNIT_PRICE, N_("price"), price(before.unit_price), price(now.unit_price)),
        ("discount_percent", N_("discount"), _percent(before.discount_percent), _percent(now.discount_percent)),
        (WISHED_DATE, N_("wished for"), _day(before.wished_date), _day(now.wished_date)),
        ("note", N_("remark"), _text(before.note), _text(now.note)),
    ]
    return [Change(*row) for row in rows if row[2] != row[3]]


def wording_of(line: Terms) -> list[Change]:
    """What a new line says besides its product and quantity: the options and price, and what else it has.

    >>> in_words(wording_of(Terms("FRAME", "Frame", {"colour": "red"}, Decimal(20), Decimal(120), Decimal(5))), str)
    'colour red, price 120.00, discount 5 %'
    """
    discount = _percent(line.discount_percent) if line.discount_percent else ""
    rows = [
        *((OPTION, name, choice) for name, choice in line.configuration.items()),
        (UNIT_PRICE, N_("price"), price(line.unit_price)),
        ("discount_percent", N_("discount"), discount),
        (WISHED_DATE, N_("wished for"), line.wished_date.isoformat() if line.wished_date else ""),
        ("note", N_("remark"), line.note or ""),
    ]
    return [Change(field, label, "", now) for field, label, now in rows if now]


def _percent(value: Decimal) -> str:
    return f"{plain(value)} %"


def _text(text: str | None) -> str:
    return text or NOTHING


def _day(day: date | None) -> str:
    return day.isoformat() if day else NOTHING
