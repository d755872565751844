"""Times, bytes and states for people."""

from datetime import UTC, datetime
from gettext import gettext as _

from gateway.page.markup import Markup, el

#: State of a device or of the uplink: tone, symbol and word, so that colour is never alone.
STATES = {
    "ready": ("ok", "✓", _("open")),
    "degraded": ("warn", "!", _("open, needs a look")),
    "connecting": ("info", "…", _("connecting")),
    "lost": ("stop", "✕", _("away")),
    "stopped": ("quiet", "■", _("stopped")),
    "starting": ("info", "…", _("starting")),
    "online": ("ok", "✓", _("answers")),
    "offline": ("warn", "✕", _("does not answer")),
    "refused": ("stop", "✕", _("refuses this gateway")),
    "busy": ("warn", "!", _("asks for patience")),
    "confused": ("stop", "?", _("answers nonsense")),
}
_SHOWN_BYTES = 64
_CONTROLS = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)  # fmt: skip


def chip(state: str) -> Markup:
    """A state with its symbol and word."""
    tone, symbol, word = STATES.get(state, ("quiet", "?", state))
    return el("span", el("span", symbol, aria_hidden="true"), " ", word, class_=f"chip {tone}")


def lasting(seconds: float) -> str:
    """How long in the two largest units.

    >>> lasting(4), lasting(95), lasting(3 * 3600 + 120), lasting(200_000)
    ('4 s', '1 min 35 s', '3 h 2 min', '2 d 7 h')
    """
    whole = max(0, int(seconds))
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    if whole < 3600:
        return _("{minutes} min {seconds} s").format(minutes=whole // 60, seconds=whole % 60)
    if whole < 86400:
        return _("{hours} h {minutes} min").format(hours=whole // 3600, minutes=whole % 3600 // 60)
    return _("{days} d {hours} h").format(days=whole // 86400, hours=whole % 86400 // 3600)


def ago(at: float, now: float) -> Markup:
    """How long ago, with the moment itself for whoever points at it."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return el("time", _("{time} ago").format(time=lasting(now - at)), datetime=moment, title=moment)


def seconds_of(text: str) -> float:
    """Seconds since 1970 of an ISO time of the status."""
    return datetime.fromisoformat(text).timestamp()


def hex_of(raw: bytes) -> str:
    """The bytes in hex, in pairs; long ones are cut, with their length.

    >>> hex_of(b"A\\x1d")
    '41 1D'
    """
    shown = raw[:_SHOWN_BYTES].hex(" ").upper()
    return shown if len(raw) <= _SHOWN_BYTES else _("{bytes} … ({count} bytes)").format(bytes=shown, count=len(raw))


def printable(raw: bytes) -> str:
    """The bytes as text; control characters are shown by their names, what is no text as a dot.

    >>> printable(b"A\\x1dB\\xff").encode("ascii", "replace")
    b'A?GS?B?'
    """
    text = raw[: _SHOWN_BYTES * 2].decode("utf-8", "replace")
    return "".join(_visible(char) for char in text) + ("…" if len(raw) > _SHOWN_BYTES * 2 else "")


def _visible(char: str) -> str:
    if char < " ":
        return f"‹{_CONTROLS[ord(char)]}›"
    return char if char.isprintable() and char != "\ufffd" else "·"
