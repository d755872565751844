"""Why a code cannot be read."""

from __future__ import annotations


class AutoIdError(ValueError):
    """An identifier cannot be read or made; the text says value, kind, expected and got."""


def shown(value: str) -> str:
    """The value as it may stand in a sentence: ASCII, at most 60 characters.

    >>> shown("a\\x1d")
    "'a\\\\x1d'"
    """
    # The cut comes first, so that a code of 10 kB costs no more than a short one.
    text = ascii(value[:80])
    return text if len(text) <= 60 else text[:57] + "..."
