"""Sentences for people: the bottom of the house, so that every room may mark and say them.

A refusal is worded deep inside a service, which knows nothing of languages. Whoever reads the answer of the present
request stands in READER, where the edge puts him; without one (a command, a test) the sentence stays English.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import date
from typing import NamedTuple

Translator = Callable[[str], str]


class Voice(NamedTuple):
    """How one language says a sentence and writes a day."""

    translate: Translator
    day: Callable[[date], str]


def N_(message: str) -> str:  # noqa: N802 - the customary name, which pybabel extracts
    """Mark a sentence for translation where it is declared; it is translated where it is used."""
    return message


class Reader:
    """Who reads the answer of one request; his language is chosen when the first sentence is needed."""

    def __init__(self, choose: Callable[[str | None], Voice]) -> None:
        self._choose = choose
        self._own: str | None = None
        self._voice: Voice | None = None

    def knows(self, language: str | None) -> None:
        """The reader turned out to be a person with a language of his own."""
        self._own, self._voice = language, None

    @property
    def voice(self) -> Voice:
        """The reader's language."""
        if self._voice is None:
            self._voice = self._choose(self._own)
        return self._voice

    def translate(self, message: str) -> str:
        """The sentence in the reader's language."""
        return self.voice.translate(message)


READER: ContextVar[Reader | None] = ContextVar("reader", default=None)


def translate(message: str) -> str:
    """The sentence in the language of whoever reads the answer; modules know it as `_`, which pybabel extracts."""
    reader = READER.get()
    return message if reader is None else reader.translate(message)


def in_words(day: date) -> str:
    """The day as the reader of the answer writes it, for a sentence; without a reader as machines do."""
    reader = READER.get()
    return day.isoformat() if reader is None else reader.voice.day(day)
