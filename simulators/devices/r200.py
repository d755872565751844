"""A serial UHF RFID module of the R200 family: it obeys commands, and reports the tags of a radio field.

Frame: head, type, command, length (2 bytes), parameters, sum, tail; BB..7E or AA..DD (R200 user protocol V2.3.3).
The frames are built here and not by the gateway's code, so that a slip on either side shows in a test.
"""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulators.devices.device import WiredWorker
from simulators.devices.transport import NotPlugged, Transport
from simulators.radio import RadioField, TagSeen

COMMAND, RESPONSE, NOTIFICATION = 0x00, 0x01, 0x02
INFO, POLL, MULTI_POLL, STOP, SET_POWER, GET_POWER, FAILED = 0x03, 0x22, 0x27, 0x28, 0xB6, 0xB7, 0xFF
ERROR_COMMAND, ERROR_NO_TAG = 0x17, 0x15

_TAILS: Final = {0xBB: 0x7E, 0xAA: 0xDD}


@dataclass(frozen=True, slots=True, kw_only=True)
class R200Settings:
    """The module's firmware and its rhythm."""

    #: BB or AA; the module answers in its own dialect and does not hear the other.
    head: int = 0xBB
    version: str = "M100 26dBm V1.0"
    #: Seconds of one inventory round.
    round_seconds: float = 0.05


def make_frame(kind: int, command: int, parameters: bytes = b"", *, head: int = 0xBB) -> bytes:
    """One whole frame.

    >>> make_frame(NOTIFICATION, POLL, bytes.fromhex("C934003075 1FEB705C5904E3D50D703A76"))[-2:].hex()
    'ef7e'
    """
    body = struct.pack(">BBH", kind, command, len(parameters)) + parameters
    return bytes((head,)) + body + bytes((sum(body) % 256, _TAILS[head]))


def tag_report(seen: TagSeen) -> bytes:
    """The parameters of a tag's notification: strength, protocol control word, EPC, the tag's own checksum."""
    epc = bytes.fromhex(seen.epc)
    # Protocol control word (Gen2 6.3.2.1.2.2): five bits count the EPC's words, the next says "has user memory".
    memory = struct.pack(">H", len(epc) // 2 << 11 | 0x0400) + epc
    return struct.pack(">b", max(-128, round(seen.rssi_dbm))) + memory + struct.pack(">H", _gen2_crc(memory))


def _gen2_crc(memory: bytes) -> int:
    """CRC-16 of Gen2 tags, bit by bit: polynomial 1021, start FFFF, inverted."""
    crc = 0xFFFF
    for byte in memory:
        for bit in range(7, -1, -1):
            carry = crc >> 15 ^ (byte >> bit & 1)
            crc = (crc << 1 & 0xFFFF) ^ (0x1021 if carry else 0)
    return crc ^ 0xFFFF


class R200(WiredWorker):
    """One module. It says nothing unless asked; a thread of its own does the rounds of a multi poll."""

    def __init__(
        self,
        transport: Transport,
        field: RadioField,
        settings: R200Settings | None = None,
        *,
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(transport, seed=seed)
        self.settings = settings or R200Settings()
        self.field = field
        self.power_cdbm = 2600
        #: The commands obeyed so far, by number, newest last.
        self.obeyed: list[int] = []
        self._clock = clock
        self._buffer = b""
        self._rounds_left = 0

    def _wake_up(self) -> None:
        """The module starts without an inventory running."""
        self._buffer, self._rounds_left = b"", 0

    # --- commands ---

    def hear(self, data: bytes) -> None:
        """Obey the commands that end in these bytes."""
        self._buffer += data
        while (taken := self._next_command()) is not None:
            command, parameters = taken
            self.obeyed.append(command)
            self._obey(command, parameters)

    def _next_command(self) -> tuple[int, bytes] | None:
        """The next whole command in the buffer; a byte that begins none is dropped, as the module does."""
        tail = _TAILS[self.settings.head]
        while len(self._buffer) >= 7:
            length = struct.unpack_from(">H", self._buffer, 3)[0]
            end = length + 7
            if self._buffer[0] == self.settings.head and self._buffer[1] == COMMAND and length <= 64:
                if len(self._buffer) < end:
                    return None
                body, checksum, last = self._buffer[1 : end - 2], self._buffer[end - 2], self._buffer[end - 1]
                if sum(body) % 256 == checksum and last == tail:
                    self._buffer = self._buffer[end:]
                    return body[1], body[4:]
            self._buffer = self._buffer[1:]
        return None

    def _obey(self, command: int, parameters: bytes) -> None:
        if command == POLL:
            self._report_round()
        elif command == MULTI_POLL and len(parameters) == 3:
            self._set_rounds(struct.unpack(">H", parameters[1:])[0])
        elif command == STOP:
            self._set_rounds(0)
            self._answer(STOP, b"\x00")
        elif command == INFO:
            self._answer(INFO, b"\x00" + self.settings.version.encode())
        elif command == SET_POWER and len(parameters) == 2:
            self.power_cdbm = struct.unpack(">H", parameters)[0]
            self._answer(SET_POWER, b"\x00")
        elif command == GET_POWER:
            self._answer(GET_POWER, struct.pack(">H", self.power_cdbm))
        else:
            self._answer(FAILED, bytes((ERROR_COMMAND,)))

    def _answer(self, command: int, parameters: bytes) -> None:
        self._send(make_frame(RESPONSE, command, parameters, head=self.settings.head))

    # --- inventory ---

    def _set_rounds(self, rounds: int) -> None:
        with self._work:
            self._rounds_left = rounds
            self._work.notify_all()

    def _run(self) -> None:
        while True:
            with self._work:
                self._work.wait_for(lambda: self._rounds_left > 0 or not self._running)
                if not self._running:
                    return
                self._rounds_left -= 1
            self._report_round()
            self._pause(self.settings.round_seconds)

    def _report_round(self) -> None:
        seen = self.field.round(self._clock())
        if not seen:
            self._answer(FAILED, bytes((ERROR_NO_TAG,)))
        for tag in seen:
            self._send(make_frame(NOTIFICATION, POLL, tag_report(tag), head=self.settings.head))

    def _send(self, data: bytes) -> None:
        try:
            self._transport.write(data)
        except NotPlugged:
            # The host went away in the middle of an inventory; a real module talks on into the void.
            self._set_rounds(0)
