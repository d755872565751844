"""Where in a reader's JSON the tag, the antenna and the rest are found: presets, and a table to adapt them."""

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
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
    `event` path says `event_is` are tags. `epc` holds hex, `epc_base64url` the R700's form. Items whose `drop` path
    is true are left out. Lists joined by "+" in `items` are all read.
    """

    items: str = ""
    event: str = ""
    event_is: str = ""
    drop: str = ""
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
# Speedway Connect and SmartReader: a list of reads; a heartbeat is a record that looks like a tag.
IMPINJ_SPEEDWAY: Final = Shape(
    items="tag_reads tagReads",
    drop="isHeartBeat",
    epc="epc",
    tid="tid",
    antenna="antennaPort",
    rssi="peakRssi",
    time="firstSeenTimestamp lastSeenTimestamp",
)
# Zebra IoT Connector (FX7500, FX9600, FXR90, ATR7000). Objects follow each other without a separator, or in a list.
ZEBRA_IOTC: Final = Shape(
    epc="data.idHex",
    tid="data.TID",
    antenna="data.antenna",
    rssi="data.peakRssi",
    time="timestamp",
    count="data.reads",
)
# Zebra RFD40 and RFD90 sleds: tags and bar codes in one message.
ZEBRA_HANDHELD: Final = Shape(
    items="data.tagData+data.barcodeData",
    epc="EPCid EPC",
    code="decodedBarcode",
    tid="TID",
    rssi="peakRssi",
    count="seenCount",
)
# Tasmota: what its serial bridge received, and the number of a card at a 13.56 MHz or 125 kHz reader.
TASMOTA: Final = Shape(code="SSerialReceived SerialReceived RC522.UID RDM6300.UID PN532.UID", time="Time")
# ESPHome: whatever its on_tag publishes, mostly the bare number of the card.
ESPHOME: Final = Shape(code="uid tag_id tag code", time="time")
PRESETS: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "impinj_r700": IMPINJ_R700,
        "impinj_speedway": IMPINJ_SPEEDWAY,
        "zebra_iotc": ZEBRA_IOTC,
        "zebra_handheld": ZEBRA_HANDHELD,
        "tasmota": TASMOTA,
        "esphome": ESPHOME,
        "plain": PLAIN,
    }
)
#: Presets whose readers may send a bare text instead of JSON.
BARE: Final = ("plain", "esphome")

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


def documents(text: str) -> Iterator[object]:
    """The JSON documents of a text, also where they follow each other without a separator."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1


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
    """A reader's ISO 8601 time as aware UTC; nine fractional digits are cut to six, no offset means UTC.

    A number counts from 1970: in microseconds, milliseconds or seconds, by its size; a small one is no time.

    >>> moment(1772126017432087) == moment("2026-02-26T17:13:37.432087+0000")
    True
    """
    try:
        if isinstance(value, str) and re.fullmatch("[0-9]{9,17}", value):
            value = int(value)
        if isinstance(value, int | float) and value > _NO_TIME:
            return _EPOCH + timedelta(microseconds=_microseconds(value))
        if not isinstance(value, str):
            return None
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


#: A counter, not a moment: so many seconds after 1970 nobody had a reader.
_NO_TIME: Final = 1e8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _microseconds(value: float) -> float:
    """Seconds stay below 10^11 until the year 5138, and milliseconds below 10^14."""
    if abs(value) >= 1e14:
        return value
    return value * (1e3 if abs(value) >= 1e11 else 1e6)
