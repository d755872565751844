"""Lines from a scanner: arbitrary chunks of bytes in, one read per code out. Sans-I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from gateway.protocols.feedback import PROFILES
from gateway.protocols.options import CodeOptions, option, required, toml
from gateway.protocols.reads import CodeRead, CodeRules

MAX_LENGTH: Final = 4096
STX: Final = b"\x02"
ETX: Final = b"\x03"

SUFFIXES: Final[Mapping[str, bytes]] = MappingProxyType(
    {"auto": b"\r", "cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t", "etx": ETX, "none": b""}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFormat(CodeOptions):
    """What a code looks like on a line, whatever wire brings it."""

    suffix: str = option(
        "auto", "What ends a code; auto takes CR, LF and CRLF, none an idle gap.", choices=tuple(SUFFIXES)
    )
    gap_ms: int = option(50, "Silence that ends a code where suffix is none.", low=5, high=5000)
    patience_ms: int = option(1000, "Silence after which half a line is reported.", low=50, high=60_000)
    code_ids: Mapping[str, str] = option(
        MappingProxyType({}), 'Vendor code id to AIM identifier, such as { b = "]C1" }; empty: AIM or none.'
    )
    ack: str = option("none", "ack: the scanner waits for ACK, sent once stored.", choices=("none", "ack"))
    feedback: str = option("none", "Whose beeps and lights the scanner knows.", choices=tuple(PROFILES))

    @property
    def rules(self) -> CodeRules:
        """How decode is to understand this scanner's codes."""
        return CodeRules(self.gs_substitutes, tuple(self.code_ids.items()), self.gcp_length)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions(LineFormat):
    """Options of a barcode scanner on a serial line."""

    port: str = required("Path of the port; one that stays the same.", example='"/dev/serial/by-id/..."')
    baud: int = option(9600, "Speed; USB-COM scanners ignore it.", low=300, high=4_000_000)
    data_bits: int = option(8, "Data bits.", choices=(7, 8))
    parity: str = option("none", "Parity.", choices=("none", "even", "odd"))
    stop_bits: int = option(1, "Stop bits.", choices=(1, 2))
    flow: str = option("none", "Flow control.", choices=("none", "xonxoff", "rtscts"))

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        mistakes = []
        if not self.port:
            mistakes.append(_('port: empty. Write the path of the port, such as "/dev/serial/by-id/...".'))
        mistakes.extend(_code_id_mistakes(self.code_ids))
        return mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpLineOptions(LineFormat):
    """Options of a scanner or another device that sends its lines over TCP."""

    host: str = required("The device's address; in mode server the gateway's own to listen at.", example='"10.0.0.20"')
    tcp_port: int = required("The port to connect to, or to listen at.", example="2001", low=1, high=65_535)
    mode: str = option(
        "client", "client: we connect to the device; server: the device connects to us.", choices=("client", "server")
    )
    allow: tuple[str, ...] = option((), "Addresses that may connect in mode server; empty: any that reaches us.")

    @property
    def listens_at(self) -> tuple[str, int] | None:
        """The gateway's own address and port that it takes; None where the device is connected to."""
        return (self.host, self.tcp_port) if self.mode == "server" else None

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        mistakes = _code_id_mistakes(self.code_ids)
        if not self.host:
            mistakes.append(_('host: empty. Write an address, such as host = "10.0.0.20".'))
        if self.allow and self.mode == "client":
            mistakes.append(_('allow: only a server is connected to. Remove it, or write mode = "server".'))
        for address in self.allow:
            mistakes.extend(address_mistakes("allow", address))
        return mistakes


def address_mistakes(key: str, address: str) -> list[str]:
    """What is wrong with an address that must be a number, not a name."""
    try:
        ip_address(address)
    except ValueError:
        return [_('{key}: expected an address such as "10.0.0.20", got {got}.').format(key=key, got=toml(address))]
    return []


def _code_id_mistakes(code_ids: Mapping[str, str]) -> list[str]:
    mistakes = []
    for letter, aim in code_ids.items():
        if len(letter) != 1 or len(aim) != 3 or not aim.startswith("]"):
            mistakes.append(
                _('code_ids: expected one letter and an AIM identifier such as b = "]C1", got {letter} = {aim}.')
                .format(letter=letter, aim=toml(aim))
            )  # fmt: skip
    return mistakes


class LineFramer:
    """Cuts a stream into codes. feed() at every chunk, idle() after `gap` seconds of silence, close() at the end.

    An over-long code is reported once, cut to 4096 bytes, and the rest up to its end is dropped. Nothing but
    the line ending (and the STX of an envelope) is taken away; empty lines are no reads.
    """

    __slots__ = (
        "_buffer", "_delivery", "_end", "_envelope", "_fold", "_reader", "_returns", "_skipping", "gap", "noise_bytes",
    )  # fmt: skip

    def __init__(self, reader: str, options: LineFormat, *, delivery: int | None = None) -> None:
        self._reader = reader
        self._delivery = delivery
        self._end = SUFFIXES[options.suffix]
        self._fold = options.suffix == "auto"
        self._returns = options.suffix == "cr"
        self._envelope = options.suffix == "etx"
        self._buffer = b""
        # Set while the rest of an over-long code is being dropped.
        self._skipping = False
        #: Seconds of silence after which idle() has something to say.
        self.gap = (options.patience_ms if self._end else options.gap_ms) / 1000
        #: Bytes outside STX..ETX envelopes, dropped.
        self.noise_bytes = 0

    @property
    def waiting(self) -> bool:
        """Whether a code has begun and not ended."""
        return bool(self._buffer) or self._skipping

    def feed(self, data: bytes) -> list[CodeRead]:
        """The codes that ended within this chunk, in order."""
        if self._fold:
            # CRLF, the commonest ending, makes one part of each code instead of two.
            data = data.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
        if not self._end:
            self._buffer += data
            return self._cut()
        whole = self._buffer + data
        if self._returns and b"\n" in whole:
            # Most scanners end with CRLF. Its LF begins no code, or each scan would be followed by half a one.
            whole = whole.replace(b"\r\n", b"\r").removeprefix(b"\n")
        parts = whole.split(self._end)
        self._buffer = parts.pop()
        reads = self._complete(parts) if parts else []
        return reads + self._cut() if len(self._buffer) > MAX_LENGTH or self._skipping else reads

    def _complete(self, parts: list[bytes]) -> list[CodeRead]:
        if self._skipping:
            # This part is the tail of a code that was already reported as truncated.
            parts[0] = b""
            self._skipping = False
        if self._envelope:
            return self._unwrap(parts)
        if len(max(parts, key=len)) > MAX_LENGTH:
            return [self._read(part) for part in parts if part]
        # A burst of sound codes, written out: a call for each costs a tenth of its time.
        reader, delivery = self._reader, self._delivery
        return [CodeRead(reader, part, False, None, delivery) for part in parts if part]

    def _read(self, code: bytes) -> CodeRead:
        if len(code) > MAX_LENGTH:
            return self._truncated(code)
        return CodeRead(self._reader, code, False, None, self._delivery)

    def _unwrap(self, parts: list[bytes]) -> list[CodeRead]:
        """STX..ETX envelopes. Bytes before STX are noise; an ETX without STX is taken as a plain suffix."""
        reads: list[CodeRead] = []
        for part in parts:
            before, *envelopes = part.split(STX)
            if not envelopes:
                envelopes = [before]
            else:
                self.noise_bytes += len(before)
            reads.extend(self._fault(cut, _("The code was cut short by the next one.")) for cut in envelopes[:-1])
            code = envelopes[-1]
            if code:
                reads.append(self._read(code))
        return reads

    def _cut(self) -> list[CodeRead]:
        """Report an over-long beginning once, then hold nothing of it but a possible half of its ending."""
        reads = []
        if self._envelope and not self._skipping:
            self._drop_noise()
        if len(self._buffer) > MAX_LENGTH + self._envelope and not self._skipping:
            reads.append(self._truncated(self._buffer))
            self._skipping = True
        if self._skipping:
            keep = len(self._end) - 1
            self._buffer = self._buffer[-keep:] if keep > 0 else b""
        return reads

    def _drop_noise(self) -> None:
        """Forget what stands before the envelope that has begun, so that noise is never cut into a code."""
        begin = self._buffer.rfind(STX)
        if begin > 0:
            self.noise_bytes += begin
            self._buffer = self._buffer[begin:]

    def idle(self) -> list[CodeRead]:
        """After a silence of `gap` seconds: the code itself where the gap ends it, else a fault."""
        if not self._end:
            return self._flush(None)
        return self._flush(_("The code ended without its line ending; check the suffix of this scanner."))

    def close(self) -> list[CodeRead]:
        """The port is gone: half a code is a fault."""
        return self._flush(_("The connection was lost in the middle of the code."))

    def _flush(self, fault: str | None) -> list[CodeRead]:
        buffer, skipping = self._buffer, self._skipping
        self._buffer, self._skipping = b"", False
        if self._envelope:
            buffer = buffer.removeprefix(STX)
        if skipping or not buffer:
            return []
        return [CodeRead(self._reader, buffer, False, fault, self._delivery)]

    def _truncated(self, code: bytes) -> CodeRead:
        if self._envelope:
            code = code.removeprefix(STX)
        fault = _("The code is longer than {limit} bytes and was cut.").format(limit=MAX_LENGTH)
        return CodeRead(self._reader, code[:MAX_LENGTH], True, fault, self._delivery)

    def _fault(self, code: bytes, fault: str) -> CodeRead:
        return CodeRead(self._reader, code[:MAX_LENGTH], False, fault, self._delivery)
