"""Between the fields of an EPC and the GS1 keys it stands for (GS1 EPC Tag Data Standard 7).

>>> from orderlight.autoid.tds import Fields
>>> elements_of(Fields("sgtin-96", 1, "0614141", "812345", "6789")).brackets()
'(01)80614141123458(21)6789'
>>> fields_of({"253": "95211411234545678"}, 7)
Fields(scheme='gdti-96', filter=0, prefix='9521141', reference='12345', serial='5678', pieces='')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orderlight.autoid.checks import digit_behind, is_digits
from orderlight.autoid.elements import Elements
from orderlight.autoid.schemes import BY_NAME, PREFIX_BITS, SIZES
from orderlight.autoid.tds import Fields


@dataclass(frozen=True, slots=True)
class Key:
    """How an EPC's company prefix, reference and serial make the value of an AI."""

    ai: str
    #: Digits of company prefix and reference, without a check digit; 0 where the reference is open and has none.
    digits: int
    #: Whether the first digit of the value stands behind the company prefix in an EPC.
    moved: bool = False
    #: What stands in front of the number in the AI.
    lead: str = ""
    #: The AI of the serial; of others the serial stands behind the check digit, or there is none.
    serial_ai: str = ""
    #: none | behind | own: where the serial stands.
    serial: str = "none"
    pieces: bool = False


#: The keys in the order in which they are looked for.
KEYS: Final = {
    "sgtin": Key("01", 13, moved=True, serial="own", serial_ai="21"),
    "upui": Key("01", 13, moved=True, serial="own", serial_ai="235"),
    "sscc": Key("00", 17, moved=True),
    "itip": Key("8006", 13, moved=True, serial="own", serial_ai="21", pieces=True),
    "sgln": Key("414", 12, serial="own", serial_ai="254"),
    "pgln": Key("417", 12),
    "grai": Key("8003", 12, lead="0", serial="behind"),
    "giai": Key("8004", 0),
    "gsrn": Key("8018", 17),
    "gsrnp": Key("8017", 17),
    "gdti": Key("253", 12, serial="behind"),
    "cpi": Key("8010", 0, serial="own", serial_ai="8011"),
    "sgcn": Key("255", 12, serial="behind"),
    "gsin": Key("402", 16),
    "ginc": Key("401", 0),
}


def kind_of(fields: Fields) -> str:
    """The key's name, such as sgtin."""
    return fields.scheme.partition("-")[0]


def elements_of(fields: Fields) -> Elements:
    """The GS1 keys that the EPC stands for, check digits put in; none for a GID."""
    kind = kind_of(fields)
    key = KEYS.get(kind)
    if key is None:
        return Elements(())
    prefix, reference = fields.prefix, fields.reference
    # TDS 7: the first digit of a GTIN or SSCC stands behind the company prefix in an EPC.
    number = reference[0] + prefix + reference[1:] if key.moved else prefix + reference
    value = key.lead + number + digit_behind(number) if key.digits else number
    value += fields.pieces
    if key.serial == "behind":
        return Elements(((key.ai, value + fields.serial),))
    # TDS 7.5: extension 0 means the place itself, which has none.
    if key.serial == "none" or (kind == "sgln" and fields.serial == "0"):
        return Elements(((key.ai, value),))
    return Elements(((key.ai, value), (key.serial_ai, fields.serial)))


def fields_of(values: Mapping[str, str], prefix_length: int) -> Fields | None:
    """The EPC for GS1 values by AI, given the digits of the company prefix; None when there is no EPC for them.

    Filter is 0; the scheme is the smallest that takes serial and reference.
    """
    for kind, key in KEYS.items():
        if key.ai in values:
            found = _split(kind, key, values, prefix_length)
            if found is not None:
                return found
    return None


def sized(kind: str, fields: Fields) -> Fields:
    """The fields under the smallest scheme of their key that takes them; keys without a tag keep their name."""
    short, long = SIZES.get(kind, (kind, ""))
    name = long if long and not _is_short(short, fields) else short
    return Fields(name, fields.filter, fields.prefix, fields.reference, fields.serial, fields.pieces)


def _is_short(name: str, fields: Fields) -> bool:
    """Whether reference and serial are numbers that fit the bits of the scheme."""
    scheme = BY_NAME[name]
    if scheme.tail == "number" and not _is_number(fields.serial, scheme.tail_bits):
        return False
    if scheme.key_digits:
        return True
    bits = scheme.key_bits - PREFIX_BITS[12 - len(fields.prefix)]
    return _is_number(fields.reference, bits) and len(fields.prefix + fields.reference) <= scheme.characters


def _is_number(text: str, bits: int) -> bool:
    return is_digits(text) and (text == "0" or text[0] != "0") and int(text) < 1 << bits


def _split(kind: str, key: Key, values: Mapping[str, str], length: int) -> Fields | None:
    """Company prefix, reference and serial of one key; None where they are not all there."""
    value = values[key.ai][len(key.lead) :]
    number, behind = (value[: key.digits], value[key.digits + 1 :]) if key.digits else (value, "")
    pieces, behind = (behind, "") if key.pieces else ("", behind)
    prefix = number[1 : length + 1] if key.moved else number[:length]
    reference = number[0] + number[length + 1 :] if key.moved else number[length:]
    serial = behind
    if key.serial == "own":
        serial = values.get(key.serial_ai, "0" if kind == "sgln" else "")
    if not is_digits(prefix) or (not key.digits and not reference) or (key.serial != "none" and not serial):
        return None
    return sized(kind, Fields(kind, 0, prefix, reference, serial, pieces))
