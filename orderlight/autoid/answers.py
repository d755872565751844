"""Puts an identification together from what was read."""

from __future__ import annotations

from dataclasses import dataclass

from orderlight.autoid import epc
from orderlight.autoid.digital_link import make_link
from orderlight.autoid.elements import Elements
from orderlight.autoid.errors import shown
from orderlight.autoid.identification import Identification, Interpretation
from orderlight.autoid.plus_tags import PlusTag
from orderlight.autoid.tds import Fields


@dataclass(frozen=True, slots=True)
class Asked:
    """The question: the code as it came, and what the standard cannot know."""

    text: str
    gcp_length: int | None = None
    gs_substitutes: str = ""


def unreadable(
    asked: Asked, reason: str, readings: tuple[Interpretation, ...] = (), *, kind: str = "unknown"
) -> Identification:
    """An answer without keys; without a reason of its own it gives those of the readings."""
    if reason:
        sentences = [f"Failed to identify {shown(asked.text)}: {reason}."]
    else:
        sentences = [reading.error for reading in readings if reading.error]
    return Identification(asked.text, kind, readings=readings, error=" ".join(sentences))


def from_elements(asked: Asked, kind: str, elements: Elements) -> Identification:
    """The answer for GS1 elements; the values that are not sound are named in `error` and left out of the keys.

    AIs that may not stand together, or lack a companion, are an `error` too, but their values are sound and stay.
    """
    keys = elements.keys()
    if elements.faults:
        faults = " ".join(elements.faults)
        return Identification(asked.text, kind, keys, readings=(Interpretation(kind, keys, faults),), error=faults)
    conflicts = elements.conflicts()
    error = f"Failed to take {shown(asked.text)} as whole: {'; '.join(conflicts)}." if conflicts else None
    readings = (Interpretation(kind, keys, error),)
    forms = ElementForms(elements, asked.gcp_length)
    return Identification(asked.text, kind, keys, readings=readings, error=error, forms=forms)


def from_fields(asked: Asked, fields: Fields, *, with_tag: bool) -> Identification:
    """The answer for an EPC; filter and tag URI only where tag memory or a tag URI gave them."""
    has_filter = with_tag and fields.scheme != "gid-96"
    keys = keys_of(fields)
    return Identification(
        asked.text,
        "epc",
        keys,
        filter=fields.filter if has_filter else None,
        readings=(Interpretation("epc", keys),),
        forms=EpcForms(fields, with_tag),
    )


def from_plus(asked: Asked, tag: PlusTag) -> Identification:
    """The answer for a tag of TDS 2.x, which has no tag URI (TDS 12)."""
    elements = Elements(tag.items)
    keys = elements.keys()
    forms = ElementForms(elements, asked.gcp_length)
    return Identification(
        asked.text, "epc", keys, filter=tag.filter, readings=(Interpretation("epc", keys),), forms=forms
    )


def keys_of(fields: Fields) -> dict[str, str]:
    """The identifiers of an EPC by name; a GID, which is of no key of GS1, is named as in its URI."""
    if fields.scheme == "gid-96":
        return {"gid": f"{fields.prefix}.{fields.reference}.{fields.serial}"}
    return epc.elements_of(fields).keys()


@dataclass(frozen=True, slots=True)
class ElementForms:
    """The forms of writing of GS1 elements."""

    elements: Elements
    gcp_length: int | None

    def element_string(self) -> str | None:
        """(01)…(21)…"""
        return self.elements.brackets()

    def digital_link(self) -> str | None:
        """https://id.gs1.org/01/…"""
        return make_link(self.elements)

    def epc_uri(self) -> str | None:
        """urn:epc:id:…, where the length of the company prefix is known."""
        if self.gcp_length is None:
            return None
        fields = epc.fields_of(self.elements.values(), self.gcp_length)
        return epc.id_uri(fields) if fields is not None else None

    def tag_uri(self) -> str | None:
        """Elements say nothing of a tag."""
        return None


@dataclass(frozen=True, slots=True)
class EpcForms:
    """The forms of writing of an EPC."""

    fields: Fields
    with_tag: bool

    def element_string(self) -> str | None:
        """(01)…(21)…"""
        return epc.elements_of(self.fields).brackets() or None

    def digital_link(self) -> str | None:
        """https://id.gs1.org/01/…"""
        return make_link(epc.elements_of(self.fields))

    def epc_uri(self) -> str | None:
        """urn:epc:id:…"""
        return epc.id_uri(self.fields)

    def tag_uri(self) -> str | None:
        """urn:epc:tag:…, where memory or a tag URI gave it."""
        return epc.tag_uri(self.fields) if self.with_tag else None
