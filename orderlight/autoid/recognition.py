"""What is this code? Every code gets an answer; one that cannot be read gets the reasons.

>>> identify("]C1010950600013435221SER42").keys
{'gtin': '09506000134352', 'serial': 'SER42'}
>>> identify("7032069804989").error
"Failed to read '7032069804989' as GTIN: expected check digit 8, got 9."
>>> identify("OLU0011P").keys
{'unit': '0011'}
>>> identify("epc:3034257BF7194E4000001A85").element_string
'(01)80614141123458(21)6789'
>>> [(found.element_string, found.reason) for found in identify("01095060001343521010LOT7|21SER42").readings]
[('(01)09506000134352(10)10LOT7(21)SER42', "a key of GS1 with its check digit leads, and '|' stands for GS")]
"""

from __future__ import annotations

import re
from typing import Final

from orderlight.autoid import element_reading, epc
from orderlight.autoid.answers import (
    TEXT,
    Asked,
    MemoryForms,
    from_elements,
    from_fields,
    plain_text,
    unread_elements,
    unreadable,
)
from orderlight.autoid.digital_link import claims_to_be_link, looks_like_link, parse_link
from orderlight.autoid.elements import GS, Elements
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.gtin import GTIN_LENGTHS, Gtin
from orderlight.autoid.identification import Identification, Interpretation, Told
from orderlight.autoid.own import own_form, own_keys
from orderlight.autoid.separators import with_separators
from orderlight.autoid.sscc import Sscc
from orderlight.autoid.symbology import Symbology, split_prefix
from orderlight.autoid.tag_reading import identify_epc
from orderlight.autoid.tags import require_prefix_length

#: Longer codes are not looked into; serial readers cut there too.
MAX_CODE_LENGTH: Final = 4096
#: What framing and fingers leave around a code.
_AROUND: Final = " \t\r\n\x02\x03"
#: AIs with a check digit that may stand first: without a symbology identifier only these speak for GS1 data.
_TELLING: Final = re.compile(r"0[012]\d|253\d{13}|255\d{13}|402\d{17}|41[0-7]\d{13}|8003|8006|801[78]")
#: ISO/IEC 15434 format 05, written short as Macro 05 by Data Matrix, wraps GS1 elements.
_FORMAT_05: Final = ("[)>\x1e05\x1d", "\x1e\x04")
#: FNC1 in front, where a scanner sends a sign for it: with this front the data is of GS1 or the sign is somebody's own.
_FNC1_FRONTS: Final = (GS, "{GS}", "{FNC1}", "^", "~", "|", "\u241d")
#: What may be the memory of a tag that somebody copied: 96 bits or more, in whole bytes.
_MEMORY: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){12,}")
#: Tag memory given as text.
_TAG: Final = "epc:"


def identify(code: str | bytes, *, gcp_length: int | None = None, gs_substitutes: str = "") -> Identification:
    """Say what a scanned code is. Never raises on bad data: `.error` says why it cannot be read.

    `epc:` in front of hexadecimal digits says that they are tag memory. `gcp_length` is the number of digits of
    the company prefix, 6 to 12, where an EPC URI is wanted; `gs_substitutes` are characters the scanner sends in
    the place of FNC1, beside those that no value of GS1 may hold. Raises AutoIdError when `gcp_length` is none of
    6 to 12.
    """
    if gcp_length is not None:
        require_prefix_length(gcp_length)
    text = code if isinstance(code, str) else _decoded(code)
    if gcp_length is None and not gs_substitutes:
        sound = element_reading.read(text)
        if sound is not None:
            return sound
    if text[:4].lower() == _TAG:
        return _tag_in_text(text, text[4:].strip(_AROUND), gcp_length)
    symbology, data = split_prefix(text.strip(_AROUND))
    own = own_form(data)
    if own is not None:
        return _own(text, own)
    asked = Asked(text, gcp_length, gs_substitutes)
    if len(text) > MAX_CODE_LENGTH:
        return unreadable(asked, f"expected at most {MAX_CODE_LENGTH} characters, got {len(text)}")
    if not data:
        return unreadable(asked, "expected a code, got nothing")
    return _foreign(asked, symbology, data)


def _tag_in_text(text: str, epc_hex: str, gcp_length: int | None) -> Identification:
    found = identify_epc(epc_hex, gcp_length=gcp_length)
    # The forms are made of the digits, not of the whole text.
    forms = MemoryForms(epc_hex) if found.told.forms is MemoryForms else found.told.forms
    return Identification.of(text, found.keys, found.told._replace(forms=forms))


def _decoded(code: bytes) -> str:
    """UTF-8 where the bytes are UTF-8, else Latin-1, which QR Code and Data Matrix mean by default."""
    try:
        return code.decode()
    except UnicodeDecodeError:
        return code.decode("latin-1")


def _own(text: str, own: re.Match[str]) -> Identification:
    try:
        keys = own_keys(own)
    except AutoIdError as error:
        return unreadable(Asked(text), "", (Interpretation("own", error=str(error)),), kind="own")
    return Identification.of(text, keys, Told("own", reason="it has the form of our codes and a true check character"))


def _foreign(asked: Asked, symbology: Symbology | None, data: str) -> Identification:
    """A code that is not ours: what its symbology and first characters promise decides who reads it."""
    carries = symbology.carries if symbology is not None else "any"
    if looks_like_link(data):
        return _link(asked, data)
    if data.startswith("(") and data[1:3].isdigit():
        # Brackets are for people, but some decoders send them; no AI begins with one.
        return _brackets(asked, data)
    if symbology is not None and carries == "gs1":
        return _elements(asked, data, symbology.promise)
    if data.startswith(_FORMAT_05[0]):
        inside = data.removeprefix(_FORMAT_05[0]).removesuffix(_FORMAT_05[1])
        return _elements(asked, inside, "ISO/IEC 15434 format 05 wraps it")
    if data.startswith("urn:epc:"):
        return _uri(asked, data)
    if carries in ("ean", "add_on"):
        return _retail(asked, data, with_add_on=carries == "add_on")
    digits = data.rstrip(GS)
    if digits.isascii() and digits.isdigit():
        # A separator at the end is a scanner's suffix: it makes no AI data of a bare number.
        return _digits(asked, digits, symbology)
    return _elements_or_text(asked, data)


def _elements(asked: Asked, data: str, reason: str) -> Identification:
    try:
        elements = Elements.parse(data, gs_substitutes=asked.gs_substitutes)
    except AutoIdError as error:
        return _with_stand_in(asked, data, reason) or unread_elements(asked, data, error, reason)
    replaced = _with_stand_in(asked, data, reason) if elements.faults else None
    return replaced or from_elements(asked, "gs1", elements, reason, scanned=data)


def _with_stand_in(asked: Asked, data: str, reason: str) -> Identification | None:
    """The answer where a sign stands for GS; None where the data has no such sign."""
    replaced = with_separators(data)
    return _elements(asked, replaced[0], f"{reason}, and {shown(replaced[1])} stands for GS") if replaced else None


def _brackets(asked: Asked, data: str) -> Identification:
    try:
        elements = Elements.parse_brackets(data)
    except AutoIdError as error:
        return unreadable(asked, "", (Interpretation("gs1", error=str(error)),), kind="gs1")
    return from_elements(asked, "gs1", elements, "AIs stand in brackets")


def _link(asked: Asked, data: str) -> Identification:
    try:
        elements = parse_link(data)
    except AutoIdError as error:
        reading = Interpretation("digital_link", error=str(error))
        if claims_to_be_link(data):
            return unreadable(asked, "", (reading,), kind="digital_link")
        return plain_text(asked, data, (reading,))
    return from_elements(asked, "digital_link", elements, "it is a web address with a key of GS1")


def _uri(asked: Asked, data: str) -> Identification:
    try:
        fields, with_tag = epc.parse_uri(data)
    except AutoIdError as error:
        return unreadable(asked, "", (Interpretation("epc", error=str(error)),), kind="epc")
    return from_fields(asked, fields, with_tag=with_tag)


def _retail(asked: Asked, data: str, *, with_add_on: bool) -> Identification:
    """EAN and UPC symbols: nothing but a trade item number, perhaps with an add-on of 2 or 5 digits."""
    number = data[:13] if with_add_on and len(data) in (15, 18) else data
    try:
        # EAN-8 has its own identifier, so 8 digits under that of EAN-13 are a zero-suppressed UPC-E.
        upc_e = len(number) == 8 and "]E0" in asked.text[:8]
        gtin = Gtin.parse_upc_e(number) if upc_e else Gtin.parse(number)
    except AutoIdError as error:
        return unreadable(asked, "", (Interpretation("gtin", error=str(error)),), kind="gtin")
    return from_elements(asked, "gtin", Elements((("01", gtin.value),)), "its symbology is that of retail")


def _digits(asked: Asked, data: str, symbology: Symbology | None) -> Identification:
    """Digits alone. 8, 12, 13 and 14 of them are a trade item number or nothing: never AIs, because a misread
    EAN-13 would pass for AI data."""
    if len(data) in GTIN_LENGTHS:
        try:
            gtin = Gtin.parse(data)
        except AutoIdError as error:
            reading = Interpretation("gtin", error=str(error))
            if symbology is None:
                return unreadable(asked, "", (reading,))
            # Under a symbology that is not of retail they may be somebody's own number, but most often one is misread.
            return unreadable(asked, "", (TEXT, reading), kind="text")
        reason = f"it is {len(data)} digits with a true check digit"
        return from_elements(asked, "gtin", Elements((("01", gtin.value),)), reason)
    if len(data) == 18:
        return _eighteen_digits(asked, data)
    return _elements_or_text(asked, data)


def _eighteen_digits(asked: Asked, data: str) -> Identification:
    """An SSCC without its AI, or a GS1 key that happens to have 18 digits; both at once is refused."""
    other = _elements_or_text(asked, data)
    try:
        sscc = Sscc.parse(data)
    except AutoIdError as error:
        if other.kind == "gs1":
            return other
        return unreadable(asked, "", (Interpretation("sscc", error=str(error)), *other.readings))
    if other.kind == "gs1":
        reason, written = "it is 18 digits with a true check digit", f"(00){sscc.value}"
        readings = (Interpretation("sscc", {"sscc": sscc.value}, None, reason, written), *other.readings)
        return unreadable(
            asked, "it may be an SSCC or GS1 elements; let the scanner send the symbology identifier", readings
        )
    reason = "it is 18 digits with a true check digit"
    return from_elements(asked, "sscc", Elements((("00", sscc.value),)), reason)


def _elements_or_text(asked: Asked, data: str) -> Identification:
    """Data without a promise: GS1 elements only when a key with its check digit leads, or GS stands inside.

    Where a sign for FNC1 stands in front or inside, GS1 elements are possible, but the sign may be anybody's.
    """
    if GS in data:
        return _elements(asked, data, "group separators stand in it")
    if _TELLING.match(data):
        answer = _elements(asked, data, "a key of GS1 with its check digit leads")
        # AIs that may not stand together are read all the same: it is a label of somebody's habit, not chance.
        return answer if answer.told.forms is not None else plain_text(asked, data, answer.readings)
    replaced = with_separators(data)
    if replaced is None:
        return _like_a_tag(asked, data) or plain_text(asked, data)
    answer = _elements(asked, replaced[0], f"{shown(replaced[1])} may stand for GS")
    if answer.told.forms is None:
        return plain_text(asked, data)
    if data.startswith(_FNC1_FRONTS) and answer.error is None:
        return answer
    return plain_text(asked, data, answer.readings)


def _like_a_tag(asked: Asked, data: str) -> Identification | None:
    """Digits that would be a sound tag with `epc:` in front: plain text all the same, for a label may bear them."""
    if not _MEMORY.fullmatch(data):
        return None
    tag = identify_epc(data.upper(), gcp_length=asked.gcp_length)
    if tag.error is not None:
        return None
    reading = Interpretation("epc", tag.keys, None, "it would be a tag with epc: in front", tag.element_string)
    return plain_text(asked, data, (reading,), hint="; if it is the memory of a tag, write epc: in front")
