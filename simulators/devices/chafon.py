"""A Chafon UHF reader: it answers each question with what its antenna reads in that round.

The frames and their CRC are made here bit by bit and not by the gateway's code, so that a slip on either side shows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulators.devices.device import Wired
from simulators.devices.transport import NotPlugged, Transport
from simulators.radio import RadioField, TagSeen

INVENTORY, SET_POWER, BUZZER = 0x01, 0x2F, 0x40
DONE, MORE, NO_TAG, WRONG_COMMAND, NO_ANTENNA = 0x01, 0x03, 0xFB, 0xFE, 0xF8
_PER_FRAME: Final = 8
_SILENCE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChafonSettings:
    """The reader's model and address."""

    #: 288 tells antenna and strength, 18 does not.
    model: str = "288"
    address: int = 0


def crc(data: bytes) -> bytes:
    """CRC-16/MCRF4XX, low byte first.

    >>> crc(bytes.fromhex("1500010301010c0000000000000000000003136b")).hex()
    'b1a5'
    """
    value = 0xFFFF
    for byte in data:
        for bit in range(8):
            odd = (value ^ byte >> bit) & 1
            value = value >> 1 ^ (0x8408 if odd else 0)
    return value.to_bytes(2, "little")


class Chafon(Wired):
    """One reader. It says nothing unless asked."""

    def __init__(
        self,
        transport: Transport,
        field: RadioField,
        settings: ChafonSettings | None = None,
        *,
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(transport, seed=seed)
        self.settings = settings or ChafonSettings()
        self.field = field
        self.power_dbm = 26
        self.buzzer = True
        self._clock = clock
        self._buffer = b""
        self._heard_at = clock()

    def _wake_up(self) -> None:
        self._buffer = b""

    def hear(self, data: bytes) -> None:
        """Take bytes from the host, and answer the commands that end in them."""
        # After a silence the rest of what was garbled will not come.
        now = self._clock()
        self._buffer = data if now - self._heard_at > _SILENCE else self._buffer + data
        self._heard_at = now
        while self._buffer and len(self._buffer) > self._buffer[0]:
            size = self._buffer[0] + 1
            whole, rest = self._buffer[:size], self._buffer[size:]
            if size < 5 or crc(whole[:-2]) != whole[-2:]:
                self._buffer = self._buffer[1:]
                continue
            self._buffer = rest
            if whole[1] in (self.settings.address, 0xFF):
                self._obey(whole[2], whole[3:-2])

    def _obey(self, command: int, data: bytes) -> None:
        if command == INVENTORY:
            self._report(0 if len(data) < 8 else data[7] & 0x0F)
        elif command == SET_POWER and len(data) == 1:
            self.power_dbm = data[0]
            self._answer(command, 0)
        elif command == BUZZER and len(data) == 1:
            self.buzzer = bool(data[0])
            self._answer(command, 0)
        else:
            self._answer(command, WRONG_COMMAND)

    def _report(self, antenna: int) -> None:
        if antenna >= self.field.settings.antennas:
            self._answer(INVENTORY, NO_ANTENNA)
            return
        new = self.settings.model == "288"
        seen = [tag for tag in self.field.round(self._clock()) if not new or tag.antenna == antenna + 1]
        head = bytes((1 << antenna,)) if new else b""
        for at in range(0, len(seen), _PER_FRAME):
            few = seen[at : at + _PER_FRAME]
            tags = b"".join(self._tag(tag) for tag in few)
            self._answer(INVENTORY, MORE, head + bytes((len(few),)) + tags)
        self._answer(INVENTORY, DONE if new or seen else NO_TAG, head + b"\0" if new or seen else b"")

    def _tag(self, tag: TagSeen) -> bytes:
        epc = bytes.fromhex(tag.epc)
        strength = bytes((round(tag.rssi_dbm) + 129,)) if self.settings.model == "288" else b""
        return bytes((len(epc),)) + epc + strength

    def _answer(self, command: int, status: int, data: bytes = b"") -> None:
        body = bytes((len(data) + 5, self.settings.address, command, status)) + data
        whole = body + crc(body)
        try:
            self._transport.write(whole)
        except NotPlugged:
            # The host has gone between its question and our answer.
            return
