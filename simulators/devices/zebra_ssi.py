"""A Zebra scanner in SSI: it sends packets, waits for an answer to each, sends again, and hears beeps and lights.

The packets are made here and not by the gateway's code, so that a slip on either side shows in a test.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from simulators.devices.device import Wired
from simulators.devices.transport import NotPlugged, Transport

DECODE_DATA, ACK, NAK, BEEP, LED_ON, LED_OFF = 0xF3, 0xD0, 0xD1, 0xE6, 0xE7, 0xE8
CODE_128, EAN_13, GS1_128 = 0x03, 0x0B, 0x0F
_AGAIN, _MORE = 1, 2
_BEEPS: Final = ("short high", "short low", "long high", "long low")
#: Text that fits into one packet beside the kind of code.
_ROOM: Final = 240


def make_packet(opcode: int, data: bytes = b"", *, source: int = 0, status: int = 0) -> bytes:
    """One whole packet.

    >>> make_packet(DECODE_DATA, b"\\x0b5901234123457").hex(" ")
    '12 f3 00 00 0b 35 39 30 31 32 33 34 31 32 33 34 35 37 fc 52'
    """
    body = bytes((len(data) + 4, opcode, source, status)) + data
    checksum = (0x10000 - sum(body)) % 0x10000
    return body + bytes((checksum >> 8, checksum & 0xFF))


def beep_words(code: int) -> str:
    """What a beep code sounds like; the codes 0 to 19 of the Simple Serial Interface Programmer's Guide.

    >>> beep_words(0), beep_words(6), beep_words(16), beep_words(40)
    ('1 short high', '2 short low', '2 long low', 'beep code 40')
    """
    return f"{code % 5 + 1} {_BEEPS[code // 5]}" if code < 20 else f"beep code {code}"


@dataclass(slots=True)
class Shown:
    """What the operator heard and saw: beep codes in order, and whether the light is on."""

    beeps: list[int] = field(default_factory=list)
    light: bool = False


class ZebraSsi(Wired):
    """One scanner. A lost answer is simulated by `deaf`: so many of the host's answers are not heard."""

    def __init__(self, transport: Transport, *, patience: float = 2.0, attempts: int = 4, seed: int = 0) -> None:
        super().__init__(transport, seed=seed)
        self.shown = Shown()
        #: Told what the operator hears and sees, as soon as it happens.
        self.tell: Callable[[str], None] = lambda _words: None
        self.deaf = 0
        #: Packets with codes sent, those sent again included.
        self.sent = 0
        self._patience, self._attempts = patience, attempts
        self._buffer = b""
        self._answers: list[int] = []
        self._news = threading.Condition()

    def scan(self, code: str, kind: int = CODE_128) -> bool:
        """Send a code, in several packets where it is long; whether the host took all of it. Raises NotPlugged."""
        text = code.encode("latin-1")
        parts = [text[at : at + _ROOM] for at in range(0, len(text), _ROOM)]
        return all(
            self._send(bytes((kind,)) + part, _MORE if number < len(parts) else 0)
            for number, part in enumerate(parts, start=1)
        )

    def _wake_up(self) -> None:
        self._buffer = b""

    def _send(self, data: bytes, status: int) -> bool:
        for attempt in range(self._attempts):
            with self._news:
                self._answers.clear()
            self.sent += 1
            again = _AGAIN if attempt else 0
            self._transport.write(make_packet(DECODE_DATA, data, status=status | again))
            with self._news:
                self._news.wait_for(lambda: bool(self._answers), self._patience)
                if ACK in self._answers:
                    return True
        return False

    def hear(self, data: bytes) -> None:
        """Take bytes from the host."""
        self._buffer += data
        for opcode, parameters in self._packets():
            if opcode in (ACK, NAK):
                self._hear_answer(opcode)
            else:
                self._show(opcode, parameters)

    def _packets(self) -> Iterator[tuple[int, bytes]]:
        while self._buffer:
            size = self._buffer[0] + 2
            if size >= 6 and len(self._buffer) < size:
                return
            whole = self._buffer[:size]
            if size < 6 or make_packet(whole[1], whole[4:-2], source=4, status=whole[3]) != whole:
                # A NUL that wakes the scanner, or noise.
                self._buffer = self._buffer[1:]
                continue
            self._buffer = self._buffer[size:]
            yield whole[1], whole[4:-2]

    def _hear_answer(self, opcode: int) -> None:
        with self._news:
            if self.deaf:
                self.deaf -= 1
                return
            self._answers.append(opcode)
            self._news.notify_all()

    def _show(self, opcode: int, parameters: bytes) -> None:
        with self._news:
            if opcode == BEEP:
                self.shown.beeps.append(parameters[0])
            elif opcode in (LED_ON, LED_OFF):
                self.shown.light = opcode == LED_ON
            self._news.notify_all()
        if opcode == BEEP:
            self.tell(f"  heard: {beep_words(parameters[0])}")
        elif opcode in (LED_ON, LED_OFF):
            self.tell(f"  light: {'on' if opcode == LED_ON else 'off'}")
        try:
            self._transport.write(make_packet(ACK))
        except NotPlugged:
            # The host has gone before our answer.
            return
