"""A thread that does what is queued, one after the other, as much at a time as waits."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy.orm import Session

#: Work with whoever waits for its result.
Waiting = tuple[Callable[[Session], Any], Future[Any]]

#: At most this many pieces of work are done at a time, so that the first of them is not kept waiting.
GROUP_LIMIT = 64
#: After a group of so many their senders are likely to come back at once, and worth waiting for.
CROWD = 4
#: So many seconds after one the next is waited for, as long as the group is smaller than the last one.
PATIENCE = 0.001


class Lane:
    """Hands groups of waiting work to `do`, which answers every future; starts with the first piece of work."""

    def __init__(
        self, name: str, do: Callable[[list[Waiting]], None], *, at_end: Callable[[], None] | None = None
    ) -> None:
        self._name = name
        self._do = do
        self._at_end = at_end
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        #: How large the last group was; known to the lane's thread alone.
        self._last = 0

    def put(self, work: Callable[[Session], Any]) -> Future[Any]:
        """Queue the work; work whose future is cancelled while it waits is not done."""
        future: Future[Any] = Future()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Finish what is queued."""
        with self._lock:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join()
                self._thread = None

    def _run(self) -> None:
        is_open = True
        try:
            while is_open:
                group, is_open = self._next()
                # From here on no caller can cancel; one who gave up while his work was queued wants nothing done.
                group = [(work, future) for work, future in group if future.set_running_or_notify_cancel()]
                if group:
                    self._do(group)
        finally:
            if self._at_end is not None:
                self._at_end()

    def _next(self) -> tuple[list[Waiting], bool]:
        """Everything that waits, after waiting for the first; and whether the lane stays open."""
        group: list[Waiting] = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) == GROUP_LIMIT:
                break
            is_crowd = self._last >= CROWD and len(group) < self._last
            try:
                item = self._queue.get(timeout=PATIENCE) if is_crowd else self._queue.get_nowait()
            except Empty:
                break
        self._last = len(group)
        return group, item is not None
