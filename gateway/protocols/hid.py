"""Scanners that pretend to be a keyboard: Linux input events in, codes out. Sans-I/O.

An event is a time (two machine words), a type, a code and a value, as `struct input_event` of linux/input.h has them.
"""

import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from types import MappingProxyType
from typing import Final

from gateway.protocols.line import MAX_LENGTH
from gateway.protocols.options import CodeOptions, option, required
from gateway.protocols.quiet import QuietMachine
from gateway.protocols.reads import CodeRead

EVENT: Final = struct.Struct("@llHHi")
_SYN, _KEY = 0, 1
_DROPPED: Final = 3
_RELEASED, _PRESSED = 0, 1

_SHIFTS, _CONTROLS, _ALT, _ALT_GR = (42, 54), (29, 97), 56, 100
_ENTERS, _TAB, _F8 = (28, 96), 15, 66
#: Control and the key of a closing bracket, which is what many scanners type for GS.
_BRACKET: Final = 27
_GS: Final = "\x1d"
_DIGITS: Final = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
_PAD: Final = {**_DIGITS, 55: "*", 74: "-", 78: "+", 83: ".", 98: "/", 57: " "}


def _row(first: int, characters: str) -> dict[int, str]:
    return dict(enumerate(characters, first))


#: Key to character, alone, with Shift, and with AltGr. The rows of a keyboard begin at keys 2, 16, 30 and 43.
LAYOUTS: Final[Mapping[str, tuple[Mapping[int, str], Mapping[int, str], Mapping[int, str]]]] = MappingProxyType(
    {
        "us": (
            _row(2, "1234567890-=") | _row(16, "qwertyuiop[]") | _row(30, "asdfghjkl;'`") | _row(43, "\\zxcvbnm,./")
            | {86: "\\"} | _PAD,
            _row(2, "!@#$%^&*()_+") | _row(16, "QWERTYUIOP{}") | _row(30, 'ASDFGHJKL:"~') | _row(43, "|ZXCVBNM<>?")
            | {86: "|"} | _PAD,
            {},
        ),
        "de": (
            _row(2, "1234567890ß´") | _row(16, "qwertzuiopü+") | _row(30, "asdfghjklöä^") | _row(43, "#yxcvbnm,.-")
            | {86: "<"} | _PAD,
            _row(2, '!"§$%&/()=?`') | _row(16, "QWERTZUIOPÜ*") | _row(30, "ASDFGHJKLÖÄ°") | _row(43, "'YXCVBNM;:_")
            | {86: ">"} | _PAD,
            {8: "{", 9: "[", 10: "]", 11: "}", 12: "\\", 16: "@", 18: "€", 27: "~", 86: "|"},
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HidOptions(CodeOptions):
    """Options of a scanner that types, on USB or Bluetooth."""

    port: str = required("Path of the input device.", example='"/dev/input/by-id/usb-...-event-kbd"')
    layout: str = option("us", "The keyboard layout that the scanner is set to.", choices=tuple(LAYOUTS))
    suffix: str = option("enter", "The key that ends a code.", choices=("enter", "tab"))
    patience_ms: int = option(500, "Silence after which half a code is reported.", low=50, high=60_000)

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        if not self.port.startswith("/"):
            return [_('port: expected a path such as "/dev/input/by-id/usb-...-event-kbd".')]
        return []


class HidMachine(QuietMachine):
    """Puts the typed keys together to codes; see driver.Machine. It has nothing to say to its scanner."""

    def __init__(self, reader: str, options: HidOptions) -> None:
        self._reader = reader
        self._plain, self._shifted, self._graphic = LAYOUTS[options.layout]
        self._ends = _ENTERS if options.suffix == "enter" else (_TAB,)
        self._patience = options.patience_ms / 1000
        self._buffer = b""
        self._held: set[int] = set()
        self._text: list[str] = []
        #: Digits typed on the number pad while Alt is held: a character by its number.
        self._number = ""
        self._faulty = False
        self._typed_at = 0.0
        self.ready = False
        self.trouble: str | None = None
        self.dead: str | None = None
        #: keys, codes, faults and unknown_keys since the start.
        self.counts: Counter[str] = Counter()

    @property
    def waiting(self) -> bool:
        """Whether a code has begun and not ended."""
        return bool(self._text) or self._faulty

    def open(self, now: float) -> None:
        """All keys are up, and nothing is typed yet."""
        self._buffer = b""
        self._held.clear()
        self._begin()
        self._typed_at = now
        self.ready = True

    def close(self) -> None:
        """Nothing to say."""

    def commands(self) -> list[bytes]:
        """Nothing is ever sent."""
        return []

    def next_at(self) -> float:
        """When half a code counts as one that will not end."""
        return self._typed_at + self._patience if self.waiting else float("inf")

    def tick(self, now: float) -> list[CodeRead]:
        """After a silence half a code is a fault."""
        if not self.waiting or now < self.next_at():
            return []
        return [self._read(_("The code ended without its key; check the suffix of this scanner."))]

    def feed(self, data: bytes, now: float) -> list[CodeRead]:
        """The codes whose last key is in this chunk."""
        self._buffer += data
        whole = len(self._buffer) // EVENT.size * EVENT.size
        events, self._buffer = self._buffer[:whole], self._buffer[whole:]
        reads = []
        for _seconds, _micros, kind, code, value in EVENT.iter_unpack(events):
            if kind == _SYN and code == _DROPPED:
                # The kernel's queue ran over: keys are missing, and which of them are held is not known.
                self._held.clear()
                self._faulty = True
            elif kind == _KEY and self._key(code, value):
                reads.append(self._read(_("Keys were lost in the middle of the code.") if self._faulty else None))
        if events:
            self._typed_at = now
        return [read for read in reads if read.raw or read.fault]

    def _key(self, code: int, value: int) -> bool:
        """Take one key; whether it ends a code."""
        if value == _RELEASED:
            self._held.discard(code)
            if code == _ALT and self._number:
                self._type(chr(int(self._number)) if int(self._number) < 0x110000 else "")
                self._number = ""
            return False
        if value != _PRESSED:
            return False
        self.counts["keys"] += 1
        if code in self._ends:
            return True
        if code in _SHIFTS or code in _CONTROLS or code in (_ALT, _ALT_GR):
            self._held.add(code)
        elif _ALT in self._held and code in _DIGITS:
            self._number = (self._number + _DIGITS[code])[-7:]
        else:
            self._type(self._character(code))
        return False

    def _character(self, code: int) -> str:
        if code == _F8 or (code == _BRACKET and self._held.intersection(_CONTROLS)):
            return _GS
        if _ALT_GR in self._held:
            return self._graphic.get(code, "")
        return (self._shifted if self._held.intersection(_SHIFTS) else self._plain).get(code, "")

    def _type(self, character: str) -> None:
        if not character:
            self.counts["unknown_keys"] += 1
        elif len(self._text) <= MAX_LENGTH:
            self._text.append(character)

    def _begin(self) -> None:
        self._text, self._number, self._faulty = [], "", False

    def _read(self, fault: str | None) -> CodeRead:
        raw = "".join(self._text).encode("utf-8", "backslashreplace")
        truncated = len(raw) > MAX_LENGTH
        if truncated:
            fault = _("The code is longer than {limit} bytes and was cut.").format(limit=MAX_LENGTH)
        self._begin()
        self.counts["faults" if fault else "codes"] += 1
        return CodeRead(self._reader, raw[:MAX_LENGTH], truncated, fault)
