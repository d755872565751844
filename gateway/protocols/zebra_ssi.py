"""Zebra and Symbol scanners in Simple Serial Interface: packets with a checksum, each one acknowledged. Sans-I/O.

Packet: length of all but the checksum, opcode, source (0 decoder, 4 host), status (bit 0 sent again, bit 1 more to
come), data, and the two's complement of the sum of all that, high byte first.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from types import MappingProxyType
from typing import Final

from gateway.protocols.feedback import SIGNALS
from gateway.protocols.line import MAX_LENGTH
from gateway.protocols.options import CodeOptions, option, required
from gateway.protocols.reads import CodeRead, Read

DECODE_DATA: Final = 0xF3
ACK: Final = 0xD0
NAK: Final = 0xD1
BEEP: Final = 0xE6
LED_ON: Final = 0xE7
LED_OFF: Final = 0xE8
SCAN_ENABLE: Final = 0xE9
HOST: Final = 4
DECODER: Final = 0
AGAIN: Final = 1
MORE: Final = 2
RESEND: Final = b"\x01"
#: One NUL wakes a scanner that sleeps; it is no packet.
WAKE: Final = b"\x00"

#: Silence in the middle of a packet after which its rest will not come.
PACKET_GAP: Final = 0.2
#: How long the scanner may take to acknowledge a command, and how often it is sent.
ANSWER_SECONDS: Final = 0.3
ATTEMPTS: Final = 3
MAX_COMMANDS: Final = 32

#: Beep codes: one short high, two short low, two long low, one short low.
_BEEPS: Final = {"ok": 0x00, "warn": 0x06, "stop": 0x10, "stored": 0x05}
#: Bar code types that mean one AIM identifier only; of the others the scanner must send it itself.
_AIM: Final[Mapping[int, bytes]] = MappingProxyType(
    {0x01: b"]A0", 0x03: b"]C0", 0x0A: b"]E4", 0x0B: b"]E0", 0x0F: b"]C1"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZebraSsiOptions(CodeOptions):
    """Options of a Zebra scanner in SSI on a serial line."""

    port: str = required("Path of the port; one that stays the same.", example='"/dev/serial/by-id/..."')
    baud: int = option(9600, "Speed; USB-COM scanners ignore it.", low=300, high=921_600)
    led: bool = option(True, "Whether the scanner's light shows stop until the next good scan.")

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        if not self.port:
            return [_('port: empty. Write the path of the port, such as "/dev/serial/by-id/...".')]
        return []


def packet(opcode: int, data: bytes = b"", *, source: int = HOST, status: int = 0) -> bytes:
    """One whole packet.

    >>> packet(ACK).hex(" ")
    '04 d0 04 00 ff 28'
    """
    body = bytes((len(data) + 4, opcode, source, status)) + data
    return body + (-sum(body) & 0xFFFF).to_bytes(2)


class ZebraSsiMachine:
    """Puts codes together from packets, acknowledges each code once it is stored, and shows verdicts.

    See driver.Machine. The scanner waits for our ACK and sends a packet again without one, with a mark in its
    status, so that a lost ACK makes no second read.
    """

    def __init__(self, reader: str, options: ZebraSsiOptions) -> None:
        self._reader, self._options = reader, options
        self._buffer = bytearray()
        self._outgoing: list[bytes] = []
        self._commands: deque[tuple[int, bytes]] = deque(maxlen=MAX_COMMANDS)
        self._heard_at = self._retry_at = 0.0
        self._attempts = 0
        self._deliveries = 0
        self._lit = False
        #: The data of a code so far, and the last packet that was acknowledged or waits for it.
        self._parts = b""
        self._last = b""
        self._pending: int | None = None
        self.ready = False
        self.trouble: str | None = None
        self.dead: str | None = None
        #: packets, codes, faults, again, noise_bytes and unanswered commands since the start.
        self.counts: Counter[str] = Counter()

    @property
    def waiting(self) -> bool:
        """Whether a packet may have begun and not ended."""
        return bool(self._buffer)

    def open(self, now: float) -> None:
        """Wake the scanner, and make sure that it scans."""
        self._buffer.clear()
        self._commands.clear()
        self._parts = self._last = b""
        self._pending, self._attempts, self._lit = None, 0, False
        self._outgoing = [WAKE]
        self._command(SCAN_ENABLE)
        # A plain port has no heartbeat: that it is open is all that can be known.
        self.ready = True
        self._retry_at = now

    def close(self) -> None:
        """Nothing to say: a scanner that nobody answers keeps its code, and beeps."""

    def next_at(self) -> float:
        """When a command is sent again, or half a packet is given up."""
        soon = self._retry_at if self._commands else float("inf")
        return min(soon, self._heard_at + PACKET_GAP) if self._buffer else soon

    def commands(self) -> list[bytes]:
        """What to send now."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def feed(self, data: bytes, now: float) -> list[CodeRead]:
        """The codes whose last packet ended within this chunk."""
        self._buffer += data
        self._heard_at = now
        return self._scan(now)

    def tick(self, now: float) -> list[CodeRead]:
        """Give up half a packet, and send a command again that was not acknowledged."""
        reads: list[CodeRead] = []
        while self._buffer and now >= self._heard_at + PACKET_GAP:
            self._drop()
            reads.extend(self._scan(now))
        if self._commands and now >= self._retry_at:
            self._send_command(now)
        return reads

    # -- what the scanner sends

    def _scan(self, now: float) -> list[CodeRead]:
        reads: list[CodeRead] = []
        while self._buffer:
            size = self._buffer[0] + 2
            if size < 6:
                self._drop()
            elif len(self._buffer) < size:
                break
            elif self._buffer[2] != DECODER or not _sound(bytes(self._buffer[:size])):
                self._drop()
            else:
                whole = bytes(self._buffer[:size])
                del self._buffer[:size]
                reads.extend(self._take(whole, now))
        return reads

    def _drop(self) -> None:
        self.counts["noise_bytes"] += 1
        del self._buffer[0]

    def _take(self, whole: bytes, now: float) -> list[CodeRead]:
        opcode, status, data = whole[1], whole[3], whole[4:-2]
        self.counts["packets"] += 1
        if opcode == DECODE_DATA and data:
            return self._decoded(status, data)
        if opcode in (ACK, NAK):
            self._answered(now, taken=opcode == ACK)
        else:
            self._outgoing.append(packet(ACK))
        return []

    def _decoded(self, status: int, data: bytes) -> list[CodeRead]:
        if status & AGAIN and data == self._last:
            self.counts["again"] += 1
            if self._pending is None:
                # Our ACK was lost. While the code waits for the disk, its ACK is still to come.
                self._outgoing.append(packet(ACK))
            return []
        self._last = data
        self._parts += data[1:] if len(self._parts) <= MAX_LENGTH else b""
        if status & MORE:
            self._outgoing.append(packet(ACK))
            return []
        code, self._parts = self._parts, b""
        self._deliveries += 1
        self._pending = self._deliveries
        return [self._read(data[0], code)]

    def _read(self, kind: int, code: bytes) -> CodeRead:
        if len(code) > MAX_LENGTH:
            self.counts["faults"] += 1
            fault = _("The code is longer than {limit} bytes and was cut.").format(limit=MAX_LENGTH)
            return CodeRead(self._reader, code[:MAX_LENGTH], True, fault, self._pending)
        self.counts["codes"] += 1
        aim = b"" if code.startswith(b"]") else _AIM.get(kind, b"")
        return CodeRead(self._reader, aim + code, delivery=self._pending)

    # -- what it is told

    def acknowledge(self, read: Read) -> None:
        """ACK: the scanner may forget the code."""
        if read.delivery == self._pending and read.delivery is not None:
            self._pending = None
            self._outgoing.append(packet(ACK))

    def refuse(self, read: Read) -> None:
        """NAK: the scanner sends the code again, and it is a new one then."""
        if read.delivery == self._pending and read.delivery is not None:
            self._pending, self._last = None, b""
            self._outgoing.append(packet(NAK, RESEND))

    def feedback(self, signal: str) -> None:
        """Beep, and keep the light on after a stop until something else is shown."""
        if signal not in SIGNALS:
            raise ValueError(f"Failed to show signal {signal!r}: expected one of {', '.join(SIGNALS)}.")
        self._command(BEEP, bytes((_BEEPS[signal],)))
        lit = signal == "stop" and self._options.led
        if lit != self._lit:
            self._lit = lit
            self._command(LED_ON if lit else LED_OFF, b"\x01")

    def _command(self, opcode: int, data: bytes = b"") -> None:
        self.counts["unanswered"] += len(self._commands) == MAX_COMMANDS
        self._commands.append((opcode, data))
        if len(self._commands) == 1:
            self._attempts, self._retry_at = 0, 0.0

    def _send_command(self, now: float) -> None:
        """One command at a time: the scanner answers each before it takes the next."""
        if self._attempts >= ATTEMPTS:
            self.counts["unanswered"] += 1
            self._next_command(now)
        if self._commands:
            opcode, data = self._commands[0]
            self._outgoing.append(packet(opcode, data, status=AGAIN if self._attempts else 0))
            self._attempts += 1
            self._retry_at = now + ANSWER_SECONDS

    def _answered(self, now: float, *, taken: bool) -> None:
        if taken:
            self._next_command(now)
        elif self._commands:
            self._retry_at = now

    def _next_command(self, now: float) -> None:
        if self._commands:
            self._commands.popleft()
        self._attempts, self._retry_at = 0, now


def _sound(whole: bytes) -> bool:
    return sum(whole[:-2]) + int.from_bytes(whole[-2:]) & 0xFFFF == 0
