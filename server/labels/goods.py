"""Labels on goods of a lot: what a scanner reads to receive, count and take to hand, with the lot for people."""

from dataclasses import dataclass, replace
from decimal import Decimal

from orderlight.autoid.checks import CHARACTER_SET_82
from server.errors import FieldError, Invalid
from server.labels.symbols import MODULE_MM, Symbol, gs1_128
from server.messages import translate as _

#: What a label of the small sheet and one of the large leave for bars, between its margins.
_SMALL_MM, _LARGE_MM = 62.0, 93.0
#: So many digits a count may have in a code (GS1 General Specifications 3.6.5).
_MOST_DIGITS = 8
#: As many characters has a lot in a code (AI 10).
LONGEST_LOT = 20


@dataclass(frozen=True, slots=True)
class LotLabel:
    """The label of a lot; all labels of a sheet are the same."""

    name: str
    sku: str
    lot: str
    #: How much is in what it is put on, in words.
    quantity: str | None
    #: None where the product has no GTIN.
    symbol: Symbol | None
    #: Bars that long want the sheet with eight labels.
    is_large: bool


def require_lot(text: str) -> None:
    """Raise Invalid unless a label can say this lot: AI 10 holds 1 to 20 of 82 characters (GS1 GenSpecs 3.4.1, 7.11).

    >>> require_lot("L/1")
    """
    if not 0 < len(text) <= LONGEST_LOT or not all(letter in CHARACTER_SET_82 for letter in text):
        message = _("Expected a lot of 1 to {most} Latin letters, digits and signs without spaces, got {lot!r}.")
        raise Invalid(errors=[FieldError("lot", message.format(most=LONGEST_LOT, lot=text[:40]))])


def lot_label(*, name: str, sku: str, gtin: str | None, lot: str, quantity: Decimal | None = None) -> LotLabel:
    """The label of a lot; a whole quantity stands in the code, too, another one beside it alone.

    >>> lot_label(name="Tube", sku="T", gtin="09506000134352", lot="L1", quantity=Decimal(50)).symbol.text
    '(01)09506000134352(10)L1(37)50'
    """
    text = None if quantity is None else f"{quantity.normalize():f}"
    counted = (("37", text),) if text is not None and text.isdigit() and len(text) <= _MOST_DIGITS else ()
    symbol = gs1_128((("01", gtin), ("10", lot), *counted)) if gtin else None
    is_large = symbol is not None and symbol.width_mm > _SMALL_MM
    return LotLabel(name, sku, lot, text, None if symbol is None else _fitting(symbol, is_large=is_large), is_large)


def _fitting(symbol: Symbol, *, is_large: bool) -> Symbol:
    """Bars that would not fit even on the large label become narrower; 0.25 mm is the least a long lot asks for."""
    if not is_large:
        return symbol
    return replace(symbol, module_mm=min(MODULE_MM, MODULE_MM * _LARGE_MM / symbol.width_mm), height_mm=20.0)
