r"""Bytes and text to identifiers, and back: GS1, EPC tag memory, and our own printed codes. Pure.

One question for every code, whatever reader it comes from: what is it?

>>> found = identify("]C1010950600013435210LOT7\x1d21SER42")
>>> found.kind, found.keys
('gs1', {'gtin': '09506000134352', 'lot': 'LOT7', 'serial': 'SER42'})

What was read can be written in every other way. A GTIN does not say how long its company prefix is, which an EPC
needs to know:

>>> found.element_string
'(01)09506000134352(10)LOT7(21)SER42'
>>> found.digital_link
'https://id.gs1.org/01/09506000134352/10/LOT7/21/SER42'
>>> identify(found.digital_link, gcp_length=7).epc_uri
'urn:epc:id:sgtin:9506000.013435.SER42'
>>> identify("urn:epc:id:sgtin:9506000.013435.SER42").element_string
'(01)09506000134352(21)SER42'

Tag memory says by itself what it is, and what kind of thing it is on:

>>> tag = identify("epc:3034257BF7194E4000001A85")
>>> tag.keys, tag.filter, tag.tag_uri
({'gtin': '80614141123458', 'serial': '6789'}, 1, 'urn:epc:tag:sgtin-96:1.0614141.812345.6789')

What is wrong is said with its place, and what is sound stays:

>>> found = identify("]d2010950600013435217261301" + "21SER42")
>>> found.keys["serial"], found.error
('SER42', 'Failed to read (17)26|13|01: expected month 01 to 12, got 13.')

Nothing is guessed. A scanner may drop the separator behind a lot, so every reading is told, the likeliest first:

>>> [(reading.element_string, reading.reason) for reading in identify("]C1010950600013435210LOT721SER42").readings]
... # doctest: +NORMALIZE_WHITESPACE
[('(01)09506000134352(10)LOT721SER42', 'its symbology identifier ]C1 promises it (GS1-128)'),
 ('(01)09506000134352(10)LOT7(21)SER42', 'separators may have been dropped')]
"""

from __future__ import annotations

from orderlight.autoid.checks import check_digit
from orderlight.autoid.errors import AutoIdError
from orderlight.autoid.gln import Gln
from orderlight.autoid.gtin import Gtin
from orderlight.autoid.identification import Identification, Interpretation
from orderlight.autoid.own import OWN_TYPES, OwnCode
from orderlight.autoid.recognition import identify
from orderlight.autoid.sscc import Sscc
from orderlight.autoid.tag_reading import identify_epc
from orderlight.autoid.tags import SgtinEpc, SsccEpc, sgtin96_hex, sscc96_hex

__all__ = [
    "OWN_TYPES",
    "AutoIdError",
    "Gln",
    "Gtin",
    "Identification",
    "Interpretation",
    "OwnCode",
    "SgtinEpc",
    "Sscc",
    "SsccEpc",
    "check_digit",
    "identify",
    "identify_epc",
    "sgtin96_hex",
    "sscc96_hex",
]
