"""R200-family serial UHF modules (R200, M100, YRM100, JRD-4035): frames in, tag reads out, commands to poll. Sans-I/O.

Frame: head, type, command, length (2 bytes), parameters, sum, tail; sum is the low byte of the sum from type to
the last parameter. Two dialects differ only in head and tail: BB..7E and AA..DD (R200 user protocol V2.3.3).
"""

import struct
from binascii import crc_hqx
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from types import MappingProxyType
from typing import Final

from gateway.protocols.options import DeviceOptions, option, required
from gateway.protocols.reads import TagRead

COMMAND: Final = 0x00
RESPONSE: Final = 0x01
NOTIFICATION: Final = 0x02

INFO: Final = 0x03
POLL: Final = 0x22
MULTI_POLL: Final = 0x27
STOP: Final = 0x28
SET_POWER: Final = 0xB6
FAILED: Final = 0xFF

NO_TAG: Final = 0x15  # Inventory round without a tag, or with a tag whose CRC failed; not a fault.

#: Tag reports remembered as they came: a tag before the antenna is reported again and again with the same bytes.
MAX_KNOWN: Final = 4096
#: Longest parameters taken seriously: a tag report is 69 bytes at most; answers to reads are longer.
MAX_PARAMETERS: Final = 520

#: A signed byte as dBm; one number for all the reports that say the same.
_DBM: Final = tuple(float(byte - 256 if byte > 127 else byte) for byte in range(256))
_TAIL_OF: Final = {0xBB: 0x7E, 0xAA: 0xDD}
_HEAD_OF: Final = {"bb": 0xBB, "aa": 0xAA}

_ERRORS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0x09: "the tag could not be read",
        0x10: "the tag could not be written",
        0x13: "the tag could not be locked",
        0x12: "the tag could not be killed",
        0x16: "the access password was wrong",
        0x17: "the command is not known to this module",
        0x20: "frequency hopping found no free channel",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class R200Options(DeviceOptions):
    """Options of an R200-family UHF module on a serial line."""

    port: str = required("Path of the port; one that stays the same.", example='"/dev/serial/by-id/..."')
    baud: int = option(115_200, "Speed.", low=9600, high=921_600)
    dialect: str = option(
        "auto", "Frame bytes: bb is BB..7E, aa is AA..DD; auto learns it.", choices=("auto", "bb", "aa")
    )
    poll: str = option(
        "multi", "multi: the module reads on its own; single: asked each time.", choices=("multi", "single")
    )
    poll_interval_ms: int = option(50, "Pause between two single polls.", low=10, high=10_000)
    power_dbm: float | None = option(None, "Transmit power; empty leaves the module's own.", low=0, high=33)
    silence_ms: int = option(2000, "Silence after which the module is asked again.", low=200, high=60_000)

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        if not self.port:
            return [_('port: empty. Write the path of the port, such as "/dev/serial/by-id/...".')]
        return []


def crc16_genibus(data: bytes) -> int:
    """CRC-16/GENIBUS, which Gen2 tags send with PC and EPC: poly 0x1021, init and final xor 0xFFFF.

    >>> hex(crc16_genibus(bytes.fromhex("3400 3075 1FEB 705C 5904 E3D5 0D70")))
    '0x3a76'
    """
    return crc_hqx(data, 0xFFFF) ^ 0xFFFF


def frame(command: int, parameters: bytes = b"", *, kind: int = COMMAND, head: int = 0xBB) -> bytes:
    """One whole frame.

    >>> frame(POLL).hex(" ")
    'bb 00 22 00 00 22 7e'
    """
    body = struct.pack(">BBH", kind, command, len(parameters)) + parameters
    return bytes((head,)) + body + bytes((sum(body) & 0xFF, _TAIL_OF[head]))


def multi_poll(rounds: int = 0xFFFF, *, head: int = 0xBB) -> bytes:
    """Ask for `rounds` inventory rounds, 1 to 65535; 0x22 is reserved by the protocol."""
    return frame(MULTI_POLL, struct.pack(">BH", POLL, rounds), head=head)


class R200Parser:
    """Finds frames in a noisy stream: length, sum and tail must fit, and the tag's own CRC for a tag report.

    Where they do not, it slides one byte and looks again, so that a head or tail byte inside an EPC harms
    nothing. feed() at every chunk, idle() after a silence, close() at the end.
    """

    __slots__ = ("_buffer", "_epcs", "_heads", "_known", "_reader", "counts", "errors", "head")

    def __init__(self, reader: str, options: R200Options) -> None:
        self._reader = reader
        self._buffer = b""
        # The frames of whole tag reports, and what they say; the reports of one tag share its EPC.
        self._known: dict[bytes, TagRead] = {}
        self._epcs: dict[str, str] = {}
        #: The dialect's head byte; with "auto" the one of the last good frame, at first BB.
        self.head = _HEAD_OF.get(options.dialect, 0xBB)
        self._heads = bytes((self.head,)) if options.dialect in _HEAD_OF else bytes(_TAIL_OF)
        #: frames, tags, no_tag, bad_frames, bad_crc, noise_bytes since the start.
        self.counts: Counter[str] = Counter()
        #: What the module complained about since take_errors(), newest last, few of them.
        self.errors: list[str] = []

    @property
    def waiting(self) -> bool:
        """Whether a frame may have begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[TagRead]:
        """The tags reported by the frames that ended within this chunk."""
        self._buffer += data
        return self._scan()

    def idle(self) -> list[TagRead]:
        """After a silence the frame that began will never end: look for a whole one inside it."""
        reads: list[TagRead] = []
        while self._buffer:
            self.counts["bad_frames"] += 1
            self.counts["noise_bytes"] += 1
            self._buffer = self._buffer[1:]
            reads.extend(self._scan())
        return reads

    def close(self) -> list[TagRead]:
        """The port is gone; what is left can only be half a frame."""
        self.counts["noise_bytes"] += len(self._buffer)
        self._buffer = b""
        return []

    def take_errors(self) -> list[str]:
        """The module's complaints since the last call."""
        errors, self.errors = self.errors, []
        return errors

    def _scan(self) -> list[TagRead]:
        reads: list[TagRead] = []
        buffer, known, at, again = self._buffer, self._known, 0, 0
        last = len(buffer) - 5
        while at <= last:
            size = (buffer[at + 3] << 8 | buffer[at + 4]) + 7
            tag = known.get(buffer[at : at + size])
            if tag is not None:
                self.head = buffer[at]
                again += 1
            else:
                size, tag = self._look(at)
                if not size:
                    break
            at += size
            if tag is not None:
                reads.append(tag)
        self._buffer = buffer[at:]
        if self._buffer and self._buffer[0] not in self._heads:
            self._buffer = self._buffer[self._noise(0) :]
        self.counts["frames"] += again
        self.counts["tags"] += again
        return reads

    def _look(self, at: int) -> tuple[int, TagRead | None]:
        """What begins here: how many bytes are done with, and the tag they report; 0 while a frame is not all here."""
        if self._buffer[at] not in self._heads:
            return self._noise(at), None
        size = self._frame_size(at)
        if size is None:
            return 0, None
        if size == 0:
            self.counts["noise_bytes"] += 1
            return 1, None
        return size, self._take(self._buffer[at : at + size])

    def _noise(self, at: int) -> int:
        """How many bytes from here on cannot begin a frame; they are counted."""
        found = [head for head in (self._buffer.find(head, at) for head in self._heads) if head >= 0]
        count = min(found, default=len(self._buffer)) - at
        self.counts["noise_bytes"] += count
        return count

    def _frame_size(self, at: int) -> int | None:
        """The size of the frame that begins here; None: not all here yet; 0: not a frame."""
        buffer = self._buffer
        length = buffer[at + 3] << 8 | buffer[at + 4]
        if buffer[at + 1] > NOTIFICATION or length > MAX_PARAMETERS:
            return 0
        end = at + length + 7
        if len(buffer) < end:
            return None
        if buffer[end - 1] != _TAIL_OF[buffer[at]] or sum(buffer[at + 1 : end - 2]) & 0xFF != buffer[end - 2]:
            self.counts["bad_frames"] += 1
            return 0
        return length + 7

    def _take(self, whole: bytes) -> TagRead | None:
        self.head = whole[0]
        self.counts["frames"] += 1
        kind, command, parameters = whole[1], whole[2], whole[5:-2]
        if kind == NOTIFICATION and command == POLL:
            tag = self._tag(parameters)
            if tag is not None:
                self._remember(whole, tag)
            return tag
        if kind == RESPONSE and command == FAILED and parameters:
            self._complaint(parameters[0])
        return None

    def _tag(self, parameters: bytes) -> TagRead | None:
        """RSSI (signed byte, dBm), PC (2), EPC, CRC (2); the top five bits of PC give the EPC's length in words."""
        words = parameters[1] >> 3 if len(parameters) > 1 else -1
        if len(parameters) != 5 + 2 * words or crc16_genibus(parameters[1:-2]) != int.from_bytes(parameters[-2:]):
            self.counts["bad_crc"] += 1
            return None
        self.counts["tags"] += 1
        epc = parameters[3:-2].hex().upper()
        return TagRead(self._reader, self._epcs.setdefault(epc, epc), rssi_dbm=_DBM[parameters[0]])

    def _remember(self, whole: bytes, tag: TagRead) -> None:
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
            self._epcs.clear()
        self._known[whole] = tag

    def _complaint(self, code: int) -> None:
        if code == NO_TAG:
            self.counts["no_tag"] += 1
            return
        self.counts["errors"] += 1
        if len(self.errors) < 8:
            self.errors.append(_ERRORS.get(code, f"error {code:#04x}"))
