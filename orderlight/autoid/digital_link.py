"""GS1 Digital Link URIs, uncompressed: a web address that carries a GS1 identification.

>>> found = parse_link("https://shop.example/p/01/09506000134352/10/AB%2F1/21/S1?17=261231&lang=en")
>>> found.brackets()
'(01)09506000134352(10)AB/1(21)S1(17)261231'
>>> make_link(found)
'https://id.gs1.org/01/09506000134352/10/AB%2F1/21/S1?17=261231'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from orderlight.autoid.ai_table import LINK_KEYS
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.elements import Elements
from orderlight.autoid.errors import AutoIdError, shown

STEM: Final = "https://id.gs1.org"
_FORM: Final = re.compile(r"https?://([^/?#\s]+)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL)


def looks_like_link(text: str) -> bool:
    """Whether the text is a web address at all."""
    return text.startswith(("h", "H")) and text[:8].lower().startswith(("http://", "https://"))


def claims_to_be_link(text: str) -> bool:
    """Whether the address has a GS1 key and a sound value in its path, whatever is wrong with the rest."""
    found = _FORM.fullmatch(text)
    segments = found[2].split("/") if found is not None else []
    return any(ai in LINK_KEYS and AIS[ai].problem(_filled(ai, value)) is None for ai, value in pairwise(segments))


def parse_link(text: str) -> Elements:
    """Read a Digital Link of any domain and path in front; raises AutoIdError when it is none."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise AutoIdError(f"Failed to read {shown(text)} as Digital Link: expected http:// or https:// and a domain.")
    segments = found[2].removesuffix("/").split("/")[1:]
    items = _path_items(text, segments)
    for ai, value in _query_items(text, found[3] or ""):
        items.append((ai, value))
    return Elements.checked(items)


def make_link(elements: Elements, *, stem: str = STEM) -> str | None:
    """The link for a set of elements, None when they have no primary key or no sound one.

    The first primary key leads; qualifiers follow in their fixed order; the rest goes into the query, sorted.
    """
    values = elements.values()
    for primary in values:
        if primary in LINK_KEYS:
            return _link(primary, values, stem)
    return None


def _link(primary: str, values: Mapping[str, str], stem: str) -> str:
    order = _order(primary, values)
    path = stem
    for ai in (primary, *order):
        if ai in values:
            path += f"/{ai}/{_quoted(values[ai])}"
    query = [
        f"{ai}={_quoted(value)}"
        for ai, value in values.items()
        if ai != primary and ai not in order and AIS[ai].in_query
    ]
    return f"{path}?{'&'.join(sorted(query))}" if query else path


def _order(primary: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The key's qualifiers, in the order whose qualifiers are there."""
    orders = LINK_KEYS[primary]
    for order in orders[1:]:
        if order[0] in values:
            return order
    return orders[0]


def _quoted(value: str) -> str:
    # Most serials and lots are letters and digits, which need no look at each character.
    return value if value.isascii() and value.isalnum() else quote(value, safe="")


def _path_items(text: str, segments: list[str]) -> list[tuple[str, str]]:
    """The key and its qualifiers; the path in front of them belongs to the domain's owner."""
    for start in range(len(segments) - 1):
        ais = segments[start::2]
        if segments[start] in LINK_KEYS and len(segments[start:]) % 2 == 0 and _is_ordered(ais):
            values = [_unquoted(text, segment) for segment in segments[start + 1 :: 2]]
            return [(ai, _filled(ai, value)) for ai, value in zip(ais, values, strict=True)]
    if any(segment in LINK_KEYS for segment in segments):
        raise AutoIdError(
            f"Failed to read {shown(text)} as Digital Link: expected a key with its qualifiers in their order, "
            "such as 01, 22, 10, 21."
        )
    raise AutoIdError(f"Failed to read {shown(text)} as Digital Link: expected a GS1 key such as /01/ in its path.")


def _is_ordered(ais: list[str]) -> bool:
    """Whether the qualifiers stand in one of the key's orders (GS1 Digital Link: URI Syntax 4.6)."""
    return any(ais[1:] == [ai for ai in order if ai in ais[1:]] for order in LINK_KEYS[ais[0]])


def _query_items(text: str, query: str) -> list[tuple[str, str]]:
    """The AIs of the query; names that are not numbers belong to the domain's owner."""
    items: list[tuple[str, str]] = []
    for pair in re.split("[&;]", query):
        name, equals, value = pair.partition("=")
        if not (name.isascii() and name.isdigit() and equals):
            continue
        entry = AIS.get(name)
        if entry is None or not entry.in_query:
            raise AutoIdError(
                f"Failed to read {shown(text)} as Digital Link: {shown(name)} is no AI that may stand in the query."
            )
        items.append((name, _filled(name, _unquoted(text, value))))
    return items


def _filled(ai: str, value: str) -> str:
    """GTIN-8, -12 and -13 may stand in a link and mean their 14-digit form."""
    return value.zfill(14) if ai in ("01", "02") and len(value) in (8, 12, 13) else value


def _unquoted(text: str, segment: str) -> str:
    # The plus sign is data here: only forms of HTML use it for a space.
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeError as error:
        raise AutoIdError(f"Failed to read {shown(text)} as Digital Link: expected percent-encoded UTF-8.") from error
