"""Puts an identification together from what was read."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from orderlight.autoid import epc
from orderlight.autoid.digital_link import make_link
from orderlight.autoid.elements import GS, Elements
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.identification import Identification, Interpretation, Told
from orderlight.autoid.plus_tags import PlusTag
from orderlight.autoid.separators import put_back
from orderlight.autoid.tds import Fields

#: Controls (but GS), and the halves of surrogate pairs.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1c\x1e\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
TEXT: Final = Interpretation("text", reason="it is made of characters that can be printed")


class Asked(NamedTuple):
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
    return Identification.of(asked.text, {}, Told(kind, error=" ".join(sentences), tried=readings))


def plain_text(asked: Asked, data: str, readings: tuple[Interpretation, ...] = (), *, hint: str = "") -> Identification:
    """The answer for what is neither GS1's nor ours, with what else it may be, and how to say that it is."""
    found = _UNPRINTABLE.search(data)
    if found is not None:
        reason = f"expected a printable code, got {shown(found[0])} at position {found.start() + 1}"
        return unreadable(asked, reason, (*readings, Interpretation("text", error=reason)))
    reason = f"it is plain text, with no key of GS1, no EPC and no code of ours in it{hint}"
    return unreadable(asked, reason, (TEXT, *readings), kind="text")


def from_elements(
    asked: Asked, kind: str, elements: Elements, reason: str, *, scanned: str | None = None
) -> Identification:
    """The answer for GS1 elements; the values that are not sound are named in `error` and left out of the keys.

    AIs that may not stand together, or lack a companion, are an `error` too, but their values are sound and stay.
    `scanned` is the data of a symbol, in which a scanner may have dropped separators.
    """
    keys = elements.keys()
    if elements.faults:
        faults = " ".join(elements.faults)
        others = dropped(elements.items, scanned)
        readings = (Interpretation(kind, keys, faults, reason), *others)
        told = Told(kind, error=faults + _hint(others), reason=reason, tried=readings)
        return Identification.of(asked.text, keys, told)
    conflicts = elements.conflicts()
    error = f"Failed to take {shown(asked.text)} as whole: {'; '.join(conflicts)}." if conflicts else None
    forms = ElementForms(elements, asked.gcp_length, scanned)
    return Identification.of(asked.text, keys, Told(kind, None, error, reason, forms))


def dropped(items: tuple[tuple[str, str], ...], scanned: str | None) -> tuple[Interpretation, ...]:
    """What the data of a symbol would be if its scanner dropped separators."""
    if scanned is None:
        return ()
    # A scanner that sends a separator inside drops none; those at the ends may come from its set-up.
    return tuple(
        [
            Interpretation("gs1", way.keys(), None, "separators may have been dropped", way.brackets())
            for way in put_back(scanned.strip(GS))
            if way.items != items
        ]
    )


def unread_elements(asked: Asked, data: str, error: AutoIdError, reason: str) -> Identification:
    """The answer for GS1 data that cannot be taken apart, with what it would be if separators were dropped."""
    others = dropped((), data)
    readings = (Interpretation("gs1", error=str(error), reason=reason), *others)
    told = Told("gs1", error=str(error) + _hint(others), reason=reason, tried=readings)
    return Identification.of(asked.text, {}, told)


def _hint(others: tuple[Interpretation, ...]) -> str:
    if not others:
        return ""
    return f" If the scanner drops separators it may be {others[0].element_string}; let it send GS for FNC1."


def from_fields(asked: Asked, fields: Fields, *, with_tag: bool) -> Identification:
    """The answer for an EPC; filter and tag URI only where tag memory or a tag URI gave them."""
    has_filter = with_tag and fields.scheme != "gid-96"
    filter_value = fields.filter if has_filter else None
    reason = f"it is a {fields.scheme.upper()}" if with_tag else "it is the URI of an EPC"
    told = Told("epc", filter_value, None, reason, EpcForms(fields, with_tag))
    return Identification.of(asked.text, keys_of(fields), told)


def from_plus(asked: Asked, tag: PlusTag) -> Identification:
    """The answer for a tag of TDS 2.x, which has no tag URI (TDS 12)."""
    elements = Elements(tag.items)
    forms = ElementForms(elements, asked.gcp_length, None)
    told = Told("epc", tag.filter, None, f"it is a {tag.name}", forms)
    return Identification.of(asked.text, elements.keys(), told)


def keys_of(fields: Fields) -> dict[str, str]:
    """The identifiers of an EPC by name; a GID, which is of no key of GS1, is named as in its URI."""
    if fields.scheme == "gid-96":
        return {"gid": f"{fields.prefix}.{fields.reference}.{fields.serial}"}
    return epc.elements_of(fields).keys()


class ElementForms(NamedTuple):
    """The forms of writing of GS1 elements."""

    elements: Elements
    gcp_length: int | None
    #: The data of a symbol, None where no scanner can have dropped anything.
    scanned: str | None

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

    def others(self) -> tuple[Interpretation, ...]:
        """What the data would be if separators were dropped."""
        return dropped(self.elements.items, self.scanned)


class EpcForms(NamedTuple):
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

    def others(self) -> tuple[Interpretation, ...]:
        """Tag memory says by its header what it is."""
        return ()


class MemoryForms(NamedTuple):
    """The forms of writing of tag memory, taken apart when one is asked for."""

    text: str

    def _forms(self) -> EpcForms:
        return EpcForms(epc.read_hex(epc.clean_hex(self.text)), True)

    def element_string(self) -> str | None:
        """(01)…(21)…"""
        return self._forms().element_string()

    def digital_link(self) -> str | None:
        """https://id.gs1.org/01/…"""
        return self._forms().digital_link()

    def epc_uri(self) -> str | None:
        """urn:epc:id:…"""
        return self._forms().epc_uri()

    def tag_uri(self) -> str | None:
        """urn:epc:tag:…"""
        return self._forms().tag_uri()

    def others(self) -> tuple[Interpretation, ...]:
        """Tag memory says by its header what it is."""
        return ()
