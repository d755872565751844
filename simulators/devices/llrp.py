"""A fixed reader that speaks LLRP: it greets, takes one inventory, and reports the tags of a radio field.

Messages are taken apart and put together here and not by the gateway's code, so that a slip on either side shows.
"""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from simulators.devices.device import WiredWorker
from simulators.devices.llrp_requests import Inventory, parameters, read_inventory
from simulators.devices.tcp import MemoryNetwork, TcpTransport
from simulators.devices.transport import NotPlugged
from simulators.faults import Fault
from simulators.radio import RadioField, TagSeen

_OK: Final = bytes.fromhex("011F000800000000")
#: The first answer of each request is ten above it, CLOSE aside.
_CLOSE, _CLOSE_ANSWER = 14, 4
_CAPABILITIES, _GET_CONFIG, _CONFIG, _ADD, _DELETE, _START, _ENABLE, _KEEPALIVE_ACK = 1, 2, 3, 20, 21, 22, 24, 72


@dataclass(frozen=True, slots=True, kw_only=True)
class LlrpSettings:
    """The reader's firmware and its mistakes."""

    round_seconds: float = 0.05
    #: Whether its clock runs from the year 2000, as without a time server.
    clock_2000: bool = False
    #: How it greets: 0 welcomes; 2 means that another client is connected.
    greeting: int = 0
    #: The EPC in the long form, as for EPCs that have not 96 bits.
    long_epc: bool = False
    #: Transmit powers in hundredths of a dBm, numbered from 1.
    powers: tuple[int, ...] = (1000, 1500, 2000, 2500, 3000)
    hops: bool = True


@dataclass(slots=True)
class Seen:
    """What the host has done so far."""

    requests: list[int] = field(default_factory=list)
    keepalive_acks: int = 0


def pack(kind: int, number: int, body: bytes = b"") -> bytes:
    """One message of version 1."""
    return struct.pack(">HII", 0x0400 | kind, 10 + len(body), number) + body


def parameter(kind: int, body: bytes = b"") -> bytes:
    """One TLV parameter."""
    return struct.pack(">HH", kind, 4 + len(body)) + body


def tag_report(tag: TagSeen, moment: int, *, long_epc: bool = False) -> bytes:
    """The parameters of one tag: EPC, antenna, strength, last seen in microseconds, reads.

    >>> tag_report(TagSeen("3000ABCDEF00000000000003", 1, -48.0), 0x0005A9E4BEF862E0).hex()
    '00f000228d3000abcdef0000000000000381000186d0840005a9e4bef862e0880001'
    """
    epc = bytes.fromhex(tag.epc)
    coded = b"\x8d" + epc if len(epc) == 12 and not long_epc else parameter(241, struct.pack(">H", len(epc) * 8) + epc)
    rest = struct.pack(">BHBbBQBH", 0x81, tag.antenna, 0x86, round(tag.rssi_dbm), 0x84, moment, 0x88, 1)
    return parameter(240, coded + rest)


class LlrpReader(WiredWorker):
    """One reader at a port of this machine. A thread does the rounds and the keepalives."""

    cannot = MappingProxyType({Fault.LOST_BYTE: "TCP brings every byte or none."})

    def __init__(
        self,
        transport: TcpTransport | MemoryNetwork,
        field: RadioField,
        settings: LlrpSettings | None = None,
        *,
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(transport, seed=seed)
        self.settings = settings or LlrpSettings()
        if self.settings.clock_2000:
            self.faults.begin(Fault.CLOCK_2000)
        self._now, self._wall_clock = clock, wall_clock
        self._alive_at = clock()
        self.field = field
        self.seen = Seen()
        self.inputs: dict[int, bool] = {}
        self.switched_on: set[int] = set()
        self._network = transport
        transport.on_host = self._greet
        self._inventory: Inventory | None = None
        self._keepalive: float | None = None
        self._reading = False
        self._buffer = b""
        self._numbers = 0

    @property
    def power_cdbm(self) -> int | None:
        """The power that the inventory asks for, where it does."""
        power = self._inventory.power if self._inventory else None
        return None if power is None else self.settings.powers[power - 1]

    def set_input(self, port: int, high: bool) -> None:
        """A light barrier or a switch changes; where it is a trigger, reading starts or stops."""
        self.inputs[port] = high
        self._event(parameter(248, struct.pack(">HB", port, 0x80 if high else 0)))
        wanted = self._inventory.gpi if self._inventory else None
        if wanted and wanted[0] == port:
            self._set_reading(high == wanted[1])

    # --- what the host asks ---

    def _greet(self) -> None:
        with self._work:
            self._buffer, self._inventory, self._reading, self._keepalive = b"", None, False, None
        self._event(parameter(256, struct.pack(">H", self.settings.greeting)))
        if self.settings.greeting:
            self._network.hang_up()

    def hear(self, data: bytes) -> None:
        """Obey the requests that end in these bytes."""
        self._buffer += data
        while len(self._buffer) >= 10:
            head, length, number = struct.unpack_from(">HII", self._buffer)
            if len(self._buffer) < length:
                return
            body, self._buffer = self._buffer[10:length], self._buffer[length:]
            self._obey(head & 0x3FF, number, body)

    def _obey(self, kind: int, number: int, body: bytes) -> None:
        if kind == _KEEPALIVE_ACK:
            self.seen.keepalive_acks += 1
            return
        self.seen.requests.append(kind)
        answer = _OK
        if kind == _CAPABILITIES:
            answer += self._capabilities()
        elif kind == _GET_CONFIG:
            answer += self._input_states(body)
        elif kind == _CONFIG:
            self._configure(body)
        elif kind == _ADD:
            self._inventory = read_inventory(body)
        elif kind == _DELETE:
            self._inventory = None
            self._set_reading(False)
        elif kind in (_START, _ENABLE) and self._inventory is None:
            answer = parameter(287, struct.pack(">HH", 101, 9) + b"no ROSpec")
        elif kind == _START or (kind == _ENABLE and self._inventory and self._inventory.start == 1):
            self._set_reading(True)
        self._send(pack(_CLOSE_ANSWER if kind == _CLOSE else kind + 10, number, answer))

    def _configure(self, body: bytes) -> None:
        for kind, content in parameters(body[1:]):
            if kind == 220:
                with self._work:
                    self._keepalive = struct.unpack(">BI", content)[1] / 1000
                    self._work.notify_all()
            elif kind == 225:
                port, config, _state = struct.unpack(">HBB", content)
                (self.switched_on.add if config & 0x80 else self.switched_on.discard)(port)

    def _input_states(self, body: bytes) -> bytes:
        """GPIPortCurrentState of the inputs that were asked for: of one that nobody ever touched it is low."""
        _antenna, wanted, port, _output = struct.unpack(">HBHH", body)
        if wanted not in (0, 9):
            return b""
        ports = sorted({*self.switched_on, *self.inputs}) if port == 0 else [port]
        return b"".join(
            parameter(225, struct.pack(">HBB", each, 0x80 * (each in self.switched_on), self.inputs.get(each, False)))
            for each in ports
        )

    def _capabilities(self) -> bytes:
        levels = b"".join(
            parameter(145, struct.pack(">Hh", index, power)) for index, power in enumerate(self.settings.powers, 1)
        )
        hopping = parameter(146, b"\x80" if self.settings.hops else b"\0")
        return parameter(143, struct.pack(">HH", 840, 1) + parameter(144, levels + hopping))

    # --- what it reports ---

    def _set_reading(self, reading: bool) -> None:
        with self._work:
            self._reading = reading
            self._work.notify_all()

    def _run(self) -> None:
        while True:
            with self._work:
                self._rest(self._reading, self._keepalive)
                if not self._running:
                    return
            self.do_round()

    def do_round(self) -> None:
        """One inventory round, while an inventory runs, and the sign of life where one is due."""
        if self._reading:
            self._report()
        if self._keepalive is not None and self._now() - self._alive_at >= self._keepalive:
            self._alive_at = self._now()
            self._send(pack(62, self._next()))

    def _rest(self, reading: bool, keepalive: float | None) -> None:
        """Until the next round or keepalive, or until the host orders something else, which must not wait for them."""
        pause = self.settings.round_seconds if reading else keepalive
        self._work.wait_for(
            lambda: not self._running or (self._reading, self._keepalive) != (reading, keepalive),
            pause if self._transport.wait_for_host(0) else 0.02,
        )

    def _report(self) -> None:
        wanted = self._inventory.antennas if self._inventory else ()
        for tag in self.field.round(self._now()):
            if 0 in wanted or tag.antenna in wanted:
                self._send(pack(61, self._next(), tag_report(tag, self._clock(), long_epc=self.settings.long_epc)))

    def _clock(self) -> int:
        """Microseconds since 1970 by the reader's own clock."""
        return round(self.faults.clock(self._wall_clock()).timestamp() * 1e6)

    def _event(self, event: bytes) -> None:
        stamp = parameter(128, struct.pack(">Q", self._clock()))
        self._send(pack(63, self._next(), parameter(246, stamp + event)))

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _send(self, data: bytes) -> None:
        try:
            self._transport.write(data)
        except NotPlugged:
            # The host has gone; a real reader stops its inventory too.
            self._set_reading(False)
