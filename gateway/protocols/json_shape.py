"""Where in a reader's JSON the tag, the antenna and the rest are found: presets, and a table to adapt them."""

import base64
import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from gettext import gettext as _
from types import MappingProxyType
from typing import Final

from gateway.protocols.options import toml

#: Gen2 lets PC name 31 words of EPC memory, so no EPC is longer than 62 bytes.
MAX_EPC_BYTES: Final = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Dotted paths into one message. Alternatives are separated by spaces, the first one present is taken.

    `items` leads to a list of tags (empty: the message is one, or is itself a list). Only items whose
    `event` path says `event_is` are tags. `epc` holds hex, `epc_base64url` the R700's form.
    """

    items: str = ""
    event: str = ""
    event_is: str = ""
    epc: str = ""
    epc_base64url: str = ""
    code: str = ""
    tid: str = ""
    tid_base64url: str = ""
    antenna: str = ""
    rssi: str = ""
    rssi_unit: str = "dbm"
    time: str = ""
    count: str = ""


# Impinj R700 and R720 IoT device interface, event "tagInventory". Any field may be switched off at the reader,
# so hex and base64url (RFC 4648 section 5, not plain base64) are both looked for.
_R700: Final = "tagInventoryEvent."
IMPINJ_R700: Final = Shape(
    event="eventType",
    event_is="tagInventory",
    epc=_R700 + "epcHex",
    epc_base64url=_R700 + "epc",
    tid=_R700 + "tidHex",
    tid_base64url=_R700 + "tid",
    antenna=_R700 + "antennaPort",
    rssi=_R700 + "peakRssiCdbm",
    rssi_unit="cdbm",
    time=f"{_R700}lastSeenTime timestamp",
)
PLAIN: Final = Shape(
    epc="epc epcHex",
    code="code barcode",
    tid="tid",
    antenna="antenna antennaPort",
    rssi="rssi_dbm rssi",
    time="time timestamp",
    count="count reads",
)
PRESETS: Final[Mapping[str, Shape]] = MappingProxyType({"impinj_r700": IMPINJ_R700, "plain": PLAIN})

RSSI_UNITS: Final[Mapping[str, float]] = MappingProxyType({"dbm": 1.0, "cdbm": 0.01})


def shape_of(preset: str, changes: Mapping[str, str]) -> Shape:
    """The preset with the paths of gateway.toml's mapping table laid over it."""
    return replace(PRESETS[preset], **changes)


def mapping_mistakes(changes: Mapping[str, str]) -> list[str]:
    """What is wrong with a mapping table, one sentence each."""
    known = [field.name for field in fields(Shape)]
    mistakes = [
        _("mapping.{key}: there is no such entry. Use one of {known}.").format(key=key, known=", ".join(known))
        for key in changes
        if key not in known
    ]
    unit = changes.get("rssi_unit", "dbm")
    if unit not in RSSI_UNITS:
        mistakes.append(_("mapping.rssi_unit: expected dbm or cdbm (hundredths), got {got}.").format(got=toml(unit)))
    return mistakes


def find(item: object, paths: str) -> object:
    """The first value present at one of the dotted paths, else None.

    >>> find({"data": {"antenna": 2}}, "antenna data.antenna")
    2
    """
    for path in paths.split():
        value = _walk(item, path)
        if value is not None:
            return value
    return None


def _walk(item: object, path: str) -> object:
    for key in path.split("."):
        if not isinstance(item, Mapping):
            return None
        item = item.get(key)
    return item


def hex_text(value: object) -> str | None:
    """Tag memory as upper-case hex of whole bytes, or None where it is not hex."""
    text = value.strip().replace(" ", "") if isinstance(value, str) else ""
    if not text or len(text) % 2 or len(text) > 2 * MAX_EPC_BYTES or not re.fullmatch("[0-9A-Fa-f]+", text):
        return None
    return text.upper()


def base64url_text(value: object) -> str | None:
    """Tag memory written in base64url, as upper-case hex; None where it is not base64url.

    >>> base64url_text("4oARYGAAAgpmgfI_")
    'E28011606000020A6681F23F'
    """
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z0-9_-]+=*", value):
        return None
    bare = value.rstrip("=")
    try:
        return hex_text(base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).hex())
    except binascii.Error:
        return None


def whole(value: object, low: int, high: int) -> int | None:
    """A whole number within bounds, also where it came as text; else None."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        return None
    return value


def dbm(value: object, unit: str) -> float | None:
    """Signal strength in dBm rounded to hundredths; None where it is no sensible number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e9:
        return None
    strength = value * RSSI_UNITS[unit]
    return round(strength, 2) if math.isfinite(strength) else None


def moment(value: object) -> datetime | None:
    """A reader's ISO 8601 time as aware UTC; nine fractional digits are cut to six, no offset means UTC."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
