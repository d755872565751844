"""UHF readers that speak LLRP (Impinj, Zebra, Alien and others): one inventory, kept running. Sans-I/O."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from gettext import gettext as _
from typing import Final

from gateway.protocols import llrp_codec as codec
from gateway.protocols.llrp_codec import LlrpError, Message, find, message, number, parameters
from gateway.protocols.llrp_options import LlrpOptions
from gateway.protocols.llrp_setup import choose_power, config_body, input_levels, inputs_query_body, rospec_body
from gateway.protocols.quiet import QuietMachine
from gateway.protocols.reads import InputChange, Sign, TagRead

ROSPEC_ID: Final = 1
#: The greeting and the answer to each request may take so long.
ANSWER_SECONDS: Final = 5.0
#: Two keepalives may be missed; with the default of 4 s a half-open connection is noticed within 12 s.
KEEPALIVES_MISSED: Final = 3
#: A reader without a time server counts from the year 2000 or 1970; such a time says nothing.
CLOCK_SET: Final = datetime(2020, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ATTEMPTS: Final = {
    1: _("it is connected to a program that it chose itself"),
    2: _("another program is connected to it"),
    4: _("another program is connected to it"),
}


class LlrpMachine(QuietMachine):
    """Greets, sets the reader up, starts one inventory and keeps it running; see driver.Machine.

    Each request waits for the answer to the one before, in the order of `_plan`.
    """

    def __init__(self, reader: str, options: LlrpOptions) -> None:
        self._reader, self._options = reader, options
        self._buffer = bytearray()
        self._outgoing: list[bytes] = []
        self._plan: list[int] = []
        self._awaited: int | None = None
        self._deadline = 0.0
        self._numbers = 0
        self._power: tuple[int, bool] | None = None
        self._away: set[int] = set()
        self._said: str | None = None
        self._clock_wrong = False
        self.ready = False
        self.dead: str | None = None
        #: messages, tags, keepalives, events, gpi_events, gpi_states, clock_unset and restarts since the start.
        self.counts: Counter[str] = Counter()

    @property
    def waiting(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)

    @property
    def trouble(self) -> str | None:
        """What the reader complains about; the clock last, for it spoils no read."""
        if self._away:
            antennas = ", ".join(str(antenna) for antenna in sorted(self._away))
            return _("Antenna {antennas} is not connected.").format(antennas=antennas)
        if self._said is None and self._clock_wrong:
            return _("The reader's clock is not set: give it a time server. The gateway's time is used.")
        return self._said

    def open(self, now: float) -> None:
        """Wait for the reader's greeting: it speaks first."""
        self._buffer.clear()
        self._outgoing = []
        self._away.clear()
        self._said, self.dead, self.ready, self._clock_wrong = None, None, False, False
        asks_power = [codec.GET_CAPABILITIES] if self._options.power_dbm is not None else []
        asks_inputs = [codec.GET_CONFIG] if self._ports() else []
        self._plan = [
            codec.SET_CONFIG, codec.DELETE_ROSPEC, *asks_power, codec.ADD_ROSPEC, codec.ENABLE_ROSPEC, *asks_inputs
        ]  # fmt: skip
        self._awaited = codec.EVENT
        self._deadline = now + ANSWER_SECONDS

    def close(self) -> None:
        """Take our inventory away, so that the reader does not go on into the void, and say good-bye."""
        if self.dead is None:
            self._ask(codec.DELETE_ROSPEC)
            self._ask(codec.CLOSE)

    def commands(self) -> list[bytes]:
        """What to send now."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def next_at(self) -> float:
        """When the reader has been silent for too long."""
        return self._deadline

    def tick(self, now: float) -> list[TagRead]:
        """Give up a reader that says nothing."""
        if now >= self._deadline and self.dead is None:
            self.dead = _("The reader at {host} does not answer any more.").format(host=self._options.host)
        return []

    def feed(self, data: bytes, now: float) -> list[Sign]:
        """The tags, and the changes of inputs, in the messages that ended within this chunk."""
        if self.dead is not None:
            return []
        self._buffer += data
        reads: list[Sign] = []
        try:
            for each in codec.take_messages(self._buffer):
                self.counts["messages"] += 1
                reads.extend(self._take(each))
                self._extend_deadline(now)
        except LlrpError as error:
            sentence = _("What comes from {host} is no LLRP: {error}")
            self.dead = sentence.format(host=self._options.host, error=error)
        return reads

    def _extend_deadline(self, now: float) -> None:
        silence = self._options.keepalive_s * KEEPALIVES_MISSED
        self._deadline = now + (ANSWER_SECONDS if self._awaited is not None else silence)

    # -- what the reader says

    def _take(self, each: Message) -> list[Sign]:
        if each.kind == codec.REPORT:
            return [read for kind, content in parameters(each.body) if kind == codec.TAG_REPORT
                    if (read := self._tag(content)) is not None]  # fmt: skip
        if each.kind == codec.KEEPALIVE:
            self.counts["keepalives"] += 1
            self._outgoing.append(message(codec.KEEPALIVE_ACK, each.number))
        elif each.kind == codec.EVENT:
            return self._events(find(each.body, codec.EVENT_DATA) or b"")
        elif each.kind == self._awaited or each.kind == codec.ERROR:
            return self._answered(each)
        return []

    def _tag(self, content: bytes) -> TagRead | None:
        found = dict(parameters(content))
        epc = found.get(codec.EPC_96)
        if epc is None and (data := found.get(codec.EPC_DATA)) is not None:
            epc = data[2 : 2 + (number(data[:2]) + 7) // 8]
        if not epc:
            # Some readers send a report without a tag.
            self.counts["empty_reports"] += 1
            return None
        self.counts["tags"] += 1
        rssi = found.get(codec.PEAK_RSSI)
        return TagRead(
            self._reader,
            epc.hex().upper(),
            antenna=number(found[codec.ANTENNA]) if codec.ANTENNA in found else None,
            rssi_dbm=float(int.from_bytes(rssi, signed=True)) if rssi else None,
            reader_time=self._moment(found.get(codec.LAST_SEEN) or found.get(codec.FIRST_SEEN)),
            count=max(1, number(found.get(codec.SEEN_COUNT, b"\1"))),
        )

    def _moment(self, stamp: bytes | None) -> datetime | None:
        if stamp is None:
            return None
        try:
            moment = _EPOCH + timedelta(microseconds=number(stamp))
        except OverflowError:
            return None
        self._clock_wrong = moment < CLOCK_SET
        self.counts["clock_unset"] += self._clock_wrong
        return None if self._clock_wrong else moment

    def _events(self, data: bytes) -> list[Sign]:
        changes: list[Sign] = []
        found = list(parameters(data))
        stamp = next((content for kind, content in found if kind == codec.UTC_TIMESTAMP), None)
        for kind, content in found:
            self.counts["events"] += 1
            if kind == codec.GPI_EVENT and len(content) == 3:
                self.counts["gpi_events"] += 1
                changes.append(self._input(content, stamp))
            else:
                self._note_event(kind, content)
        return changes

    def _input(self, content: bytes, stamp: bytes | None) -> InputChange:
        """GPIPortNum in 16 bits, then the new level in the highest bit of a byte."""
        return InputChange(self._reader, number(content[:2]), bool(content[2] & 0x80), self._moment(stamp))

    def _note_event(self, kind: int, content: bytes) -> None:
        if kind == codec.ATTEMPT_EVENT:
            self._greeted(number(content))
        elif kind == codec.ANTENNA_EVENT and len(content) == 3:
            antenna = number(content[1:])
            (self._away.discard if content[0] else self._away.add)(antenna)
        elif kind == codec.EXCEPTION_EVENT:
            words = content[2 : 2 + number(content[:2])].decode("utf-8", "replace")
            self._said = _("The reader says: {error}.").format(error=words.rstrip("."))
        elif kind == codec.ROSPEC_EVENT and content[:1] in (b"\1", b"\2") and self._options.trigger == "always":
            # It ended without our wish: another program, or the reader itself, stopped it.
            self.counts["restarts"] += 1
            self._ask(codec.START_ROSPEC)
        elif kind == codec.CLOSE_EVENT:
            self.dead = _("The reader at {host} closed the connection.").format(host=self._options.host)

    def _greeted(self, status: int) -> None:
        if status == 0:
            if self._awaited == codec.EVENT:
                self._go_on()
            return
        words = _ATTEMPTS.get(status, _("reason {status}").format(status=status))
        self.dead = _("The reader at {host} refuses: {words}.").format(host=self._options.host, words=words)

    def _answered(self, answer: Message) -> list[Sign]:
        if self._awaited == codec.GET_CONFIG_RESPONSE:
            return self._inputs_told(answer)
        self._obeyed(answer)
        return []

    def _inputs_told(self, answer: Message) -> list[Sign]:
        """How the inputs stand at the beginning: what was on before we came is a change to whoever waits for it.

        A reader without inputs may refuse to tell them, and reads tags all the same.
        """
        levels = input_levels(answer.body) if answer.kind == codec.GET_CONFIG_RESPONSE else []
        # Other inputs are switched on for somebody else, or by the reader's own settings.
        wanted = set(self._ports())
        told: list[Sign] = [InputChange(self._reader, port, high) for port, high in levels if port in wanted]
        self.counts["gpi_states"] += len(told)
        self._go_on()
        if self._starts_now(dict(levels)):
            # An input as start trigger waits for a change (LLRP 1.0.1, 11.2.1.1.1), which has happened already.
            self._ask(codec.START_ROSPEC)
        return told

    def _starts_now(self, levels: Mapping[int, bool]) -> bool:
        gpi = self._gpi()
        return gpi is not None and levels.get(gpi[0]) is gpi[1]

    def _obeyed(self, answer: Message) -> None:
        try:
            status = find(answer.body, codec.STATUS) or b"\0\0"
        except LlrpError:
            status = b"\0\0"
        # A reader without an inventory may call it a fault to delete all of them.
        if status[:2] != b"\0\0" and answer.kind != codec.DELETE_ROSPEC_RESPONSE:
            words = status[4 : 4 + number(status[2:4])].decode("utf-8", "replace").rstrip(".")
            sentence = _("The reader at {host} does not take our settings: {words} (status {code}).")
            self.dead = sentence.format(host=self._options.host, words=words or "?", code=number(status[:2]))
            return
        if answer.kind == codec.GET_CAPABILITIES_RESPONSE and self._options.power_dbm is not None:
            self._power = choose_power(answer.body, self._options.power_dbm)
        self._go_on()

    # -- what it is told

    def _go_on(self) -> None:
        self._awaited = None
        if not self._plan:
            self.ready = True
            return
        request = self._plan.pop(0)
        self._awaited = request + 10
        self._ask(request)

    def _ask(self, request: int) -> None:
        self._numbers += 1
        self._outgoing.append(message(request, self._numbers, self._body_of(request)))

    def _body_of(self, request: int) -> bytes:
        if request == codec.GET_CAPABILITIES:
            return b"\0"
        if request == codec.SET_CONFIG:
            return config_body(self._options.keepalive_s, self._ports())
        if request == codec.GET_CONFIG:
            return inputs_query_body()
        if request == codec.ADD_ROSPEC:
            return rospec_body(ROSPEC_ID, self._options.antennas, self._gpi(), self._power)
        if request == codec.CLOSE:
            return b""
        # All inventories are deleted, and ours is the one that is enabled and started.
        return (0 if request == codec.DELETE_ROSPEC else ROSPEC_ID).to_bytes(4)

    def _ports(self) -> list[int]:
        """The inputs that are switched on: those that a door listens to, and the one that starts reading."""
        trigger = {self._options.gpi_port} if self._options.trigger == "gpi" else set()
        return sorted(trigger | set(range(1, self._options.inputs + 1)))

    def _gpi(self) -> tuple[int, bool, int] | None:
        options = self._options
        if options.trigger == "always":
            return None
        return options.gpi_port, options.gpi_level == "high", options.gpi_max_ms
