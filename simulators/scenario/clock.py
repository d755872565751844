"""The time of a scenario: the real one, faster, or one that jumps."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Seconds since the start. `speed` is scenario seconds for each real one; None jumps and waits for nothing."""

    def __init__(self, start: datetime, speed: float | None) -> None:
        self._speed = speed
        self._jumped_to = 0.0
        self._began = time.monotonic()
        # Who watches a run live expects devices that know what time it is.
        self._start = start if speed is None else datetime.now(UTC)

    def now(self) -> float:
        """Seconds since the start."""
        return self._jumped_to if self._speed is None else (time.monotonic() - self._began) * self._speed

    def wall(self) -> datetime:
        """What a device's clock shows."""
        return self._start + timedelta(seconds=self.now())

    def advance(self, to: float) -> None:
        """Be at this moment: at once, or when it has come."""
        if self._speed is None:
            self._jumped_to = max(self._jumped_to, to)
        else:
            time.sleep(max(0.0, to / self._speed + self._began - time.monotonic()))
