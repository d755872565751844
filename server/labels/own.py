"""Our own printed codes as bar codes."""

from orderlight.autoid import OwnCode
from server.labels.symbols import Symbol, code_128

#: What a code of ours can hold.
LONGEST_BODY = 20


def own_symbol(kind: str, body: str, *, height_mm: float = 12.0) -> Symbol:
    """The bars of a code of ours; `kind` is its type letter."""
    return code_128(str(OwnCode(kind, body)), height_mm=height_mm)


def body_of(number: str) -> str:
    """The part of a number behind its prefix: U-0011 is printed as OLU0011 and a check character."""
    return number.split("-", 1)[1]


def letters_of(key: str) -> str:
    """A station's key as own codes can carry it: capitals and digits alone."""
    return "".join(letter for letter in key.upper() if letter.isalnum())
