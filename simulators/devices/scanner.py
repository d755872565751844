"""A barcode scanner on a serial line: it sends what it is shown and hears what its host answers."""

import random
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from simulators.devices.device import Wired
from simulators.devices.tones import Ear
from simulators.devices.transport import Transport

GS: Final = "\x1d"
SUFFIXES: Final = {"cr": "\r", "lf": "\n", "crlf": "\r\n", "tab": "\t", "etx": "\x03", "none": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerSettings:
    """How the scanner was configured with the maker's sheet of barcodes."""

    #: A name from SUFFIXES; etx also puts STX in front.
    suffix: str = "crlf"
    #: Whether the AIM identifier ("]C1") stands before a code that has one.
    aim: bool = True
    #: What is sent instead of GS, where the scanner cannot send a control character.
    gs: str = GS
    #: Wait for ACK, send again on NAK or after `patience` seconds, at most `attempts` times in all.
    ack: bool = False
    patience: float = 2.0
    attempts: int = 3
    #: Whose beeps it knows: a name from simulators.devices.tones.VENDORS.
    vendor: str = "datalogic"

    def __post_init__(self) -> None:
        if self.suffix not in SUFFIXES:
            raise ValueError(
                f"Failed to set up a scanner: expected a suffix of {', '.join(SUFFIXES)}, got {self.suffix!r}."
            )


@dataclass(slots=True)
class Heard:
    """What the host answered so far; signals and answers each in order, with the monotonic time of their arrival."""

    raw: bytearray = field(default_factory=bytearray)
    signals: list[tuple[float, str]] = field(default_factory=list)
    acks: int = 0
    naks: int = 0


class Scanner(Wired):
    """One scanner. All methods may be called from any thread; the host's answers arrive in the transport's thread."""

    def __init__(self, transport: Transport, settings: ScannerSettings | None = None, *, seed: int = 0) -> None:
        super().__init__(transport, seed=seed)
        self.settings = settings or ScannerSettings()
        self.heard = Heard()
        self._random = random.Random(seed)
        self._ear = Ear(self.settings.vendor)
        self._news = threading.Condition()

    # --- what an operator shows it ---

    def frame(self, code: str, aim: str = "") -> bytes:
        """The bytes of one good scan; `aim` is the symbol's AIM identifier, such as "]C1" for GS1-128."""
        text = code.replace(GS, self.settings.gs)
        start = "\x02" if self.settings.suffix == "etx" else ""
        return f"{start}{aim if self.settings.aim else ''}{text}{SUFFIXES[self.settings.suffix]}".encode()

    def scan(self, code: str, aim: str = "") -> bool:
        """Send a code; with `ack` on, whether the host took it. Raises NotPlugged."""
        data = self.frame(code, aim)
        if not self.settings.ack:
            self._transport.write(data)
            return True
        return self._send_until_taken(data)

    def burst(self, codes: Iterable[str], *, pause: float = 0.0) -> int:
        """Send many codes one after the other and return how many were sent (with `ack`: taken)."""
        taken = 0
        for code in codes:
            taken += self.scan(code)
            if pause:
                time.sleep(pause)
        return taken

    def duplicate(self, code: str, aim: str = "") -> None:
        """A trigger held too long: the same code twice at once."""
        self._transport.write(self.frame(code, aim) * 2)

    # --- what goes wrong on a line ---

    def half_frame(self, code: str, aim: str = "") -> bytes:
        """Send the first half of a scan and fall silent; returns what was sent."""
        data = self.frame(code, aim)
        data = data[: max(1, len(data) // 2)]
        self._transport.write(data)
        return data

    def noise(self, count: int = 16) -> bytes:
        """Send random bytes with no end of line among them, as a bad earth does; returns what was sent."""
        data = bytes(self._random.choice(_NOISE) for _ in range(count))
        self._transport.write(data)
        return data

    def garbage(self, length: int = 40) -> bytes:
        """Send a whole line of random bytes, as a wrong baud rate does; returns it without its ending."""
        data = bytes(self._random.choice(_NOISE) for _ in range(length))
        self._transport.write(data + SUFFIXES[self.settings.suffix].encode())
        return data

    # --- what the host answers ---

    def wait_for_signals(self, count: int, timeout: float) -> list[str]:
        """The first `count` signals since the start (fewer where `timeout` seconds did not bring them)."""
        with self._news:
            self._news.wait_for(lambda: len(self.heard.signals) >= count, timeout)
            return [signal for _at, signal in self.heard.signals[:count]]

    def _send_until_taken(self, data: bytes) -> bool:
        for _attempt in range(self.settings.attempts):
            with self._news:
                acks, naks = self.heard.acks, self.heard.naks
            self._transport.write(data)
            with self._news:
                self._news.wait_for(
                    lambda acks=acks, naks=naks: self.heard.acks > acks or self.heard.naks > naks,  # type: ignore[misc]
                    self.settings.patience,
                )
                if self.heard.acks > acks:
                    return True
        return False

    def hear(self, data: bytes) -> None:
        """Take the host's answers and tones."""
        now = time.monotonic()
        with self._news:
            self.heard.raw += data
            for word in self._ear.hear(data):
                if word == "ack":
                    self.heard.acks += 1
                elif word == "nak":
                    self.heard.naks += 1
                else:
                    self.heard.signals.append((now, word))
            self._news.notify_all()


#: Every byte but the endings and envelope marks of lines, so that noise stays noise and does not end a code.
_NOISE: Final = bytes(set(range(256)) - set(b"\r\n\t\x02\x03"))
