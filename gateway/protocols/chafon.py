"""Chafon UHF readers (UHFReader18, UHFReader288M and relatives): CRC-16 frames, asked round by round. Sans-I/O.

Frame: length of all that follows, address, command, status (in answers), data, CRC-16/MCRF4XX low byte first. There
is no start byte, so a frame counts when its CRC fits, and a lost one is got over by sliding byte by byte.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from gettext import gettext as _
from types import MappingProxyType
from typing import Final

from gateway.protocols.options import DeviceOptions, option
from gateway.protocols.quiet import QuietMachine
from gateway.protocols.reads import TagRead

INVENTORY: Final = 0x01
INFO: Final = 0x21
SET_POWER: Final = 0x2F
BUZZER: Final = 0x40

DONE: Final = 0x01
MORE: Final = 0x03
#: Done, scan time over, more to come, memory full: all of them carry tags.
_WITH_TAGS: Final = (DONE, 0x02, MORE, 0x04)
NO_TAG: Final = 0xFB
_ERRORS: Final[Mapping[int, str]] = MappingProxyType(
    {0xF8: _("an antenna is not connected"), 0xFD: _("a command had the wrong length"), 0xFF: _("a parameter is wrong")}
)

#: Silence in the middle of a frame after which its rest will not come.
FRAME_GAP: Final = 0.1
#: The reader looks for tags for so long at most (tenths of a second), and answers soon after that.
SCAN_TENTHS: Final = 3
ANSWER_SECONDS: Final = SCAN_TENTHS / 10 + 0.7
MISSES_ALLOWED: Final = 5
#: What an antenna complained about stands until it has answered well for so long: the antennas are asked in turn, and
#: a bad contact comes and goes.
CALM_SECONDS: Final = 5.0
_SHORTEST: Final = 5
#: The reader's own number for the strength counts upwards; less this it is of the size of a dBm.
RSSI_ZERO: Final = 129


@dataclass(frozen=True, slots=True, kw_only=True)
class ChafonOptions(DeviceOptions):
    """Options of a Chafon reader on a serial line or in the network."""

    port: str = option("", "Path of the serial port; one that stays the same.")
    baud: int = option(57_600, "Speed.", low=9600, high=921_600)
    host: str = option("", "The reader's address in the network, instead of port.")
    tcp_port: int = option(27_011, "The reader's TCP port.", low=1, high=65_535)
    model: str = option("288", "288: antenna and strength in each answer; 18: neither.", choices=("288", "18"))
    address: int = option(255, "The reader's own number; 255 speaks to any.", low=0, high=255)
    antennas: int = option(1, "How many antennas are asked in turn (model 288).", low=1, high=8)
    poll_interval_ms: int = option(20, "Pause between two rounds.", low=0, high=10_000)
    power_dbm: int | None = option(None, "Transmit power; empty leaves the reader's own.", low=0, high=33)
    buzzer: bool = option(False, "Whether the reader beeps at every tag.")

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        if bool(self.port) == bool(self.host):
            return [_('port: expected either port = "/dev/serial/by-id/..." or host = "10.0.0.30".')]
        return []


def crc16_mcrf4xx(data: bytes | bytearray) -> int:
    """CRC-16/MCRF4XX: polynomial 1021 reflected, start FFFF, not inverted.

    >>> crc16_mcrf4xx(bytes.fromhex("07 00 01 01 01 00")).to_bytes(2, "little").hex()
    '1e4b'
    """
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def _row(value: int) -> int:
    for _bit in range(8):
        value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value


_TABLE: Final = tuple(_row(value) for value in range(256))


def frame(address: int, command: int, data: bytes = b"") -> bytes:
    """One whole command.

    >>> frame(0xFF, INVENTORY).hex()
    '04ff011bb4'
    """
    body = bytes((len(data) + 4, address, command)) + data
    return body + crc16_mcrf4xx(body).to_bytes(2, "little")


class ChafonMachine(QuietMachine):
    """Asks one antenna after the other, and reads the tags of their answers; see driver.Machine."""

    def __init__(self, reader: str, options: ChafonOptions) -> None:
        self._reader, self._options = reader, options
        self._buffer = bytearray()
        self._outgoing: list[bytes] = []
        self._next_at = 0.0
        self._heard_at = 0.0
        self._antenna = 0
        self._missed = 0
        self._asked = False
        #: What is said as long as whole answers do not read as those of the model.
        self._misfit: str | None = None
        #: What each antenna complained about, and when it did so last.
        self._complaints: dict[int, tuple[str, float]] = {}
        self.ready = False
        self.trouble: str | None = None
        #: frames, tags, bad_tags, noise_bytes and errors since the start.
        self.counts: Counter[str] = Counter()

    @property
    def waiting(self) -> bool:
        """Whether a frame may have begun and not ended."""
        return bool(self._buffer)

    @property
    def dead(self) -> str | None:
        """A reader that says nothing at all for several questions."""
        if self._missed < MISSES_ALLOWED:
            return None
        where = self._options.port or self._options.host
        return _("The reader at {where} does not answer: check its power, address and baud.").format(where=where)

    def open(self, now: float) -> None:
        """Set power and buzzer, and begin to ask."""
        options = self._options
        self._buffer.clear()
        self._missed, self._asked, self.ready = 0, False, False
        self._misfit = self.trouble = None
        self._complaints.clear()
        self._outgoing = [frame(options.address, BUZZER, bytes((options.buzzer,)))]
        if options.power_dbm is not None:
            self._outgoing.append(frame(options.address, SET_POWER, bytes((options.power_dbm,))))
        self._next_at = now

    def close(self) -> None:
        """Nothing to say: a reader that is not asked reads nothing."""

    def commands(self) -> list[bytes]:
        """What to send now."""
        commands, self._outgoing = self._outgoing, []
        return commands

    def next_at(self) -> float:
        """The next question, or the moment at which half a frame is given up."""
        return min(self._next_at, self._heard_at + FRAME_GAP) if self._buffer else self._next_at

    def feed(self, data: bytes, now: float) -> list[TagRead]:
        """The tags in the frames that ended within this chunk."""
        self._buffer += data
        self._heard_at = now
        return self._scan(now)

    def tick(self, now: float) -> list[TagRead]:
        """Give up half a frame, and ask again when it is time."""
        reads: list[TagRead] = []
        while self._buffer and now >= self._heard_at + FRAME_GAP:
            self._drop()
            reads.extend(self._scan(now))
        if now >= self._next_at:
            self._missed += self._asked
            self._asked = True
            self._outgoing.append(self._question())
            self._next_at = now + ANSWER_SECONDS
        return reads

    def _question(self) -> bytes:
        if self._options.model == "18":
            return frame(self._options.address, INVENTORY)
        antenna = 0x80 | self._antenna
        # Q, session, mask in EPC memory at bit 0 with length 0 (all tags), target A, antenna, scan time.
        return frame(self._options.address, INVENTORY, bytes((4, 0, 1, 0, 0, 0, 0, antenna, SCAN_TENTHS)))

    def _drop(self) -> None:
        self.counts["noise_bytes"] += 1
        del self._buffer[0]

    def _scan(self, now: float) -> list[TagRead]:
        reads: list[TagRead] = []
        while self._buffer:
            size = self._buffer[0] + 1
            if size <= _SHORTEST:
                self._drop()
                continue
            if len(self._buffer) < size:
                break
            if crc16_mcrf4xx(self._buffer[:size]):
                # A whole frame followed by its own CRC gives nought.
                self._drop()
                continue
            whole = bytes(self._buffer[:size])
            del self._buffer[:size]
            reads.extend(self._take(whole, now))
        return reads

    def _take(self, whole: bytes, now: float) -> list[TagRead]:
        command, status, data = whole[2], whole[3], whole[4:-2]
        self.counts["frames"] += 1
        self._missed, self.ready = 0, True
        if command != INVENTORY:
            return []
        self._note(status, now)
        self._asked = status == MORE
        if status != MORE:
            self._antenna = (self._antenna + 1) % self._options.antennas
            self._next_at = now + self._options.poll_interval_ms / 1000
        reads = self._tags(data) if status in _WITH_TAGS and data else []
        self.trouble = next((words for words, _at in self._complaints.values()), None) or self._misfit
        return reads

    def _note(self, status: int, now: float) -> None:
        """Keep what the antenna that was asked complains about, or forget it after good answers for a while."""
        if status in _WITH_TAGS or status == NO_TAG:
            _words, at = self._complaints.get(self._antenna, ("", now))
            if now >= at + CALM_SECONDS:
                del self._complaints[self._antenna]
            return
        self.counts["errors"] += 1
        error = _ERRORS.get(status, _("error {code:#04x}").format(code=status))
        alone, among = _("The reader says: {error}."), _("The reader says of antenna {antenna}: {error}.")
        sentence = alone if self._options.antennas == 1 else among
        self._complaints[self._antenna] = (sentence.format(antenna=self._antenna + 1, error=error), now)

    def _tags(self, data: bytes) -> list[TagRead]:
        reads = list(_reads_288(self._reader, data) if self._options.model == "288" else _reads_18(self._reader, data))
        if any(read is None for read in reads):
            # The CRC fits and the content does not: the model in gateway.toml is another one than the reader.
            self.counts["bad_tags"] += 1
            self._misfit = _("Its answers do not fit model {model}; try the other one.").format(
                model=self._options.model
            )
            return []
        if reads:
            # A round without a tag tells nothing of the model: the complaint stands until a tag is read.
            self._misfit = None
        self.counts["tags"] += len(reads)
        return [read for read in reads if read is not None]


def _reads_18(reader: str, data: bytes) -> Iterator[TagRead | None]:
    """Number of tags, then length and EPC of each; a length of 15 or less counts bytes, the top bit adds a TID."""
    return _each(data, 0, lambda epc, _after: TagRead(reader, epc), tail=0)


def _reads_288(reader: str, data: bytes) -> Iterator[TagRead | None]:
    """Antenna as one bit, number of tags, then length, EPC and strength of each."""
    antenna = data[0].bit_length() if data else 0
    return _each(
        data, 1, lambda epc, after: TagRead(reader, epc, antenna=antenna, rssi_dbm=float(after[0] - RSSI_ZERO)), tail=1
    )


def _each(data: bytes, at: int, make: Callable[[str, bytes], TagRead], *, tail: int) -> Iterator[TagRead | None]:
    """Each tag behind the count at `at`; one None where the lengths do not add up."""
    left = data[at] if len(data) > at else -1
    at += 1
    while left > 0:
        end = at + 1 + data[at] if at < len(data) else len(data) + 1
        if end + tail > len(data) or end == at + 1 or data[at] % 2:
            break
        yield make(data[at + 1 : end].hex().upper(), data[end : end + tail])
        at, left = end + tail, left - 1
    if left or at != len(data):
        yield None
