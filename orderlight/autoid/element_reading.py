r"""The short way from GS1 data behind a symbology identifier to keys, for data in which all is sound.

Data with any fault has no short way: `elements` takes it apart, and says what is wrong.

>>> read("]C1010950600013435210LOT7\x1d21SER42").keys
{'gtin': '09506000134352', 'lot': 'LOT7', 'serial': 'SER42'}
>>> read("]C1010950600013435310LOT7") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from orderlight.autoid.answers import ElementForms
from orderlight.autoid.application_identifiers import AI_LENGTHS, AIS, ApplicationIdentifier
from orderlight.autoid.combinations import conflicts
from orderlight.autoid.elements import GS, Elements
from orderlight.autoid.identification import Identification, Told
from orderlight.autoid.rules import Rule
from orderlight.autoid.symbology import PROMISES

#: Longer data takes the long way, which refuses what is too long for any symbol.
_LONGEST: Final = 512
#: A symbology identifier.
_IDENTIFIER: Final = slice(3)


@dataclass(frozen=True, slots=True)
class _Value:
    """How the value of an AI is read."""

    ai: str
    key: str
    #: Matches a value and the separator behind it.
    match: Callable[[str, int], re.Match[str] | None]
    #: What the value must hold beside the characters that were matched.
    rules: tuple[Rule, ...]
    #: Puts the decimal point in, where the AI says where it is.
    readable: Callable[[str], str] | None


#: AI -> how its value is read, made when it is met first: few of the five hundred ever are.
_VALUES: Final[dict[str, _Value]] = {}


def read(text: str) -> Identification | None:
    """The answer for a code in which all is sound; None where only the long way tells."""
    if text[_IDENTIFIER] not in PROMISES or len(text) > _LONGEST:
        return None
    position, end = 3, len(text)
    ais: list[str] = []
    keys: dict[str, str] = {}
    while position < end:
        value = _VALUES.get(text[position : position + 2]) or _longer(text, position)
        found = value.match(text, position) if value is not None else None
        if value is None or found is None or value.key in keys:
            return None
        content = found[1]
        for rule in value.rules:
            if rule(content) is not None:
                return None
        keys[value.key] = content if value.readable is None else value.readable(content)
        ais.append(value.ai)
        position = found.end()
    told = _told(text[_IDENTIFIER], tuple(ais))
    return Identification.of(text, keys, told) if told is not None else None


def _longer(text: str, position: int) -> _Value | None:
    """How the value behind an AI of more than two digits is read, or of one that is met first; None behind no AI."""
    ai = text[position : position + AI_LENGTHS.get(text[position : position + 2], 2)]
    if ai not in AIS:
        return None
    return _VALUES.get(ai) or _VALUES.setdefault(ai, _value(AIS[ai]))


def _value(entry: ApplicationIdentifier) -> _Value:
    part, readable = entry.parts[0], entry.readable if entry.decimals is not None else None
    if len(entry.parts) == 1 and part.characters:
        value, rules = f"{part.characters}{{{part.shortest},{part.longest}}}", part.rules
    else:
        value, rules = f"[^{GS}]+", (entry.flaw,)
    behind = f"{GS}?" if entry.predefined is not None else rf"(?:{GS}|\Z)"
    return _Value(entry.ai, entry.key, re.compile(f"{entry.ai}({value}){behind}").match, rules, readable)


# Symbols of one kind carry the same AIs all day, so what is said of them is kept.
@lru_cache(maxsize=256)
def _told(identifier: str, ais: tuple[str, ...]) -> Told | None:
    """What is said of such a code beside its keys; None where AIs do not go together, or there are none."""
    if not ais or conflicts(ais):
        return None
    return Told("gs1", None, None, PROMISES[identifier], symbol_forms)


def symbol_forms(text: str) -> ElementForms:
    """The forms of writing of such a code, which is taken apart when one is asked for."""
    return ElementForms(Elements.parse(text[3:]), None, text[3:])
