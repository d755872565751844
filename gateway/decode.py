"""From what a reader said to what it means."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.protocols.reads import CodeRules, Read


@dataclass(frozen=True, slots=True)
class Reading:
    """A read with its meaning. Exactly one of `code` and `epc` is set.

    `code` is the text with GS (0x1D) kept; `raw` is base64 of the bytes, given only where they are not
    UTF-8. `kind` and `keys` are those of orderlight.autoid; `error` says in words why nothing (or nothing
    trustworthy) was recognised.
    """

    read: Read
    kind: str
    keys: Mapping[str, str]
    code: str | None = None
    epc: str | None = None
    raw: str | None = None
    error: str | None = None

    @property
    def reader(self) -> str:
        """The name of the device that read it."""
        return self.read.reader


def decode(read: Read, rules: CodeRules = CodeRules()) -> Reading:  # noqa: B008 - CodeRules is frozen.
    """Say what a read means; never raises on bad data, the reason is in `error`."""
    raise NotImplementedError
