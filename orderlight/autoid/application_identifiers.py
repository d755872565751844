"""The table of Application Identifiers, made ready to check values with.

>>> AIS["17"].key, AIS["17"].problem("261301")
('expiry', 'expected month 01 to 12, got 13')
>>> AIS["3103"].readable("001750")
'1.750'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from orderlight.autoid.ai_table import DECIMAL_PLACES, FACTS, NEVER_IN_QUERY, PREDEFINED_LENGTHS
from orderlight.autoid.errors import shown
from orderlight.autoid.rules import RULES, Flaw, Rule

_PART: Final = re.compile(r"([nxyz])(\.\.)?(\d+)(?::([\w+]+))?(\?)?")
Matcher = Callable[[str], re.Match[str] | None]
#: Character set -> a regular expression of one of its characters.
_CHARACTERS: Final = {"n": "[0-9]", "x": r"[!\"%-?A-Z_a-z]", "y": r"[#\-/0-9A-Z]"}
_SETS: Final[dict[str, tuple[Matcher, str]]] = {
    "n": (re.compile(_CHARACTERS["n"] + "+").fullmatch, "digits"),
    "x": (re.compile(_CHARACTERS["x"] + "+").fullmatch, "letters, digits and the signs of GS1 set 82"),
    "y": (re.compile(_CHARACTERS["y"] + "+").fullmatch, "capitals, digits, # - and /"),
    # Padding fills up to a multiple of three characters (GS1 General Specifications 7.11, figure 7.11-3).
    "z": (re.compile(r"[\w-]+|(?:[\w-]{3})*(?:[\w-]{2}=|[\w-]==)", re.ASCII).fullmatch, "base64url"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a value: its character set, its length and the rule for its content."""

    #: Gives a match when the whole text is of the set, and the set's name in words.
    matches: Matcher
    words: str
    shortest: int
    longest: int
    rules: tuple[Rule, ...]
    optional: bool
    #: A regular expression of one character; empty where what may stand beside what matters, too.
    characters: str

    def flaw(self, text: str) -> Flaw | None:
        """What is wrong with the piece, and where."""
        if self.shortest <= len(text) <= self.longest and self.matches(text):
            for rule in self.rules:
                found = rule(text)
                if found is not None:
                    return found
            return None
        if not self.shortest <= len(text) <= self.longest:
            span = str(self.longest) if self.shortest == self.longest else f"{self.shortest} to {self.longest}"
            start = min(self.longest, len(text)) if len(text) > self.longest else 0
            return Flaw(f"expected {span} characters, got {len(text)}", start)
        place = next(position for position, character in enumerate(text) if not self.matches(character))
        return Flaw(f"expected {self.words}, got {shown(text[place])} at position {place + 1}", place, place + 1)


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """One AI: what it means and what its value may be."""

    ai: str
    #: The name of the value in an identification's keys.
    key: str
    parts: tuple[Part, ...]
    #: The length of the value where the AI's first digits fix it and no separator is needed, else None.
    predefined: int | None
    #: Decimal places of the value, else None.
    decimals: int | None
    in_query: bool
    #: What is wrong with a value, and where; None when it is sound.
    flaw: Callable[[str], Flaw | None]

    def problem(self, value: str) -> str | None:
        """What is wrong with the value, in words; None when it is sound."""
        found = self.flaw(value)
        return None if found is None else found.words

    def is_whole(self, value: str) -> bool:
        """Whether a value of predefined length has that length and is made of digits."""
        return len(value) == self.predefined and value.isascii() and value.isdigit()

    def readable(self, value: str) -> str:
        """The value for people and programs: a measure gets its decimal point."""
        if self.decimals is None or not value.isdigit():
            return value
        # A currency code stands before the amount and has no decimals: 978 and 1234 are "978 12.34".
        lead, digits = (value[:3] + " ", value[3:]) if len(self.parts) == 2 else ("", value)
        digits = digits.zfill(self.decimals + 1)
        whole, fraction = digits[: len(digits) - self.decimals], digits[len(digits) - self.decimals :]
        number = whole.lstrip("0") or "0"
        return f"{lead}{number}.{fraction}" if fraction else f"{lead}{number}"


def _flaw_of(parts: tuple[Part, ...]) -> Callable[[str], Flaw | None]:
    """What looks for the flaw of a value that is made of these parts; most values are of one."""
    return parts[0].flaw if len(parts) == 1 else lambda value: _flaw(parts, value)


def _flaw(parts: tuple[Part, ...], value: str) -> Flaw | None:
    position = 0
    for part in parts:
        piece = value[position : position + part.longest]
        if not piece and part.optional:
            break
        found = part.flaw(piece)
        if found is not None:
            end = position + (len(piece) if found.end is None else found.end)
            return Flaw(found.words, position + found.start, end)
        position += len(piece)
    rest = len(value) - position
    return Flaw(f"expected at most {position} characters, got {len(value)}", position) if rest > 0 else None


def _parts(form: str) -> tuple[Part, ...]:
    return tuple(_part(piece) for piece in form.split())


def _part(piece: str) -> Part:
    found = _PART.fullmatch(piece)
    if found is None:
        raise ValueError(f"Failed to read the form {piece!r}: expected such as n6:date, x..20 or n3?.")
    characters, open_ended, length, names, optional = found.groups()
    longest = int(length)
    matches, words = _SETS[characters]
    rules = tuple(RULES[name] for name in names.split("+")) if names else ()
    return Part(
        matches, words, 1 if open_ended else longest, longest, rules, bool(optional), _CHARACTERS.get(characters, "")
    )


def _numbers(ai: str, key: str) -> Iterator[tuple[str, str, int | None]]:
    if ai.endswith("n"):
        for places in range(DECIMAL_PLACES.get(ai, 5) + 1):
            yield ai[:-1] + str(places), key, places
    elif "-" in ai:
        first, last = ai.split("-")
        for number in range(int(first), int(last) + 1):
            # 7030 to 7039 count from 0; 91 to 99 are named by themselves.
            yield str(number), key.format(n=number if len(first) == 2 else number - int(first)), None
    else:
        yield ai, key, None


def _table() -> dict[str, ApplicationIdentifier]:
    table: dict[str, ApplicationIdentifier] = {}
    for line, name, form in FACTS:
        parts = _parts(form)
        flaw = _flaw_of(parts)
        for ai, key, decimals in _numbers(line, name):
            length = PREDEFINED_LENGTHS.get(ai[:2])
            predefined = length - len(ai) if length is not None else None
            table[ai] = ApplicationIdentifier(ai, key, parts, predefined, decimals, ai not in NEVER_IN_QUERY, flaw)
    return table


#: AI -> what it means.
AIS: Final = _table()
#: First two digits -> how many digits the AI has; unknown AIs are not in it.
AI_LENGTHS: Final = {ai[:2]: len(ai) for ai in AIS}
