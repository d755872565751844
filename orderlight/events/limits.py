"""How big a message may be; both sides of the wire use these numbers."""

from __future__ import annotations

from typing import Final

#: A gateway never sends more than this many events in one request.
GATEWAY_MAX_EVENTS: Final = 500
#: A gateway never sends a larger request body than this, in bytes.
GATEWAY_MAX_BYTES: Final = 512 * 1024
#: The server takes up to this many events in one request.
SERVER_MAX_EVENTS: Final = 1000
#: The server takes a request body of up to this many bytes.
SERVER_MAX_BYTES: Final = 1024 * 1024

#: A scanned code is at most this many characters; readers cut longer ones and say so.
MAX_CODE_LENGTH: Final = 4096
#: Tag memory is at most this many hexadecimal digits (496 bits is the largest EPC bank of Gen2).
MAX_EPC_LENGTH: Final = 124
#: Names of gateways, readers, read points and operators.
MAX_NAME_LENGTH: Final = 64
#: The value of one identifier found in a code.
MAX_KEY_VALUE_LENGTH: Final = 512
#: How many identifiers one code may give, and how many unknown fields one event may bring.
MAX_KEYS: Final = 64
#: Sequence numbers fit a signed 64-bit column of every database.
MAX_SEQUENCE: Final = 2**63 - 1
#: A clock outside these years is broken beyond correction. 1970 is inside: a gateway without a
#: battery-backed clock boots there, and its events are still true.
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2200
