"""The same code on the same scanner within a moment: one scan, however often the scanner reads it."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from gateway.protocols.reads import CodeRead
from gateway.smoothing.options import SmoothingOptions

#: Two hundred bytes each.
MAX_SCANS: Final = 5_000


@dataclass(slots=True)
class Scan:
    """Until when the same code counts as a repeat, and the event that the first of them became."""

    until: float
    sequence: int | None = None


class Repeats:
    """Remembers the last moment of each (scanner, bytes), as long as its repeat window lasts."""

    def __init__(self, counts: Counter[str]) -> None:
        # A scan goes to the end at each read, so the one that was silent longest is first.
        self._scans: dict[tuple[str, bytes], Scan] = {}
        self._counts = counts

    def __len__(self) -> int:
        return len(self._scans)

    def observe(self, read: CodeRead, options: SmoothingOptions, now: float) -> Scan | None:
        """The scan that this read is, or that it repeats; None for a repeat that is dropped.

        Each repeat extends the window: a label that stays before the scanner is one scan, however long.
        """
        self._forget(now)
        key = (read.reader, read.raw)
        scan = self._scans.pop(key, None)
        until = now + options.repeat_seconds
        if scan is None or now >= scan.until:
            scan = self._scans[key] = Scan(until)
            return scan
        scan.until = until
        self._scans[key] = scan
        self._counts["repeats"] += 1
        return None if options.repeat == "drop" else scan

    def _forget(self, now: float) -> None:
        while self._scans:
            oldest = next(iter(self._scans))
            if self._scans[oldest].until > now and len(self._scans) < MAX_SCANS:
                return
            del self._scans[oldest]

    def stored(self, read: CodeRead, sequence: int) -> None:
        """The first scan of a row was stored under this sequence; its repeats will name it."""
        scan = self._scans.get((read.reader, read.raw))
        if scan is not None and scan.sequence is None:
            scan.sequence = sequence
