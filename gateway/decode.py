"""From what a reader said to what it means."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from gateway.protocols.reads import CodeRules, Read, TagRead
from orderlight.autoid import Identification, identify, identify_epc

NO_RULES: Final = CodeRules()
_NO_KEYS: Final[Mapping[str, str]] = MappingProxyType({})


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


def decode(read: Read, rules: CodeRules = NO_RULES) -> Reading:
    """Say what a read means; never raises on bad data, the reason is in `error`."""
    if isinstance(read, TagRead):
        tag = identify_epc(read.epc, gcp_length=rules.gcp_length)
        return Reading(read, tag.kind, tag.keys, epc=read.epc, error=tag.error)
    text, raw = _text_of(read.raw)
    text = _with_aim_identifier(text, rules.code_ids)
    if read.fault is not None:
        # Half a code may look like a whole one with another meaning, so nothing is recognised in it.
        return Reading(read, "unknown", _NO_KEYS, code=text, raw=raw, error=read.fault)
    code = _identify_code(text, rules.gcp_length, rules.gs_substitutes)
    return Reading(read, code.kind, code.keys, code=text, raw=raw, error=code.error)


def explain(read: Read, rules: CodeRules = NO_RULES) -> Identification:
    """What the read says in all its forms, for a person who looks; decode() is the short way."""
    if isinstance(read, TagRead):
        return identify_epc(read.epc, gcp_length=rules.gcp_length)
    text = _with_aim_identifier(_text_of(read.raw)[0], rules.code_ids)
    return _identify_code(text, rules.gcp_length, rules.gs_substitutes)


def _text_of(raw: bytes) -> tuple[str, str | None]:
    """The text, and base64 of the bytes where the text does not give them back."""
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace"), base64.b64encode(raw).decode("ascii")


def _with_aim_identifier(text: str, code_ids: tuple[tuple[str, str], ...]) -> str:
    """A vendor's one-letter code id says nothing to anyone else: the AIM identifier takes its place."""
    for letter, aim in code_ids:
        if text.startswith(letter):
            return aim + text[len(letter) :]
    return text


# A box label is scanned at every station, so the answer is kept; it takes more than a kilobyte, so only a few are.
# Those about tags are kept by identify_epc itself.
@lru_cache(maxsize=128)
def _identify_code(text: str, gcp_length: int | None, gs_substitutes: str) -> Identification:
    return identify(text, gcp_length=gcp_length, gs_substitutes=gs_substitutes)
