"""How long to leave a server in peace that does not take events now."""

import random
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.uplink.dates import parse_http_date

FIRST_SECONDS = 0.2
LARGEST_SECONDS = 30.0
#: A server that asks for more patience than this is asked again anyway, so that a slip there heals.
LONGEST_RETRY_AFTER = 300.0


class Backoff:
    """Full jitter: a random share of a doubling limit, so that many gateways do not return at once."""

    def __init__(self, share: Callable[[], float] = random.random) -> None:
        self._share = share
        self._failures = 0

    def next_delay(self, at_least: float = 0.0) -> float:
        """Seconds to wait after one more failure, never less than `at_least`."""
        limit = min(LARGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return at_least + limit * self._share()

    def reset(self) -> None:
        """The server answered: begin anew at the next failure."""
        self._failures = 0


def retry_after(header: str | None, now: datetime | None = None) -> float:
    """Seconds that Retry-After asks for (RFC 9110 10.2.3: a number or a date); 0 where it says nothing.

    >>> retry_after("7"), retry_after("soon"), retry_after(None), retry_after("1e9")
    (7.0, 0.0, 0.0, 0.0)
    """
    if header is None:
        return 0.0
    if header.strip().isdecimal():
        return min(float(header), LONGEST_RETRY_AFTER)
    try:
        at = parse_http_date(header)
    except ValueError:
        return 0.0
    wait: float = (at - (now or datetime.now(UTC))).total_seconds()
    return min(max(wait, 0.0), LONGEST_RETRY_AFTER)
