"""What an event names: a unit by its identifiers, a card, or nothing we can use. Pure."""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from orderlight.autoid import identify, identify_epc
from server.tracking.states import Command

#: Identifier values are kept in 160 characters; what does not fit is known by its hash.
MAX_VALUE = 150
_TYPED = re.compile(r"(?:U|HU)-[0-9A-Z]{1,20}")
#: The AIM symbology identifier that a scanner may send before what stands on the label (ISO/IEC 15424).
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_CARDS = ("operator", "command", "station")
_NOT_UNITS = ("work_order", "order")


class Named(NamedTuple):
    """`kind` is unit, operator, command, station, operation, shipment, other, product, unreadable or nothing."""

    kind: str
    #: Identifier values to look the unit up by, the surest first; of a card, its body, behind which
    #: the code stands where it was typed; of a shipment, its number.
    values: tuple[str, ...]
    #: The code as it may stand in a sentence.
    shown: str
    error: str | None = None
    #: A radio tag: a stray one is no work for anybody.
    tag: bool = False
    #: The digits after which a company prefix would stand, for telling our own codes from foreign ones.
    gs1: str | None = None


NOTHING = Named("nothing", (), "")


class Coded(Protocol):
    """What of an event may name something."""

    @property
    def epc(self) -> str | None: ...
    @property
    def code(self) -> str | None: ...
    @property
    def keys(self) -> Mapping[str, str]: ...
    @property
    def raw(self) -> str | None: ...


def name_event(event: Coded) -> Named:
    """Say what the event names; the gateway's own keys are believed, for it knows how its scanners are set."""
    epc, code = event.epc, event.code
    if epc is not None:
        return _name_tag(epc, tuple(event.keys.items()))
    if code is not None:
        return _name_code(code, tuple(event.keys.items()))
    if event.keys:
        text = " ".join(event.keys.values())
        return _by_keys(event.keys, shown_code(text), text)
    if event.raw is not None:
        return Named("unreadable", (), shown_code(event.raw), "expected text, got bytes that are none")
    return NOTHING


def at_screen(named: Named) -> Named:
    """What a station's screen was told: the bare word of a command card stands for the card.

    The code itself stays behind it, for a unit may be known by that word, and then the unit is meant.

    >>> at_screen(_name_code("undo", ())).values
    ('UNDO', 'code:undo')
    >>> at_screen(_name_code("]C0UNDO", ())).kind
    'unit'
    """
    if named.kind != "unit" or len(named.values) != 1:
        return named
    word = named.values[0].removeprefix("code:").strip().upper()
    return Named("command", (word, *named.values), named.shown) if word in Command.__members__ else named


def shown_code(code: str) -> str:
    r"""The code with what cannot be printed made visible, at most 40 characters.

    >>> shown_code("A\x1dB")
    'A·B'
    """
    text = code[:41]
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else "·" for letter in text)
    return text if len(text) <= 40 else text[:39] + "…"


def code_value(code: str) -> str:
    """The identifier value under which a code that is no standard identifier can be bound to a unit."""
    if len(code) <= MAX_VALUE:
        return f"code:{code}"
    return f"code:sha256:{hashlib.sha256(code.encode('utf-8', 'surrogatepass')).hexdigest()}"


@lru_cache(maxsize=4096)
def _name_tag(epc: str, keys: tuple[tuple[str, str], ...]) -> Named:
    found = dict(keys) or dict(identify_epc(epc).keys)
    values: tuple[str, ...] = (f"epc:{epc}",)
    if "serial" in found and "gtin" in found:
        values += (f"01/{found['gtin']}/21/{found['serial']}",)
    if "sscc" in found:
        values += (f"00/{found['sscc']}",)
    return Named("unit", values, epc, tag=True, gs1=_company_digits(found))


@lru_cache(maxsize=4096)
def _name_code(code: str, keys: tuple[tuple[str, str], ...]) -> Named:
    shown = shown_code(code)
    if keys:
        return _by_keys(dict(keys), shown, code)
    found = identify(code)
    if found.keys and found.kind != "text":
        return _by_keys(found.keys, shown, code)
    values = _texts(code)
    # Plain text may be anybody's code; what looks like a code of ours or of GS1 and is not whole was misread.
    return Named("unit", values, shown, error=found.error if found.kind != "text" else None)


def _texts(code: str) -> tuple[str, ...]:
    """What plain text may be known by: as it came, without its symbology, and as a number that people type.

    >>> _texts("]C0u-1007")
    ('code:]C0u-1007', 'code:u-1007', 'U-1007')
    """
    prefix = _SYMBOLOGY.match(code)
    bare = code[prefix.end() :] if prefix else code
    values = (code_value(code),) if bare in (code, "") else (code_value(code), code_value(bare))
    typed = bare.strip().upper()
    return (*values, typed) if _TYPED.fullmatch(typed) else values


def _by_keys(keys: Mapping[str, str], shown: str, code: str) -> Named:
    if "unit" in keys:
        return Named("unit", (f"ol:U{keys['unit']}",), shown)
    for card in _CARDS:
        if card in keys:
            return Named(card, (keys[card],), shown)
    if "operation" in keys:
        return Named("operation", (keys.get("work_order", "") + keys["operation"],), shown)
    if "shipment" in keys:
        return Named("shipment", (f"SH-{keys['shipment']}",), shown)
    if "sscc" in keys:
        return Named("unit", (f"00/{keys['sscc']}",), shown, gs1=_company_digits(keys))
    if "gtin" in keys and "serial" in keys:
        return Named("unit", (f"01/{keys['gtin']}/21/{keys['serial']}",), shown, gs1=_company_digits(keys))
    if "gtin" in keys:
        return Named("product", _material(keys), shown)
    if "location" in keys:
        return Named("location", (keys["location"],), shown)
    if any(key in keys for key in _NOT_UNITS):
        return Named("other", (), shown)
    return Named("unit", (code_value(code),), shown)


def _material(keys: Mapping[str, str]) -> tuple[str, ...]:
    """GTIN, lot and quantity of a label of goods (GS1 General Specifications 3.4.1, 3.6.5 and 3.6.1)."""
    lot, quantity = keys.get("lot", ""), keys.get("count") or keys.get("variable_count") or ""
    return (keys["gtin"], lot, quantity) if lot or quantity else (keys["gtin"],)


def _company_digits(keys: Mapping[str, str]) -> str | None:
    """GS1 General Specifications 3.2: behind the indicator or extension digit the company prefix begins."""
    number = keys.get("sscc") or keys.get("gtin")
    return number[1:] if number else None
