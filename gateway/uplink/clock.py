"""The gateway's clock beside the server's: times are corrected where the offset is known, and doubted where not.

A small computer without a battery starts in 1970, or where its last shutdown left it. Events are ordered by
epoch and sequence; the time in them should still be as true as the gateway can make it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: Before this program was written no event can have happened.
BUILT = datetime(2026, 1, 1, tzinfo=UTC)
#: Below this a difference is as likely the network's as the clock's, so the local clock stands.
TOLERATED_SECONDS = 2.0
#: Above this the local clock is plainly wrong; the corrected time says so.
SUSPECT_SECONDS = 5.0
#: A server whose own clock is before BUILT, or beyond this, teaches nothing.
LAST_YEAR = 2200


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment: `at` is aware UTC, corrected where possible; `suspect` is True where it may be wrong."""

    at: datetime
    suspect: bool | None = None


class GatewayClock:
    """Gives moments; learns the server's time from heartbeats. Any thread may call it."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._lock = threading.Lock()
        # Server time minus the monotonic clock: steps of the local wall clock do not touch it.
        self._anchor: float | None = None
        self._difference = wall() - monotonic()
        #: How often the local clock was set while we ran, and by how many seconds the last time.
        self.steps = 0
        self.last_step: float | None = None

    def monotonic(self) -> float:
        """Seconds that only ever go forward."""
        return self._monotonic()

    def wall(self) -> float:
        """Seconds since 1970 by the local clock, uncorrected; for the outbox's own records."""
        return self._wall()

    def learn(self, server_time: datetime, sent: float, received: float) -> None:
        """Take the server's time for the middle between two monotonic moments, as NTP does."""
        if server_time >= BUILT and server_time.year < LAST_YEAR:
            with self._lock:
                self._anchor = server_time.timestamp() - (sent + received) / 2

    def notice_step(self) -> float | None:
        """By how many seconds the local clock was set since the last call; None where it only went on.

        The times of events do not follow it once the server's time is known. Call it every few seconds: what a
        clock drifts in that time is far below the limit, so that only a step counts.
        """
        difference = self._wall() - self._monotonic()
        step = difference - self._difference
        self._difference = difference
        if abs(step) <= TOLERATED_SECONDS:
            return None
        self.steps += 1
        self.last_step = round(step, 1)
        return self.last_step

    def offset(self) -> float | None:
        """Seconds the server's clock is ahead of the local one; None while unknown."""
        with self._lock:
            anchor = self._anchor
        return None if anchor is None else anchor + self._monotonic() - self._wall()

    def now(self) -> Stamp:
        """This moment."""
        offset = self.offset()
        local = _moment(self._wall())
        if offset is None:
            # Nobody has confirmed this clock since the start, so nobody vouches for it.
            return Stamp(local, True)
        if abs(offset) <= TOLERATED_SECONDS:
            return Stamp(local)
        corrected = _moment(self._wall() + offset)
        return Stamp(corrected, True if abs(offset) > SUSPECT_SECONDS else None)


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
