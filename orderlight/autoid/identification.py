"""The answer to "what is this code?": identifiers, forms of writing, and every reading that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One way of reading a code: what it gave, or why it failed."""

    kind: str
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)
    error: str | None = None

    def as_json(self) -> dict[str, object]:
        """The reading as a JSON object."""
        return {"kind": self.kind, "keys": dict(self.keys), "error": self.error}


@dataclass(frozen=True, slots=True)
class Identification:
    """What a code says. A code that cannot be read has `error`, a sentence, and never raises."""

    #: The code as it came, as text.
    input: str
    #: gs1 | gtin | sscc | epc | own | digital_link | text | unknown
    kind: str
    #: Identifiers by name: gtin (14 digits), serial, lot, sscc …; work_order, unit … for our own codes.
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)
    #: The bracketed form for people: (01)09506000134352(21)SER42.
    element_string: str | None = None
    #: The GS1 Digital Link on id.gs1.org.
    digital_link: str | None = None
    #: urn:epc:id:…, the pure identity.
    epc_uri: str | None = None
    #: urn:epc:tag:…, the identity with filter and size.
    tag_uri: str | None = None
    #: The EPC filter value, 0 to 7.
    filter: int | None = None
    #: Every interpretation tried, the chosen one first.
    readings: tuple[Interpretation, ...] = ()
    error: str | None = None

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
