"""Puts an identification together from what was read."""

from __future__ import annotations

from dataclasses import dataclass

from orderlight.autoid import epc
from orderlight.autoid.digital_link import make_link
from orderlight.autoid.elements import Elements
from orderlight.autoid.errors import shown
from orderlight.autoid.identification import Identification, Interpretation
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
    """The answer for GS1 elements; the values that are not sound are named in `error` and left out of the keys."""
    keys = elements.keys()
    if elements.faults:
        error = " ".join(elements.faults)
        return Identification(asked.text, kind, keys, readings=(Interpretation(kind, keys, error),), error=error)
    return Identification(
        asked.text,
        kind,
        keys,
        element_string=elements.brackets(),
        digital_link=make_link(elements),
        epc_uri=_uri(elements, asked.gcp_length) if asked.gcp_length is not None else None,
        readings=(Interpretation(kind, keys),),
    )


def from_fields(asked: Asked, fields: Fields, *, with_tag: bool) -> Identification:
    """The answer for an EPC; filter and tag URI only where tag memory or a tag URI gave them."""
    elements = epc.elements_of(fields)
    keys = elements.keys()
    return Identification(
        asked.text,
        "epc",
        keys,
        element_string=elements.brackets(),
        digital_link=make_link(elements),
        epc_uri=epc.id_uri(fields),
        tag_uri=epc.tag_uri(fields) if with_tag else None,
        filter=fields.filter if with_tag else None,
        readings=(Interpretation("epc", keys),),
    )


def _uri(elements: Elements, gcp_length: int) -> str | None:
    fields = epc.fields_of(elements.values(), gcp_length)
    return epc.id_uri(fields) if fields is not None else None
