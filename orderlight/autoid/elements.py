r"""GS1 element strings: Application Identifiers and their values, with or without brackets.

>>> found = Elements.parse("01095060001343521721123110LOT7\x1d21SER42")
>>> found.brackets()
'(01)09506000134352(17)211231(10)LOT7(21)SER42'
>>> found.keys()["serial"]
'SER42'
>>> Elements.parse_brackets("(01)09506000134352(17)210000").faults
('Failed to read (17)21|00|00: expected month 01 to 12, got 00.',)
>>> Elements.parse_brackets("(21)SER42").conflicts()
('AI (21) needs (01), (03) or (8006) beside it',)
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Self

from orderlight.autoid.application_identifiers import AI_LENGTHS, AIS, ApplicationIdentifier
from orderlight.autoid.combinations import conflicts
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.rules import Flaw

#: The group separator stands for FNC1 inside and behind data (GS1 General Specifications 7.8.6).
GS: Final = "\x1d"
_BRACKETED: Final = re.compile(r"(?<!\\)\((\d{2,4})\)")
#: Longer pieces of a value are cut where a sentence shows them.
_SHOWN: Final = 40
_AMBIGUOUS: Final = re.compile(r"\((?=\d{2,4}\))")


class Elements(NamedTuple):
    """AIs and values in the order read, with sentences for the values that are not sound."""

    items: tuple[tuple[str, str], ...]
    #: Whole sentences; the values they name are left out of `keys`.
    faults: tuple[str, ...] = ()
    #: The AIs whose values are not sound.
    broken: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str, *, gs_substitutes: str = "") -> Self:
        """Read data as a scanner sends it, separators as GS; raises AutoIdError when it cannot be taken apart.

        `gs_substitutes` are characters that the scanner sends in the place of GS.
        """
        for substitute in gs_substitutes:
            text = text.replace(substitute, GS)
        return cls.checked(_take_apart(text))

    @classmethod
    def parse_brackets(cls, text: str) -> Self:
        """Read `(01)...(21)...`; a bracket that belongs to a value is written with a backslash before it."""
        items: list[tuple[str, str]] = []
        pieces = _BRACKETED.split(text)
        if pieces[0] or len(pieces) < 3:
            raise AutoIdError(f"Failed to read {shown(text)} as GS1 elements: expected (AI) in front of each value.")
        for ai, value in zip(pieces[1::2], pieces[2::2], strict=True):
            if ai not in AIS:
                raise AutoIdError(f"Failed to read {shown(text)} as GS1 elements: ({ai}) is no AI of GS1.")
            items.append((ai, value.replace("\\(", "(")))
        return cls.checked(items)

    @classmethod
    def checked(cls, items: list[tuple[str, str]]) -> Self:
        """Check each value, and that no AI has two values."""
        faults: list[str] = []
        broken: set[str] = set()
        seen: dict[str, str] = {}
        for ai, value in items:
            flaw = AIS[ai].flaw(value)
            if flaw is None and seen.setdefault(ai, value) != value:
                flaw = Flaw(f"expected one value, got {shown(seen[ai])} before it")
            if flaw is not None:
                faults.append(f"Failed to read {_marked(ai, value, flaw)}: {flaw.words}.")
                broken.add(ai)
        if len(seen) != len(items):
            items = list(dict.fromkeys(items))
        if not faults:
            return cls(tuple(items))
        return cls(tuple(items), tuple(faults), frozenset(broken))

    def conflicts(self) -> tuple[str, ...]:
        """What is wrong with these AIs standing together, in words (see `combinations`)."""
        return conflicts(tuple([ai for ai, _ in self.items]))

    def keys(self) -> dict[str, str]:
        """The sound values by their key names; measures with their decimal point."""
        found: dict[str, str] = {}
        for ai, value in self.items:
            if ai not in self.broken:
                entry = AIS[ai]
                found[entry.key] = value if entry.decimals is None else entry.readable(value)
        return found

    def values(self) -> dict[str, str]:
        """The sound values by their AIs."""
        return {ai: value for ai, value in self.items if ai not in self.broken}

    def brackets(self) -> str:
        """The form for people: (01)09506000134352(21)SER42."""
        return "".join([f"({ai}){_escaped(value)}" for ai, value in self.items])

    def encode(self) -> str:
        """The form for symbols: GS behind every value of open length but the last."""
        pieces: list[str] = []
        for ai, value in self.items:
            pieces.append(ai + value)
            if AIS[ai].predefined is None:
                pieces.append(GS)
        return "".join(pieces).removesuffix(GS)


def _escaped(value: str) -> str:
    """The value, with a backslash before brackets that would look like an AI."""
    return _AMBIGUOUS.sub(r"\\(", value) if "(" in value else value


def _marked(ai: str, value: str, flaw: Flaw) -> str:
    """The AI and its value with bars around the wrong characters: (01)0950600013435|3|."""
    end = len(value) if flaw.end is None else flaw.end
    pieces = value[: flaw.start], value[flaw.start : end], value[end:]
    before, wrong, behind = (ascii(piece[:_SHOWN])[1:-1] for piece in pieces)
    return f"({ai}){before}|{wrong}|{behind}"


def _take_apart(text: str) -> list[tuple[str, str]]:
    """Split data at the AIs; a predefined length ends a value, else GS or the end of the data does."""
    items: list[tuple[str, str]] = []
    # Some scanners send the leading FNC1 too, and some end the data with one.
    position, end = (1 if text.startswith(GS) else 0), len(text)
    while position < end:
        # AIs of two digits are on nearly every label, and need no look at how long they are.
        entry = AIS.get(text[position : position + 2]) or _longer_ai(text, position)
        ai, length = entry.ai, entry.predefined
        position += len(ai)
        stop = text.find(GS, position) if length is None else position + length
        value = text[position : stop if stop >= 0 else end]
        if not value or (length is not None and not entry.is_whole(value)):
            raise AutoIdError(_no_value(ai, value.partition(GS)[0], length))
        items.append((ai, value))
        position += len(value)
        # A separator behind a predefined length is superfluous, common, and harmless (7.8.6).
        if text.startswith(GS, position):
            position += 1
    if not items:
        raise AutoIdError("Failed to read GS1 elements: expected an AI and its value, got nothing.")
    return items


def _longer_ai(text: str, position: int) -> ApplicationIdentifier:
    entry = AIS.get(text[position : position + AI_LENGTHS.get(text[position : position + 2], 2)])
    if entry is None:
        raise AutoIdError(_no_ai(text, position))
    return entry


def _no_ai(text: str, position: int) -> str:
    found = text[position : position + 4]
    return (
        f"Failed to read {shown(text)} as GS1 elements: expected an AI at position {position + 1}, got {shown(found)}."
    )


def _no_value(ai: str, value: str, length: int | None) -> str:
    expected = f"{length} digits" if length is not None else "a value"
    got = shown(value) if value else "nothing"
    return f"Failed to read AI ({ai}): expected {expected}, got {got}."
