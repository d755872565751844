"""EPC URIs: the pure identity, and the tag URI with size and filter (GS1 EPC Tag Data Standard 6.3 and 12).

>>> fields, with_tag = parse_uri("urn:epc:tag:itip-110:3.9521141.012345.01.02.981")
>>> id_uri(fields), with_tag
('urn:epc:id:itip:9521141.012345.01.02.981', True)
>>> tag_uri(fields)
'urn:epc:tag:itip-110:3.9521141.012345.01.02.981'
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote

from orderlight.autoid.checks import is_digits
from orderlight.autoid.elements import Elements
from orderlight.autoid.epc_keys import KEYS, elements_of, kind_of, sized
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.tds import NAMES, Fields, encode

#: Characters that a URI of TDS may hold as they are; the others are written as %XX (TDS 6.3.1).
_URI_SAFE: Final = "!'()*+,-.:;=_"
_ID_FORM: Final = re.compile(r"urn:epc:id:([a-z]+):([0-9]{6,12})\.(.*)", re.DOTALL)
_TAG_FORM: Final = re.compile(r"urn:epc:tag:([a-z]+-(?:[0-9]+|var)):([0-7])\.([0-9]{6,12})\.(.*)", re.DOTALL)
_GID_FORM: Final = re.compile(r"urn:epc:(id:gid|tag:gid-96):([0-9]{1,9})\.([0-9]{1,8})\.([0-9]{1,11})")


def id_uri(fields: Fields) -> str:
    """The pure identity: urn:epc:id:sgtin:0614141.812345.6789."""
    return f"urn:epc:id:{kind_of(fields)}:{_tail(fields)}"


def tag_uri(fields: Fields) -> str:
    """The identity with size and filter: urn:epc:tag:sgtin-96:1.0614141.812345.6789; a GID has no filter."""
    filter_value = "" if fields.scheme == "gid-96" else f"{fields.filter}."
    return f"urn:epc:tag:{fields.scheme}:{filter_value}{_tail(fields)}"


def parse_uri(text: str) -> tuple[Fields, bool]:
    """Read urn:epc:id:… or urn:epc:tag:…; the flag says whether filter and size were in it. Raises AutoIdError."""
    gid = _GID_FORM.fullmatch(text)
    if gid is not None:
        fields = Fields("gid-96", 0, gid[2], gid[3], gid[4])
        encode(fields)
        return fields, gid[1].startswith("tag")
    tag, pure = _TAG_FORM.fullmatch(text), _ID_FORM.fullmatch(text)
    if tag is not None and tag[1] in NAMES:
        fields = _parts(text, tag[1], (tag[3], tag[4]), int(tag[2]))
        encode(fields)
        return fields, True
    if pure is None or pure[1] not in KEYS:
        raise AutoIdError(
            f"Failed to read {shown(text)} as EPC URI: expected urn:epc:id: or urn:epc:tag: with a scheme of GS1 such "
            "as sgtin, and a company prefix of 6 to 12 digits."
        )
    return sized(pure[1], _parts(text, pure[1], (pure[2], pure[3]), 0)), False


def _parts(text: str, scheme: str, rest: tuple[str, str], filter_value: int) -> Fields:
    """The fields of prefix and tail, when they have the lengths and characters of their key."""
    prefix, tail = rest
    key = KEYS[scheme.partition("-")[0]]
    reference, serial, pieces = tail, "", ""
    if key.serial != "none":
        reference, _, serial = tail.partition(".")
    if key.pieces:
        piece, _, serial = serial.partition(".")
        total, _, serial = serial.partition(".")
        pieces = piece + total if len(piece) == len(total) == 2 else ""
    fields = Fields(scheme, filter_value, prefix, unquote(reference), unquote(serial), pieces)
    width = key.digits - len(prefix)
    is_whole = (key.serial == "none" or serial != "") and (not key.pieces or len(pieces) == 4)
    if key.digits:
        is_whole = is_whole and len(reference) == width and (not width or is_digits(reference))
    else:
        is_whole = is_whole and reference != ""
    if not is_whole or not _is_sound(fields):
        raise AutoIdError(
            f"Failed to read {shown(text)} as EPC URI: its parts have not the lengths and characters of "
            f"{kind_of(fields).upper()}."
        )
    return fields


def _is_sound(fields: Fields) -> bool:
    # The serial 0 of a component is allowed in an EPC (TDS 6.3.10), though AI 8011 may not begin with a zero.
    checked = replace(fields, serial="1") if kind_of(fields) == "cpi" and fields.serial == "0" else fields
    return not Elements.checked(list(elements_of(checked).items)).faults


def _tail(fields: Fields) -> str:
    tail = f"{fields.prefix}.{_quoted(fields.reference)}"
    if fields.pieces:
        tail += f".{fields.pieces[:2]}.{fields.pieces[2:]}"
    return f"{tail}.{_quoted(fields.serial)}" if fields.serial else tail


def _quoted(text: str) -> str:
    return text if text.isascii() and text.isalnum() else quote(text, safe=_URI_SAFE)
