"""The answer to "what is this code?": identifiers, forms of writing, and every reading that was tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One way of reading a code: what it gave, or why it failed."""

    kind: str
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)
    error: str | None = None
    #: Why the code may be read so, a part of a sentence.
    reason: str | None = None
    element_string: str | None = None

    def as_json(self) -> dict[str, object]:
        """The reading as a JSON object."""
        return {
            "kind": self.kind,
            "keys": dict(self.keys),
            "element_string": self.element_string,
            "reason": self.reason,
            "error": self.error,
        }


class Forms(Protocol):
    """The ways of writing what was read, each made when it is asked for: a scan needs its keys alone."""

    def element_string(self) -> str | None: ...
    def digital_link(self) -> str | None: ...
    def epc_uri(self) -> str | None: ...
    def tag_uri(self) -> str | None: ...
    def others(self) -> tuple[Interpretation, ...]: ...


class Told(NamedTuple):
    """What is said of a code beside its keys; of sound tags that begin alike it is the same."""

    #: gs1 | gtin | sscc | epc | own | digital_link | text | unknown
    kind: str
    #: The EPC filter value, 0 to 7.
    filter: int | None = None
    error: str | None = None
    #: Why the code was read so, a part of a sentence.
    reason: str | None = None
    #: None where there are no forms of writing; a class where they are made of the code when they are asked for.
    forms: Forms | Callable[[str], Forms] | None = None
    #: Of a code that was not read: what was tried, the likeliest first.
    tried: tuple[Interpretation, ...] = ()


class Identification:
    """What a code says. A code that cannot be read has `error`, a sentence, and never raises. It does not change."""

    # A reader tells thousands of tags a second. Three slots are made in a third of the time that a frozen dataclass or
    # a tuple of all fields takes, and are asked in a fraction of that of a property. Only makers of answers fill them.
    __slots__ = ("input", "keys", "told")
    #: The code as it came, as text.
    input: str
    #: Identifiers by name: gtin (14 digits), serial, lot, sscc …; work_order, unit … for our own codes.
    keys: Mapping[str, str]
    #: What is said beside the keys.
    told: Told

    @classmethod
    def of(cls, text: str, keys: Mapping[str, str], told: Told) -> Self:
        """The answer to a code: its identifiers, and what else is said of it."""
        made = cls()
        made.input, made.keys, made.told = text, keys, told
        return made

    @property
    def kind(self) -> str:
        """What kind of code it is, see `Told`."""
        return self.told.kind

    @property
    def filter(self) -> int | None:
        """The EPC filter value, 0 to 7."""
        return self.told.filter

    @property
    def error(self) -> str | None:
        """What is wrong with the code, a sentence."""
        return self.told.error

    @property
    def reason(self) -> str | None:
        """Why the code was read so, a part of a sentence."""
        return self.told.reason

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Identification):
            return NotImplemented
        return (self.input, self.keys, self.told) == (other.input, other.keys, other.told)

    # Keys are a dict, which has no hash.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Identification({self.input!r}, {self.keys!r}, {self.told!r})"

    @property
    def readings(self) -> tuple[Interpretation, ...]:
        """Every interpretation, the chosen one first and the less likely behind it."""
        if self.told.tried or self.kind == "unknown":
            return self.told.tried
        chosen = Interpretation(self.kind, self.keys, self.error, self.reason, self.element_string)
        written = self._written()
        return (chosen, *(written.others() if written is not None else ()))

    def _written(self) -> Forms | None:
        forms = self.told.forms
        return forms(self.input) if callable(forms) else forms

    @property
    def element_string(self) -> str | None:
        """The bracketed form for people: (01)09506000134352(21)SER42."""
        written = self._written()
        return written.element_string() if written is not None else None

    @property
    def digital_link(self) -> str | None:
        """The GS1 Digital Link on id.gs1.org."""
        written = self._written()
        return written.digital_link() if written is not None else None

    @property
    def epc_uri(self) -> str | None:
        """urn:epc:id:…, the pure identity."""
        written = self._written()
        return written.epc_uri() if written is not None else None

    @property
    def tag_uri(self) -> str | None:
        """urn:epc:tag:…, the identity with filter and size."""
        written = self._written()
        return written.tag_uri() if written is not None else None

    def as_json(self) -> dict[str, object]:
        """The answer as a JSON object; fields that do not apply are null."""
        return {
            "input": self.input,
            "kind": self.kind,
            "keys": dict(self.keys),
            "element_string": self.element_string,
            "digital_link": self.digital_link,
            "epc_uri": self.epc_uri,
            "tag_uri": self.tag_uri,
            "filter": self.filter,
            "readings": [reading.as_json() for reading in self.readings],
            "error": self.error,
        }
