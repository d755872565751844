"""What is in this tag? Tag memory gets its answer the short way where there is one; one that is asked again is kept.

>>> identify_epc("3034257BF7194E4000001A85").keys
{'gtin': '80614141123458', 'serial': '6789'}
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from orderlight.autoid import epc
from orderlight.autoid.answers import Asked, from_fields, from_plus, unreadable
from orderlight.autoid.errors import AutoIdError
from orderlight.autoid.identification import Identification, Interpretation, Told
from orderlight.autoid.tag_plans import FRONT, PLANS, UNSOUND, choose
from orderlight.autoid.tags import require_prefix_length

#: Remembered EPCs: a reader tells the same tag hundreds of times; 1,024 answers take about 2 MiB.
REMEMBERED: Final = 1024

#: Tags that the short way read once. Most tags of a pallet come once and go; to keep the answer of each would cost
#: more than to make it, and would push out those of the tags that stand before an antenna.
_SEEN: Final[set[str]] = set()
#: Answers to those that came again.
_KNOWN: Final[dict[str, Identification]] = {}
#: To look a method up for each tag would take a twentieth of its time.
_mark, _chosen = _SEEN.add, PLANS.get


def identify_epc(epc_hex: str, gcp_length: int | None = None) -> Identification:
    """Say what tag memory in hexadecimal holds. Never raises on bad data: `.error` says why.

    EPCs that are not of GS1 keep their memory as key `epc`, with the reason in `error`. A protocol control word
    in front is taken off. The company prefix stands in most tags themselves; those of TDS 2.x (SGTIN+ and so on)
    need `gcp_length` for an EPC URI. The answer is shared: leave its keys as they are.

    >>> identify_epc("F73795211411234538566CB0AFC4", gcp_length=7).epc_uri
    'urn:epc:id:sgtin:9521141.712345.32a%2Fb'
    """
    if gcp_length is not None:
        require_prefix_length(gcp_length)
    if epc_hex in _KNOWN:
        return _KNOWN[epc_hex]
    # The lines of `tag_plans.read`, of whose time a call would be a part.
    try:
        found = (_chosen(epc_hex[FRONT]) or choose(epc_hex[FRONT]))(epc_hex)
    except UNSOUND:
        found = None
    if found is None:
        return _remembered_epc(epc_hex, gcp_length)
    if epc_hex not in _SEEN:
        if len(_SEEN) >= REMEMBERED:
            _SEEN.clear()
        _mark(epc_hex)
        return found
    if len(_KNOWN) >= REMEMBERED:
        _KNOWN.clear()
    _KNOWN[epc_hex] = found
    return found


@lru_cache(maxsize=REMEMBERED)
def _remembered_epc(epc_hex: str, gcp_length: int | None) -> Identification:
    asked = Asked(epc_hex, gcp_length)
    try:
        digits = epc.clean_hex(epc_hex)
    except AutoIdError as error:
        return unreadable(asked, "", (Interpretation("epc", error=str(error)),), kind="epc")
    try:
        memory = epc.without_control_word(digits)
        plus = epc.read_plus(memory)
        if plus is not None:
            return from_plus(asked, plus)
        return from_fields(asked, epc.read_hex(memory), with_tag=True)
    except AutoIdError as error:
        reading = Interpretation("epc", {"epc": digits}, str(error))
        return Identification.of(epc_hex, reading.keys, Told("epc", error=reading.error, tried=(reading,)))
