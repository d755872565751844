"""The answer to "what is this code?": identifiers, forms of writing, and every reading that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One way of reading a code: what it gave, or why it failed."""

    kind: str
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)
    error: str | None = None

    def as_json(self) -> dict[str, object]:
        """The reading as a JSON object."""
        return {"kind": self.kind, "keys": dict(self.keys), "error": self.error}


class Forms(Protocol):
    """The ways of writing what was read, each made when it is asked for: a scan needs its keys alone."""

    def element_string(self) -> str | None: ...
    def digital_link(self) -> str | None: ...
    def epc_uri(self) -> str | None: ...
    def tag_uri(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Identification:
    """What a code says. A code that cannot be read has `error`, a sentence, and never raises."""

    #: The code as it came, as text.
    input: str
    #: gs1 | gtin | sscc | epc | own | digital_link | text | unknown
    kind: str
    #: Identifiers by name: gtin (14 digits), serial, lot, sscc …; work_order, unit … for our own codes.
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)
    #: The EPC filter value, 0 to 7.
    filter: int | None = None
    #: Every interpretation tried, the chosen one first.
    readings: tuple[Interpretation, ...] = ()
    error: str | None = None
    #: None where there are no forms of writing.
    forms: Forms | None = None

    @property
    def element_string(self) -> str | None:
        """The bracketed form for people: (01)09506000134352(21)SER42."""
        return self.forms.element_string() if self.forms is not None else None

    @property
    def digital_link(self) -> str | None:
        """The GS1 Digital Link on id.gs1.org."""
        return self.forms.digital_link() if self.forms is not None else None

    @property
    def epc_uri(self) -> str | None:
        """urn:epc:id:…, the pure identity."""
        return self.forms.epc_uri() if self.forms is not None else None

    @property
    def tag_uri(self) -> str | None:
        """urn:epc:tag:…, the identity with filter and size."""
        return self.forms.tag_uri() if self.forms is not None else None

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
