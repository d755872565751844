"""LLRP 1.0.1 on the wire: messages and parameters in, and the few messages that we send out. Sans-I/O.

A message is 3 bits reserved, 3 of version, 10 of type, then length and number, 4 bytes each. A parameter is either TLV
(type and length, 2 bytes each) or, with the top bit of its first byte set, TV: the type, then a fixed length.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

VERSION: Final = 1
HEADER: Final = struct.Struct(">HII")
#: A report of a whole buffer is some 100 kB; whoever announces more than this speaks no LLRP.
MAX_MESSAGE: Final = 1 << 20

GET_CAPABILITIES, GET_CAPABILITIES_RESPONSE = 1, 11
GET_CONFIG, GET_CONFIG_RESPONSE = 2, 12
SET_CONFIG, SET_CONFIG_RESPONSE = 3, 13
CLOSE, CLOSE_RESPONSE = 14, 4
ADD_ROSPEC, ADD_ROSPEC_RESPONSE = 20, 30
DELETE_ROSPEC, DELETE_ROSPEC_RESPONSE = 21, 31
START_ROSPEC, START_ROSPEC_RESPONSE = 22, 32
ENABLE_ROSPEC, ENABLE_ROSPEC_RESPONSE = 24, 34
REPORT, KEEPALIVE, EVENT, KEEPALIVE_ACK, ERROR = 61, 62, 63, 72, 100

UTC_TIMESTAMP, REGULATORY, UHF_BAND, POWER_LEVEL, FREQUENCY = 128, 143, 144, 145, 146
ROSPEC, BOUNDARY, START_TRIGGER, GPI_TRIGGER, STOP_TRIGGER = 177, 178, 179, 181, 182
AISPEC, AISPEC_STOP, INVENTORY = 183, 184, 186
KEEPALIVE_SPEC, ANTENNA_CONFIG, TRANSMITTER, GPI_STATE = 220, 222, 224, 225
REPORT_SPEC, REPORT_CONTENT, TAG_REPORT, EPC_DATA = 237, 238, 240, 241
EVENT_SPEC, EVENT_STATE, EVENT_DATA = 244, 245, 246
GPI_EVENT, ROSPEC_EVENT, EXCEPTION_EVENT, ANTENNA_EVENT, ATTEMPT_EVENT, CLOSE_EVENT = 248, 249, 252, 255, 256, 257
STATUS: Final = 287

#: TV parameters: how many bytes follow the type.
_TV_BYTES: Final = MappingProxyType(
    {1: 2, 2: 8, 3: 8, 4: 8, 5: 8, 6: 1, 7: 2, 8: 2, 9: 4, 10: 2, 11: 2, 12: 2, 13: 12, 14: 2, 15: 2, 16: 4, 17: 2,
     18: 4, 19: 2, 20: 2}
)  # fmt: skip
ANTENNA, FIRST_SEEN, LAST_SEEN, PEAK_RSSI, SEEN_COUNT, EPC_96 = 1, 2, 4, 6, 8, 13


class LlrpError(ValueError):
    """Bytes that are no LLRP; the stream cannot be followed any further."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message without its header."""

    kind: int
    number: int
    body: bytes


def message(kind: int, number: int, body: bytes = b"") -> bytes:
    """One whole message.

    >>> message(KEEPALIVE_ACK, 7).hex(" ")
    '04 48 00 00 00 0a 00 00 00 07'
    """
    return HEADER.pack(VERSION << 10 | kind, len(body) + HEADER.size, number) + body


def tlv(kind: int, body: bytes = b"") -> bytes:
    """One TLV parameter.

    >>> tlv(AISPEC_STOP, bytes(5)).hex(" ")
    '00 b8 00 09 00 00 00 00 00'
    """
    return struct.pack(">HH", kind, len(body) + 4) + body


def take_messages(buffer: bytearray) -> Iterator[Message]:
    """The whole messages at the start of the buffer, which are removed from it; LlrpError where there is none."""
    while len(buffer) >= HEADER.size:
        head, length, number = HEADER.unpack_from(buffer)
        if head >> 13 or head >> 10 & 7 not in (1, 2) or not HEADER.size <= length <= MAX_MESSAGE:
            raise LlrpError(f"Failed to read {bytes(buffer[:10]).hex()} as the head of an LLRP message.")
        if len(buffer) < length:
            return
        body = bytes(buffer[HEADER.size : length])
        del buffer[:length]
        yield Message(head & 0x3FF, number, body)


def parameters(body: bytes, at: int = 0) -> Iterator[tuple[int, bytes]]:
    """The parameters from `at` on, type and content; LlrpError where their lengths do not add up.

    >>> [kind for kind, _content in parameters(bytes.fromhex("810001 86D0"))]
    [1, 6]
    """
    while at < len(body):
        if body[at] & 0x80:
            kind = body[at] & 0x7F
            begin = at + 1
            end = begin + _TV_BYTES.get(kind, len(body))
        else:
            kind, length = struct.unpack_from(">HH", body, at) if at + 4 <= len(body) else (0, 0)
            begin, end = at + 4, at + length
        if end < begin or end > len(body):
            raise LlrpError(f"Failed to read the parameter at byte {at} of {body[:64].hex()}: its length is wrong.")
        yield kind & 0x3FF, body[begin:end]
        at = end


def find(body: bytes, kind: int, at: int = 0) -> bytes | None:
    """The content of the first parameter of this type."""
    return next((content for found, content in parameters(body, at) if found == kind), None)


def number(content: bytes) -> int:
    """Big-endian and unsigned, as nearly every field is."""
    return int.from_bytes(content)
