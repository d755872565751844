"""A scanner that types: a named pipe that gives the events which the kernel gives of a keyboard.

The events and the keys are made here and not by the gateway's code, so that a slip on either side shows.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from simulators.devices.device import Wired
from simulators.devices.transport import MemoryTransport, PipeTransport
from simulators.faults import Fault

_SHIFT, _CONTROL, _ALT, _ENTER, _BRACKET = 42, 29, 56, 28, 27
_KEYS: Final = {
    **dict(zip("1234567890-=", range(2, 14), strict=True)),
    **dict(zip("qwertyuiop[]", range(16, 28), strict=True)),
    **dict(zip("asdfghjkl;'`", range(30, 42), strict=True)),
    **dict(zip("\\zxcvbnm,./ ", (*range(43, 54), 57), strict=True)),
}
_SHIFTED: Final = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
_PAD: Final = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))


#: `struct input_event` on this machine: seconds, microseconds, type, code, value.
EVENT: Final = struct.Struct("@llHHi")
#: What cannot befall key presses.
CANNOT_TYPE: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.LOST_BYTE: "The kernel passes on whole events; use drop, or half-frame.",
        Fault.NOISE: "The kernel passes on nothing that is no event of a key.",
        Fault.WRONG_BAUD: "A keyboard has no baud rate.",
        Fault.CLOCK_2000: "A keyboard tells no times: the kernel stamps its events.",
    }
)


def event(kind: int, code: int, value: int) -> bytes:
    """One event that bears no time yet."""
    return EVENT.pack(0, 0, kind, code, value)


def stamped(events: bytes, at: datetime) -> bytes:
    """The same events, all of this moment."""
    seconds, micros = int(at.timestamp()), at.microsecond
    return b"".join(EVENT.pack(seconds, micros, *rest) for _seconds, _micros, *rest in EVENT.iter_unpack(events))


def press(code: int, *held: int) -> bytes:
    """Press and release a key while others are held down."""
    down = b"".join(event(1, key, 1) + event(0, 0, 0) for key in held)
    up = b"".join(event(1, key, 0) + event(0, 0, 0) for key in held)
    return down + event(1, code, 1) + event(0, 0, 0) + event(1, code, 0) + event(0, 0, 0) + up


def typed(text: str, *, alt: bool = False) -> bytes:
    """The events of a text on a US layout, or by numbers while Alt is held, without the key that ends it.

    Raises ValueError where the layout has no such key.
    """
    return b"".join(_by_number(letter) if alt else _by_key(letter) for letter in text)


def _by_key(letter: str) -> bytes:
    if letter == "\x1d":
        return press(_BRACKET, _CONTROL)
    if letter.isupper() and letter.lower() in _KEYS:
        return press(_KEYS[letter.lower()], _SHIFT)
    if letter in _SHIFTED:
        return press(_KEYS[_SHIFTED[letter]], _SHIFT)
    if letter not in _KEYS:
        raise ValueError(f"Failed to type {letter!r}: expected a letter that a US keyboard has.")
    return press(_KEYS[letter])


def _by_number(letter: str) -> bytes:
    digits = b"".join(press(_PAD[digit]) for digit in f"{ord(letter):04}")
    return event(1, _ALT, 1) + digits + event(1, _ALT, 0) + event(0, 0, 0)


class Keyboard(Wired):
    """One scanner at a path of its own."""

    cannot = CANNOT_TYPE
    unit = EVENT.size

    def __init__(
        self,
        transport: PipeTransport | MemoryTransport,
        *,
        seed: int = 0,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(transport, seed=seed)
        self._wall_clock = wall_clock

    def scan(self, code: str, *, alt: bool = False) -> bool:
        """Type a code and Enter; True, for nobody answers. Raises NotPlugged, or ValueError for what has no key."""
        self._transport.write(stamped(typed(code, alt=alt) + press(_ENTER), self._wall_clock()))
        return True

    def hear(self, data: bytes) -> None:
        """Nothing: what would come are lights of a keyboard."""
