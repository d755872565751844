"""What an LLRP reader is asked to do: keepalives, events, one inventory with its triggers and its reports."""

import struct
from collections.abc import Iterable
from typing import Final

from gateway.protocols import llrp_codec as codec
from gateway.protocols.llrp_codec import find, number, parameters, tlv

#: An input as a trigger: its number, the level at which reading begins, and the longest time that it goes on.
Gpi = tuple[int, bool, int]

#: Events to be told: inputs, the inventory's start and end, exceptions, antennas.
_EVENTS: Final = (1, 2, 4, 8)
#: Antenna, strength, time last seen and number of reads stand in each report of a tag.
_CONTENT: Final = 0x1000 | 0x0400 | 0x0100 | 0x0080
_IMMEDIATE, _BY_GPI = 1, 3
_NEVER, _GPI_OR_TIME = 0, 2
_EVERY_TAG: Final = 1
_GPI_STATES: Final = 9
_GEN2: Final = 1


def config_body(keepalive_s: int, inputs: Iterable[int]) -> bytes:
    """SET_READER_CONFIG: nothing is reset; what is not named stays as it is."""
    states = b"".join(tlv(codec.EVENT_STATE, struct.pack(">HB", event, 0x80)) for event in _EVENTS)
    body = b"\0" + tlv(codec.EVENT_SPEC, states)
    body += tlv(codec.KEEPALIVE_SPEC, struct.pack(">BI", 1, keepalive_s * 1000))
    for port in inputs:
        # The input is switched on; its state, the last byte, is what the reader finds, so it says unknown.
        body += tlv(codec.GPI_STATE, struct.pack(">HBB", port, 0x80, 2))
    return body


def inputs_query_body() -> bytes:
    """GET_READER_CONFIG (LLRP 1.0.1, 10.2.1): how all inputs stand, and nothing else.

    Antenna 0, RequestedData 9 (GPIPortCurrentState), GPI port 0 (all of them), GPO port 0.
    """
    return struct.pack(">HBHH", 0, _GPI_STATES, 0, 0)


def input_levels(answer: bytes) -> list[tuple[int, bool]]:
    """Each input that is switched on with its level; those whose state is unknown are left out.

    GPIPortCurrentState (LLRP 1.0.1, 12.2.6.5): GPIPortNum in 16 bits, Config in the highest bit of a byte, then
    0 low, 1 high, 2 unknown.
    """
    states = [content for kind, content in parameters(answer) if kind == codec.GPI_STATE and len(content) == 4]
    return [(number(state[:2]), state[3] == 1) for state in states if state[2] & 0x80 and state[3] in (0, 1)]


def rospec_body(number_: int, antennas: int, gpi: Gpi | None, power: tuple[int, bool] | None) -> bytes:
    """ADD_ROSPEC: read for ever, or while an input is on, and report each tag at once."""
    content = tlv(codec.REPORT_CONTENT, struct.pack(">H", _CONTENT))
    parts = tlv(codec.BOUNDARY, _start(gpi) + _stop(gpi))
    parts += _inventory(antennas, power)
    parts += tlv(codec.REPORT_SPEC, struct.pack(">BH", 1, _EVERY_TAG) + content)
    return tlv(codec.ROSPEC, struct.pack(">IBB", number_, 0, 0) + parts)


def _start(gpi: Gpi | None) -> bytes:
    if gpi is None:
        return tlv(codec.START_TRIGGER, bytes((_IMMEDIATE,)))
    return tlv(codec.START_TRIGGER, bytes((_BY_GPI,)) + _when(gpi[0], gpi[1], 0))


def _stop(gpi: Gpi | None) -> bytes:
    if gpi is None:
        return tlv(codec.STOP_TRIGGER, struct.pack(">BI", _NEVER, 0))
    return tlv(codec.STOP_TRIGGER, struct.pack(">BI", _GPI_OR_TIME, 0) + _when(gpi[0], not gpi[1], gpi[2]))


def _when(port: int, high: bool, limit_ms: int) -> bytes:
    return tlv(codec.GPI_TRIGGER, struct.pack(">HBI", port, 0x80 if high else 0, limit_ms))


def _inventory(antennas: int, power: tuple[int, bool] | None) -> bytes:
    ids = tuple(range(1, antennas + 1)) or (0,)
    body = struct.pack(f">H{len(ids)}H", len(ids), *ids) + tlv(codec.AISPEC_STOP, bytes(5))
    strength = b""
    if power is not None:
        index, hops = power
        # A reader that hops names its table and no channel, another one its channel and no table.
        transmitter = tlv(codec.TRANSMITTER, struct.pack(">HHH", int(hops), int(not hops), index))
        strength = tlv(codec.ANTENNA_CONFIG, struct.pack(">H", 0) + transmitter)
    return tlv(codec.AISPEC, body + tlv(codec.INVENTORY, struct.pack(">HB", 1, _GEN2) + strength))


def choose_power(capabilities: bytes, dbm: float) -> tuple[int, bool] | None:
    """The reader's number for the largest power that is not above this, and whether it hops; None: it tells none."""
    regulatory = find(capabilities, codec.REGULATORY) or b""
    band = find(regulatory, codec.UHF_BAND, 4) if regulatory else None
    levels: dict[int, int] = {}
    hops = False
    for kind, content in parameters(band or b""):
        if kind == codec.POWER_LEVEL and len(content) == 4:
            index, hundredths = struct.unpack(">Hh", content)
            levels[hundredths] = index
        elif kind == codec.FREQUENCY:
            hops = bool(number(content[:1]) & 0x80)
    if not levels:
        return None
    fitting = [level for level in levels if level <= round(dbm * 100)]
    return levels[max(fitting) if fitting else min(levels)], hops
