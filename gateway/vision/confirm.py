"""Two of three: a code without a check of its own counts once two of the last three frames that showed a code agree."""

from collections import deque
from typing import Final

from gateway.vision.symbols import Found

LOOKS: Final = 3
ENOUGH: Final = 2


class Confirmation:
    """Remembers the last looks of one camera. Pure: a frame's symbols in, the trusted ones out.

    >>> sure, half = Found("Code128", "]C0", b"OLU0011P", True), Found("Code39", "]A0", b"BIN7", False)
    >>> looks = Confirmation()
    >>> [len(looks.observe([sure, half])), len(looks.observe([half]))]
    [1, 1]
    """

    def __init__(self) -> None:
        self._looks: deque[frozenset[Found]] = deque(maxlen=LOOKS)
        #: Sightings that still wait for a second one.
        self.waiting = 0

    def observe(self, found: list[Found]) -> list[Found]:
        """The symbols of this frame that can be believed now."""
        doubtful = frozenset(symbol for symbol in found if not symbol.checked)
        if found:
            self._looks.append(doubtful)
        sure = [symbol for symbol in found if symbol.checked or self._times(symbol) >= ENOUGH]
        self.waiting += len(found) - len(sure)
        return sure

    def _times(self, symbol: Found) -> int:
        return sum(symbol in look for look in self._looks)


class Recent:
    """Which codes were in view a moment ago: their picture is kept already. Pure: `now` is monotonic seconds.

    >>> recent, code = Recent(2.0), Found("Code128", "]C0", b"OLU0011P", True)
    >>> [recent.new([code], now) for now in (0.0, 1.5, 3.0, 9.0)]
    [True, False, False, True]
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[Found, float] = {}

    def new(self, found: list[Found], now: float) -> bool:
        """Whether any of them came into view just now."""
        self._until = {symbol: until for symbol, until in self._until.items() if until > now}
        fresh = any(symbol not in self._until for symbol in found)
        self._until |= dict.fromkeys(found, now + self._seconds)
        return fresh
