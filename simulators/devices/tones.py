"""What a scanner's beeper and lights were told, understood from the bytes that its host sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ACK: Final = 0x06
NAK: Final = 0x15


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one maker's scanner understands its host, and which tones in a row stand for which signal."""

    pattern: re.Pattern[bytes]
    tones: Mapping[bytes, str]
    signals: tuple[tuple[tuple[str, ...], str], ...]


# These tables are written from the vendors' manuals and not taken from the gateway, so that a slip on either side
# shows in a test instead of cancelling out.
_DATALOGIC = Vendor(
    re.compile(rb"\x1b\[(\d)q"),
    {b"0": "short high", b"1": "short low", b"3": "good", b"4": "bad", b"5": "", b"6": "", b"7": ""},
    ((("good",), "ok"), (("bad", "bad"), "stop"), (("short low", "short low"), "warn"), (("short high",), "stored")),
)
_HONEYWELL = Vendor(
    re.compile(rb"\x1b(\d),"),
    {b"4": "low", b"5": "medium", b"7": "good", b"8": "razz"},
    ((("good",), "ok"), (("razz", "razz"), "stop"), (("low", "low"), "warn"), (("medium",), "stored")),
)
_NEWLAND = Vendor(
    re.compile(rb"~\x010000#BEEPON(\d+)F\d+T\d+V;\x03"),
    {b"2700": "high", b"1500": "middle", b"600": "deep", b"2000": "tick"},
    ((("high",), "ok"), (("deep",), "stop"), (("middle",), "warn"), (("tick",), "stored")),
)
_ZEBRA_BEL = Vendor(
    re.compile(rb"(\x07)"),
    {b"\x07": "beep"},
    ((("beep",) * 4, "stop"), (("beep",) * 2, "warn"), (("beep",), "ok")),
)
_CIPHERLAB = Vendor(
    re.compile(rb"#@(////)\r"),
    {b"////": "beep"},
    ((("beep",) * 4, "stop"), (("beep",) * 2, "warn"), (("beep",), "ok")),
)
_DEAF = Vendor(re.compile(rb"(?!)"), {}, ())

VENDORS: Final[Mapping[str, Vendor]] = MappingProxyType(
    {
        "datalogic": _DATALOGIC,
        "honeywell": _HONEYWELL,
        "newland": _NEWLAND,
        "zebra_bel": _ZEBRA_BEL,
        "cipherlab": _CIPHERLAB,
        "none": _DEAF,
    }
)


class Ear:
    """Understands the bytes from a host: hear() returns what they mean, in order: "ack", "nak" or a signal.

    >>> Ear("datalogic").hear(b"\\x06\\x1b[6q\\x1b[3q\\x1b[7q")
    ['ack', 'ok']
    """

    def __init__(self, vendor: str) -> None:
        if vendor not in VENDORS:
            raise ValueError(f"Failed to make a scanner of {vendor!r}: expected one of {', '.join(VENDORS)}.")
        self._vendor = VENDORS[vendor]
        self._buffer = b""
        #: Bytes that no manual explains, kept to be shown.
        self.unknown = bytearray()

    def hear(self, data: bytes) -> list[str]:
        """What the host said in these bytes; half a command waits for its rest."""
        self._buffer += data
        heard: list[str] = []
        tones: list[str] = []
        while self._buffer:
            if found := self._vendor.pattern.match(self._buffer):
                tones.append(self._vendor.tones.get(found[1], "unknown tone"))
                self._buffer = self._buffer[found.end() :]
            elif self._buffer[0] in (ACK, NAK):
                heard += [*self._signals(tones), "ack" if self._buffer[0] == ACK else "nak"]
                tones, self._buffer = [], self._buffer[1:]
            elif self._may_go_on():
                break
            else:
                self.unknown += self._buffer[:1]
                self._buffer = self._buffer[1:]
        return heard + self._signals(tones)

    def _may_go_on(self) -> bool:
        """Whether the buffer may be the beginning of a command whose rest is still on its way."""
        return self._buffer[:1] in (b"\x1b", b"~", b"#") and len(self._buffer) < 32 and self._vendor is not _DEAF

    def _signals(self, tones: list[str]) -> list[str]:
        """The signals that a row of tones stands for; a row no signal is made of is named as it sounds."""
        row = tuple(tone for tone in tones if tone)
        signals = []
        while row:
            length, signal = next(
                ((len(need), signal) for need, signal in self._vendor.signals if row[: len(need)] == need),
                (1, f"tone: {row[0]}"),
            )
            signals.append(signal)
            row = row[length:]
        return signals
