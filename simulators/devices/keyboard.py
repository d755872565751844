"""A scanner that types: a named pipe that gives the events which the kernel gives of a keyboard.

The events and the keys are made here and not by the gateway's code, so that a slip on either side shows.
"""

import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from simulators.devices.device import BOOT_SECONDS
from simulators.devices.transport import NotPlugged
from simulators.faults import Fault, Faults

_SHIFT, _CONTROL, _ALT, _ENTER, _BRACKET = 42, 29, 56, 28, 27
_KEYS: Final = {
    **dict(zip("1234567890-=", range(2, 14), strict=True)),
    **dict(zip("qwertyuiop[]", range(16, 28), strict=True)),
    **dict(zip("asdfghjkl;'`", range(30, 42), strict=True)),
    **dict(zip("\\zxcvbnm,./ ", (*range(43, 54), 57), strict=True)),
}
_SHIFTED: Final = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
_PAD: Final = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))


_EVENT_BYTES: Final = struct.calcsize("@llHHi")
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
    """One event, as `struct input_event` on this machine."""
    now = time.time()
    return struct.pack("@llHHi", int(now), int(now % 1 * 1e6), kind, code, value)


def press(code: int, *held: int) -> bytes:
    """Press and release a key while others are held down."""
    down = b"".join(event(1, key, 1) + event(0, 0, 0) for key in held)
    up = b"".join(event(1, key, 0) + event(0, 0, 0) for key in held)
    return down + event(1, code, 1) + event(0, 0, 0) + event(1, code, 0) + event(0, 0, 0) + up


def typed(text: str, *, alt: bool = False) -> bytes:
    """The events of a text on a US layout, or by numbers while Alt is held, without the key that ends it."""
    return b"".join(_by_number(letter) if alt else _by_key(letter) for letter in text)


def _by_key(letter: str) -> bytes:
    if letter == "\x1d":
        return press(_BRACKET, _CONTROL)
    if letter.isupper():
        return press(_KEYS[letter.lower()], _SHIFT)
    if letter in _SHIFTED:
        return press(_KEYS[_SHIFTED[letter]], _SHIFT)
    return press(_KEYS[letter])


def _by_number(letter: str) -> bytes:
    digits = b"".join(press(_PAD[digit]) for digit in f"{ord(letter):04}")
    return event(1, _ALT, 1) + digits + event(1, _ALT, 0) + event(0, 0, 0)


class Keyboard:
    """One scanner at a path of its own."""

    def __init__(self, path: Path, *, seed: int = 0) -> None:
        self.path = path
        self.faults = Faults(seed, cannot=CANNOT_TYPE, unit=_EVENT_BYTES)
        self._pipe: int | None = None

    def plug(self) -> None:
        """Put the cable in."""
        if self._pipe is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(self.path)
            # Open for both, so that it opens without a host; what is typed before one comes waits in the pipe.
            self._pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        """Pull the cable."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            self.path.unlink()
            os.close(pipe)

    def scan(self, code: str, *, alt: bool = False) -> None:
        """Type a code and Enter; raises NotPlugged."""
        for piece in self.faults.spoil(typed(code, alt=alt) + press(_ENTER)).pieces:
            self.send(piece)

    def reboot(self, seconds: float = BOOT_SECONDS) -> None:
        """Be away for so long, as a wireless scanner that changes its battery."""
        self.unplug()
        time.sleep(seconds)
        self.plug()

    def send(self, events: bytes) -> None:
        """These very events."""
        try:
            if self._pipe is None:
                raise OSError("the cable is out")
            os.write(self._pipe, events)
        except OSError as error:
            raise NotPlugged(f"Failed to type at {self.path}: {error}.") from error
