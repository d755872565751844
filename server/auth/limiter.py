"""How many tries in a while: a sliding window for each key, in bounded memory."""

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable


def network_of(address: str) -> str:
    """What stands for one place in a limit: an IPv4 address, or the network of 64 bits that a single household gets.

    >>> network_of("2001:db8:1:2:dead::1"), network_of("::ffff:192.0.2.7"), network_of("unknown")
    ('2001:db8:1:2::/64', '192.0.2.7', 'unknown')
    """
    try:
        # A link-local address names its interface, too.
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped is not None else str(ipaddress.ip_network((found.packed, 64), strict=False))


class Limiter:
    """At most `tries` in `seconds` for each key; the least recently tried keys are forgotten first."""

    def __init__(
        self, tries: int, seconds: float, *, most_keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tries = tries
        self._seconds = seconds
        self._most_keys = most_keys
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def try_once(self, key: str) -> float:
        """Count a try and return 0, or return the seconds to wait, uncounted, when there were too many."""
        now = self._clock()
        with self._lock:
            tries = self._seen.setdefault(key, deque())
            self._seen.move_to_end(key)
            while tries and tries[0] <= now - self._seconds:
                tries.popleft()
            if len(tries) >= self._tries:
                return max(tries[0] + self._seconds - now, 0.001)
            tries.append(now)
            while len(self._seen) > self._most_keys:
                self._seen.popitem(last=False)
        return 0.0

    def clear(self, key: str) -> None:
        """Forget the tries of a key, after one that succeeded."""
        with self._lock:
            self._seen.pop(key, None)

    def __len__(self) -> int:
        return len(self._seen)
