"""Who watches what, and the newest frame of each topic (docs/architecture.md, "Live pages").

Everything here runs on one event loop; only `woken` is called from the database's threads. The hub is level-triggered:
it knows versions, not messages, so a viewer that was away or is slow sees the newest state and misses nothing.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from server.db import Database
from server.db.topics import versions
from server.errors import Unavailable
from server.live.frames import fragment
from server.metrics import LIVE_RENDERS, LIVE_VIEWERS

log = logging.getLogger("server.live")

T = TypeVar("T")

RENDER_THREADS = 4
#: What was last drawn within so many seconds is drawn at once on the event loop: handing it to a thread and back would
#: take as long as drawing it. Not so where the database is another process, which may let us wait.
SHORT = 0.004
#: At most so many in a row; a batch that moves many orders must not keep the loop from its other work.
SHORT_IN_A_ROW = 2


class Fragment(Protocol):
    """What the web room renders: the HTML, and the version of the state it was read from."""

    @property
    def version(self) -> int: ...

    @property
    def html(self) -> str: ...


#: render(topic, language, audience); None when there is nothing to show. Called on a thread.
Render = Callable[[str, str, str], Fragment | None]


class Watcher(Protocol):
    """A viewer as the hub knows it."""

    wake: asyncio.Event


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes of one rendered version, shared by every viewer of the same audience and language."""

    version: int
    body: bytes


FrameKey = tuple[str, str, str]


class Hub:
    """One for each server; `start` ties it to the running event loop."""

    def __init__(self, database: Database, render: Render) -> None:
        self._database = database
        self._render = render
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._pending: dict[str, int] = {}
        self._watchers: dict[str, set[Watcher]] = {}
        self._latest: dict[str, int] = {}
        self._frames: dict[FrameKey, Frame] = {}
        self._rendering: dict[FrameKey, tuple[int, asyncio.Future[Frame]]] = {}
        #: How long the last drawing of a key took, in seconds.
        self._took: dict[FrameKey, float] = {}
        self._in_a_row = 0
        self.viewers = 0
        self.closing = False

    def start(self) -> None:
        """Begin to serve viewers on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(RENDER_THREADS, thread_name_prefix="live-render")
        self.closing = False

    def close(self) -> None:
        """Let every stream end now; the pages come back when the server does."""
        self.closing = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.wake.set()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        with self._lock:
            self._loop = None

    def woken(self, versions: Mapping[str, int]) -> None:
        """Called after a commit, on any thread: these topics have these versions now."""
        with self._lock:
            if self._loop is None:
                return
            was_empty = not self._pending
            for topic, version in versions.items():
                self._pending[topic] = max(version, self._pending.get(topic, 0))
            if was_empty:
                self._loop.call_soon_threadsafe(self._spread)

    def _spread(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, {}
        self._in_a_row = 0
        for topic, version in pending.items():
            watchers = self._watchers.get(topic)
            if watchers:
                self._latest[topic] = max(version, self._latest.get(topic, 0))
                for watcher in watchers:
                    watcher.wake.set()

    # --- viewers ---

    async def join(self, watcher: Watcher, topics: Iterable[str]) -> None:
        """Wake the watcher from now on; the versions of today are known when this returns."""
        topics = list(topics)
        # First listen, then look: a commit between the two wakes the watcher instead of being missed.
        for topic in topics:
            self._watchers.setdefault(topic, set()).add(watcher)
        self.viewers += 1
        LIVE_VIEWERS.set(self.viewers)
        for topic, version in (await self.on_thread(lambda: self._read_versions(topics))).items():
            self._latest[topic] = max(version, self._latest.get(topic, 0))

    def leave(self, watcher: Watcher, topics: Iterable[str]) -> None:
        """Forget the watcher, and whatever nobody watches any more."""
        for topic in topics:
            watchers = self._watchers.get(topic, set())
            watchers.discard(watcher)
            if not watchers:
                self._forget(topic)
        self.viewers -= 1
        LIVE_VIEWERS.set(self.viewers)

    def latest(self, topic: str) -> int:
        """The newest version known of a watched topic."""
        return self._latest.get(topic, 0)

    async def frame(self, topic: str, language: str, audience: str) -> Frame:
        """The newest frame, rendered once however many viewers ask at the same time."""
        key, wanted = (topic, language, audience), self.latest(topic)
        known = self._frames.get(key)
        if known is not None and known.version >= wanted:
            return known
        started = self._rendering.get(key)
        if started is None and self._is_short(key):
            return self._keep(key, self._draw(key, wanted))
        if started is None or started[0] < wanted:
            started = wanted, asyncio.ensure_future(self._make(key, wanted))
            started[1].add_done_callback(_look_at_outcome)
            self._rendering[key] = started
        # A viewer that leaves must not take the frame from the others who wait for it.
        return await asyncio.shield(started[1])

    async def _make(self, key: FrameKey, wanted: int) -> Frame:
        try:
            frame = await self.on_thread(lambda: self._draw(key, wanted))
        finally:
            if self._rendering.get(key, (0,))[0] == wanted:
                del self._rendering[key]
        return self._keep(key, frame)

    def _keep(self, key: FrameKey, frame: Frame) -> Frame:
        if key[0] in self._watchers:
            self._frames[key] = frame
        return frame

    def _is_short(self, key: FrameKey) -> bool:
        self._in_a_row += 1
        is_near = self._database.is_sqlite and not self.closing
        return is_near and self._in_a_row <= SHORT_IN_A_ROW and self._took.get(key, SHORT) < SHORT

    def _draw(self, key: FrameKey, wanted: int) -> Frame:
        LIVE_RENDERS.inc()
        began = time.perf_counter()
        try:
            drawn = self._render(*key)
        except SQLAlchemyError:
            # The database is away: the streams end, and the pages ask again with the versions they show.
            raise
        except Exception:
            # The supervisor of rendering: one page that cannot be drawn must not end everybody's stream.
            log.exception("A live fragment could not be rendered.", extra={"topic_kind": key[0].partition(":")[0]})
            drawn = None
        if key[0] in self._watchers:
            self._took[key] = time.perf_counter() - began
        if drawn is None:
            return Frame(wanted, b"")
        version = max(drawn.version, wanted)
        return Frame(version, fragment(key[0], version, drawn.html))

    def _read_versions(self, topics: list[str]) -> dict[str, int]:
        with self._database.read() as session:
            return versions(session, *topics)

    async def on_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work of the live room on its own threads, away from those of the pages."""
        if self._loop is None or self._pool is None:
            raise Unavailable
        return await self._loop.run_in_executor(self._pool, work)

    def _forget(self, topic: str) -> None:
        self._watchers.pop(topic, None)
        self._latest.pop(topic, None)
        for key in [key for key in self._frames if key[0] == topic]:
            del self._frames[key]
        for key in [key for key in self._took if key[0] == topic]:
            del self._took[key]


def _look_at_outcome(made: "asyncio.Future[Frame]") -> None:
    # When every viewer has left meanwhile, nobody else asks how the rendering ended.
    if not made.cancelled():
        made.exception()
