"""Our own printed codes: OL, a type letter, a body, and a check character.

>>> str(OwnCode("U", "0011"))
'OLU0011P'
>>> OwnCode.parse("OLU0011P").keys()
{'unit': '0011'}
>>> OwnCode.operation("1000", "010").keys()
{'work_order': '1000', 'operation': '010'}
>>> OwnCode.parse("OLU0012P")
Traceback (most recent call last):
...
orderlight.autoid.errors.AutoIdError: Failed to read 'OLU0012P' as our own code: expected check character N, got P.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from orderlight.autoid.checks import mod_37_36
from orderlight.autoid.errors import AutoIdError, shown

#: Type letter -> name of the key that the body is.
OWN_TYPES: Final = {
    "W": "work_order",
    "O": "operation",
    "S": "station",
    "B": "operator",
    "C": "command",
    "U": "unit",
    "Q": "order",
    "D": "shipment",
    "L": "location",
}
_STEP_DIGITS: Final = 3
_FORM: Final = re.compile(r"OL([WOSBCUQDL])([0-9A-Z]{1,20})([0-9A-Z])")
_FRONTS: Final = ("OL", "ol", "Ol", "oL")
_BODY: Final = re.compile(r"[0-9A-Z]{1,20}")


def own_form(text: str) -> re.Match[str] | None:
    """A match of type, body and check character when the text has the form of our codes, in capitals or not."""
    if not text.startswith(_FRONTS) or not text.isascii():
        return None
    return _FORM.fullmatch(text.upper())


def own_keys(found: re.Match[str]) -> dict[str, str]:
    """What a code of our form names; raises AutoIdError when its check character is another."""
    text, letter, body, check = found[0], found[1], found[2], found[3]
    expected = mod_37_36(text[:-1])
    if expected != check:
        raise AutoIdError(
            f"Failed to read {shown(text)} as our own code: expected check character {expected}, got {check}."
        )
    if letter != "O":
        return {OWN_TYPES[letter]: body}
    if not _is_operation(body):
        raise AutoIdError(
            f"Failed to read {shown(text)} as the code of an operation: expected a work order and a step of "
            f"{_STEP_DIGITS} digits, got {shown(body)}."
        )
    return {"work_order": body[:-_STEP_DIGITS], "operation": body[-_STEP_DIGITS:]}


@dataclass(frozen=True, slots=True)
class OwnCode:
    """A code that we print ourselves; raises AutoIdError when type or body cannot be printed."""

    #: One of the letters of OWN_TYPES.
    type: str
    #: 1 to 20 of 0-9 and A-Z; an operation's body ends with the three digits of its step.
    body: str

    def __post_init__(self) -> None:
        if self.type not in OWN_TYPES:
            raise AutoIdError(
                f"Failed to make our own code: expected a type of {' '.join(OWN_TYPES)}, got {shown(self.type)}."
            )
        if not _BODY.fullmatch(self.body):
            raise AutoIdError(
                f"Failed to make our own code: expected a body of 1 to 20 of 0-9 and A-Z, got {shown(self.body)}."
            )
        if self.type == "O" and not _is_operation(self.body):
            raise AutoIdError(
                f"Failed to make the code of an operation: expected a work order and a step of "
                f"{_STEP_DIGITS} digits, got {shown(self.body)}."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a printed code, in capitals or not; raises AutoIdError."""
        found = own_form(text)
        if found is None:
            raise AutoIdError(
                f"Failed to read {shown(text)} as our own code: expected OL, one of {' '.join(OWN_TYPES)}, "
                "1 to 20 of 0-9 and A-Z, and a check character."
            )
        own_keys(found)
        return cls(found[1], found[2])

    @classmethod
    def operation(cls, work_order: str, step: str) -> Self:
        """The code of one step of a work order; the step has three digits."""
        return cls("O", work_order + step)

    def keys(self) -> dict[str, str]:
        """What the code names, as key and value."""
        if self.type == "O":
            return {"work_order": self.body[:-_STEP_DIGITS], "operation": self.body[-_STEP_DIGITS:]}
        return {OWN_TYPES[self.type]: self.body}

    def __str__(self) -> str:
        text = f"OL{self.type}{self.body}"
        return text + mod_37_36(text)


def _is_operation(body: str) -> bool:
    return len(body) > _STEP_DIGITS and body[-_STEP_DIGITS:].isdigit()
