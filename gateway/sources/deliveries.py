"""Which broker message each read came in, so that a message is acknowledged when all of its reads are stored."""

import itertools
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import blake2b
from typing import Final

#: Settled messages remembered, to recognise one that is sent again because its PUBACK was lost.
REMEMBERED: Final = 2000


class Arrival(Enum):
    """What to do with a message."""

    NEW = auto()  # Read it, emit its reads.
    WAITING = auto()  # It was emitted before the connection broke and is not stored yet: do nothing.
    SETTLED = auto()  # It is stored already: acknowledge it again.


@dataclass(slots=True)
class _Message:
    packet: int
    digest: bytes
    session: int
    reads_left: int = 0


class Deliveries:
    """Not thread-safe. Packet numbers mean something within one connection; a resumed session keeps them.

    MQTT 5.0 section 4.4: after a reconnect the broker sends unacknowledged messages again with the same packet
    number and DUP set. Without this memory each reconnect would count every such scan twice.
    """

    def __init__(self) -> None:
        self._session = 0
        self._tokens = itertools.count(1)
        self._messages: dict[int, _Message] = {}
        self._token_of: dict[int, int] = {}
        self._settled: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._messages)

    def connected(self, *, resumed: bool) -> None:
        """A connection begins; without `resumed` the broker forgot the old packet numbers."""
        self._session += 1
        self._token_of = {message.packet: token for token, message in self._messages.items()} if resumed else {}
        if not resumed:
            self._settled.clear()

    def arrived(self, packet: int, payload: bytes, *, again: bool) -> Arrival:
        """Judge a message; `again` is its DUP flag, `payload` makes sure that it is the same one."""
        digest = blake2b(payload, digest_size=16).digest()
        waiting = self._messages.get(self._token_of.get(packet, 0))
        if again and waiting is not None and waiting.digest == digest:
            waiting.session = self._session
            return Arrival.WAITING
        if again and self._settled.get(packet) == digest:
            return Arrival.SETTLED
        self._settled.pop(packet, None)
        self._token_of.pop(packet, None)
        return Arrival.NEW

    def emitted(self, packet: int, payload: bytes, reads: int) -> int:
        """Remember a new message with so many reads; gives the token that its reads carry. Before emitting them."""
        token = next(self._tokens)
        digest = blake2b(payload, digest_size=16).digest()
        self._messages[token] = _Message(packet, digest, self._session, reads)
        self._token_of[packet] = token
        return token

    def stored(self, token: int) -> int | None:
        """One read of a message is stored; gives the packet to acknowledge now, if that was its last."""
        message = self._messages.get(token)
        if message is None:
            return None
        message.reads_left -= 1
        if message.reads_left > 0:
            return None
        del self._messages[token]
        if self._token_of.get(message.packet) != token:
            # The number belongs to another message by now, or to a session that the broker forgot.
            return None
        del self._token_of[message.packet]
        self._remember(message.packet, message.digest)
        return message.packet if message.session == self._session else None

    def refused(self, token: int) -> None:
        """A read could not be stored: when its message is sent again, it is new."""
        message = self._messages.pop(token, None)
        if message is not None and self._token_of.get(message.packet) == token:
            del self._token_of[message.packet]

    def _remember(self, packet: int, digest: bytes) -> None:
        self._settled[packet] = digest
        self._settled.move_to_end(packet)
        while len(self._settled) > REMEMBERED:
            self._settled.popitem(last=False)
