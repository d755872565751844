"""How much the outbox may hold, and who has to give way first (pure)."""

from dataclasses import dataclass
from enum import IntEnum

SECONDS_PER_DAY = 86_400


class Room(IntEnum):
    """How tight it is; each step allows less than the one before."""

    FREE = 0
    #: Above the high-water mark: tag events give way, oldest first, so that scans keep their place.
    TIGHT = 1
    #: At the limit: nothing is taken any more, and whoever scanned hears it.
    FULL = 2


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of the outbox. Bytes are those of used database pages, so the sum is exact and free to read."""

    max_bytes: int = 500_000_000
    max_age_days: float = 30.0
    #: The file system keeps this much free, because at SQLITE_FULL even a DELETE fails.
    min_free_bytes: int = 50_000_000
    #: More than the write-ahead log takes (1,000 pages of 4 KiB), so that a full disk can still drain.
    ballast_bytes: int = 5_000_000

    @property
    def high_water_bytes(self) -> int:
        """From here on tag events give way to scans."""
        return self.max_bytes * 9 // 10

    @property
    def low_water_bytes(self) -> int:
        """Shedding goes down to here, so that it does not run at every commit."""
        return self.max_bytes * 8 // 10

    @property
    def max_age_seconds(self) -> float:
        """Tag events older than this are shed; scans are kept whatever their age."""
        return self.max_age_days * SECONDS_PER_DAY

    def room(self, bytes_used: int) -> Room:
        """How tight it is with `bytes_used` bytes of used pages."""
        if bytes_used >= self.max_bytes:
            return Room.FULL
        if bytes_used >= self.high_water_bytes:
            return Room.TIGHT
        return Room.FREE

    def full_sentence(self, bytes_used: int, bytes_free: int) -> str | None:
        """Why nothing can be stored now, or None when there is room."""
        if bytes_used >= self.max_bytes:
            return (
                f"Outbox is full: it holds {bytes_used:,} bytes, outbox.max_bytes allows {self.max_bytes:,}. "
                "Bring the server back, or raise the limit."
            )
        if bytes_free < self.min_free_bytes:
            return (
                f"Disk is full: {bytes_free:,} bytes are free, outbox.min_free_bytes keeps "
                f"{self.min_free_bytes:,}. Free some space on the gateway."
            )
        return None
