"""One open stream: says hello, sends what changed, pings, and says goodbye when rights end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from server.errors import Unavailable
from server.live import frames
from server.live.hub import Hub
from server.metrics import LIVE_DROPPED, LIVE_FRAMES

log = logging.getLogger("server.live")


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of a stream, in seconds."""

    ping: float = 15.0
    #: How often it is asked whether the viewer may still watch.
    recheck: float = 60.0
    #: At once, and then not again for so long: five frames a second, two where a board is watched.
    hold: float = 0.2
    board_hold: float = 0.5
    #: A viewer that takes nothing for so long is cut off.
    patience: float = 30.0


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom frames are rendered."""

    language: str
    audience: str


class Viewer:
    """Sends by `send(bytes)`; `still_allowed()` is asked again and again."""

    def __init__(
        self,
        hub: Hub,
        reader: Reader,
        shown: Mapping[str, int],
        *,
        send: Callable[[bytes], Awaitable[None]],
        still_allowed: Callable[[], Awaitable[bool]],
        pace: Pace,
    ) -> None:
        self.wake = asyncio.Event()
        self.gone = False
        self._hub = hub
        self._reader = reader
        self._shown = dict(shown)
        self._send_bytes = send
        self._still_allowed = still_allowed
        self._pace = pace
        self._hold = pace.board_hold if "board" in shown else pace.hold

    def leave(self) -> None:
        """The browser has gone."""
        self.gone = True
        self.wake.set()

    async def run(self, build: str) -> None:
        """Serve the stream until the browser goes, rights end, or the server stops."""
        await self._hub.join(self, self._shown)
        try:
            await self._send(frames.RETRY + frames.hello(build))
            self._mistrust_future_versions()
            await self._serve()
        except (asyncio.CancelledError, Unavailable):
            # A closing hub cancels what is being rendered; anything else that cancels us means it.
            if not self._hub.closing:
                raise
        except SQLAlchemyError as away:
            log.warning("A live stream ended because the database is away: %s", type(away).__name__)
        except TimeoutError:
            self.gone = True
            LIVE_DROPPED.inc()
            log.info("A live viewer was cut off: it took nothing for %.0f s.", self._pace.patience)
        finally:
            self._hub.leave(self, self._shown)

    async def _serve(self) -> None:
        clock = asyncio.get_running_loop().time
        next_ping, next_check = clock() + self._pace.ping, clock() + self._pace.recheck
        free_at = 0.0
        while not (self.gone or self._hub.closing):
            # Whatever wakes us from here on is seen in the next round.
            self.wake.clear()
            changed = [topic for topic, version in self._shown.items() if self._hub.latest(topic) > version]
            now = clock()
            if now >= next_check:
                if not await self._still_allowed():
                    await self._send(frames.bye("rights_ended"))
                    return
                next_check = now + self._pace.recheck
            if changed and now >= free_at:
                await self._show(changed)
                free_at = clock() + self._hold
                continue
            if now >= next_ping:
                await self._send(frames.PING)
                next_ping = now + self._pace.ping
            until = min(next_ping, next_check, free_at if changed else next_ping)
            await self._wait(until - clock())

    async def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _show(self, changed: list[str]) -> None:
        bodies = []
        for topic in changed:
            frame = await self._hub.frame(topic, self._reader.language, self._reader.audience)
            self._shown[topic] = frame.version
            if frame.body:
                bodies.append(frame.body)
        if bodies:
            await self._send(b"".join(bodies) if len(bodies) > 1 else bodies[0])
            LIVE_FRAMES.inc(len(bodies))

    async def _send(self, body: bytes) -> None:
        async with asyncio.timeout(self._pace.patience):
            await self._send_bytes(body)

    def _mistrust_future_versions(self) -> None:
        # After a restore the database is behind what a page saw; that page is shown the restored state.
        for topic, version in self._shown.items():
            if version > self._hub.latest(topic):
                self._shown[topic] = -1 if self._hub.latest(topic) == 0 else 0
