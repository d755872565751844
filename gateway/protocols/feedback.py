"""What to send to a scanner so that its operator hears and sees the verdict.

Signals: ok (done), warn (done, but look), stop (not allowed), stored (kept here, no answer from the server yet).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SIGNALS: Final = ("ok", "warn", "stop", "stored")

ACK: Final = b"\x06"  # ASCII ACK: the scanner may forget the code.
NAK: Final = b"\x15"  # ASCII NAK: the scanner sends the code again.

_ESC = b"\x1b"
_BEL = b"\x07"


def _newland(frequency: int, milliseconds: int) -> bytes:
    """Newland's frame: "~" SOH "0000" "#" (temporary) command ";" ETX; the beep command itself is unconfirmed."""
    return b"~\x010000#BEEPON%dF%dT20V;\x03" % (frequency, milliseconds)


_HONEYWELL = {  # Xenon/Granit user guide, Host ACK: ESC number comma; 4 low, 5 medium, 7 good, 8 razz.
    "ok": _ESC + b"7,",
    "warn": _ESC + b"4," + _ESC + b"4,",
    "stop": _ESC + b"8," + _ESC + b"8,",
    "stored": _ESC + b"5,",
}
_DATALOGIC = {  # Gryphon reference guide, LED and beeper control: 0 short high, 1 short low, 3 good, 4 bad,
    # 5 wait 100 ms, 6 and 7 green LED on and off.
    "ok": _ESC + b"[6q" + _ESC + b"[3q" + _ESC + b"[7q",
    "warn": _ESC + b"[1q" + _ESC + b"[1q",
    "stop": _ESC + b"[4q" + _ESC + b"[5q" + _ESC + b"[4q",
    "stored": _ESC + b"[0q",
}
_NEWLAND = {
    "ok": _newland(2700, 80),
    "warn": _newland(1500, 250),
    "stop": _newland(600, 700),
    "stored": _newland(2000, 40),
}
_ZEBRA_BEL = {  # One BEL is one beep where "Beep on BEL" is on; the count tells the signals apart.
    "ok": _BEL,
    "warn": _BEL * 2,
    "stop": _BEL * 4,
    "stored": b"",
}
_CIPHERLAB_BEEP = b"#@////\r"  # CipherLab 1660 guide, host serial commands: respond with a beep.
_CIPHERLAB = {
    "ok": _CIPHERLAB_BEEP,
    "warn": _CIPHERLAB_BEEP * 2,
    "stop": _CIPHERLAB_BEEP * 4,
    "stored": b"",
}

PROFILES: Final[Mapping[str, Mapping[str, bytes]]] = MappingProxyType(
    {
        "none": {},
        "honeywell": _HONEYWELL,
        "datalogic": _DATALOGIC,
        "newland": _NEWLAND,
        "zebra_bel": _ZEBRA_BEL,
        "cipherlab": _CIPHERLAB,
    }
)


def feedback_bytes(profile: str, signal: str) -> bytes:
    """The bytes that show `signal` on that vendor's scanner; empty where it has nothing to show it with."""
    if signal not in SIGNALS:
        raise ValueError(f"Failed to show signal {signal!r}: expected one of {', '.join(SIGNALS)}.")
    return PROFILES[profile].get(signal, b"")
