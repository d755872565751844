"""What a code or number may be called in the table of identifiers.

>>> identifier_values("(01)09506000134352(21)1000")
['01/09506000134352/21/1000', 'code:(01)09506000134352(21)1000']
"""

import re

from orderlight.autoid import Identification, identify, identify_epc
from server.tracking.naming import code_value

#: How an identifier's value begins -> its scheme.
_SCHEMES = {"epc:": "epc", "00/": "sscc", "01/": "sgtin", "ol:": "own"}
_HEX = re.compile(r"(?:epc:)?((?:[0-9A-Fa-f]{4}){4,31})")


def identifier_values(code: str) -> list[str]:
    """Every identifier value the code may stand for, the surest first."""
    stored = [code] if code.startswith(("01/", "00/", "ol:")) else []
    tag = _HEX.fullmatch(code.strip())
    if tag is not None:
        digits = tag[1].upper()
        stored += [f"epc:{digits}", *_of(identify_epc(digits))]
    return [*stored, *_of(identify(code)), code_value(code)]


def scheme_of(value: str) -> str:
    """The scheme of an identifier's value.

    >>> scheme_of("00/006141411234567890"), scheme_of("code:HELLO")
    ('sscc', 'code')
    """
    return next((scheme for start, scheme in _SCHEMES.items() if value.startswith(start)), "code")


def _of(found: Identification) -> list[str]:
    keys = found.keys
    values = []
    if "unit" in keys:
        values.append(f"ol:U{keys['unit']}")
    if "gtin" in keys and "serial" in keys:
        values.append(f"01/{keys['gtin']}/21/{keys['serial']}")
    if "sscc" in keys:
        values.append(f"00/{keys['sscc']}")
    return values
