"""How many tries in a while: a sliding window for each key, in bounded memory."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable


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
