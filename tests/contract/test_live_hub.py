"""The hub and its viewers on one event loop, with a rendering that is counted and times that are short."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from server.db import Database, touch
from server.live.hub import Hub
from server.live.viewer import Pace, Reader, Viewer

QUICK = Pace(ping=60, recheck=60, hold=0.02, board_hold=0.05, patience=60)


@dataclass(frozen=True)
class Drawn:
    """A fragment as the web room would draw it."""

    version: int
    html: str


class Rendering:
    """Draws the version the hub knows, and counts how often."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.version = 0
        self.gate = threading.Event()
        self.gate.set()
        self.threads: list[threading.Thread] = []

    def __call__(self, topic: str, language: str, audience: str) -> Drawn | None:
        self.calls.append((topic, language, audience))
        self.threads.append(threading.current_thread())
        version = self.version
        assert self.gate.wait(10)
        if topic == "order:away":
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))
        if topic == "order:broken":
            raise RuntimeError("this template is broken")
        return None if topic == "order:none" else Drawn(version, f"<p>{topic} for {audience}</p>")


class Browser:
    """Collects what a viewer sends; `until` waits for what is expected, never for a time."""

    def __init__(self, hub: Hub, shown: dict[str, int], *, audience: str = "staff", pace: Pace = QUICK) -> None:
        self.frames: list[tuple[str, Any]] = []
        self.allowed = True
        self.reading = asyncio.Event()
        self.reading.set()
        self._came = asyncio.Condition()
        self.viewer = Viewer(
            hub, Reader("en", audience), shown, send=self._take, still_allowed=self._still_allowed, pace=pace
        )
        self.task = asyncio.create_task(self.viewer.run("build-1"))

    async def _take(self, body: bytes) -> None:
        await self.reading.wait()
        for block in body.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line)
            if "event" in fields:
                self.frames.append((fields["event"], json.loads(fields["data"])))
        async with self._came:
            self._came.notify_all()

    async def _still_allowed(self) -> bool:
        return self.allowed

    async def until(self, is_there: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(is_there)

    def shown(self, topic: str) -> list[int]:
        return [data["version"] for name, data in self.frames if name == "fragment" and data["topic"] == topic]

    async def close(self) -> None:
        self.viewer.leave()
        await self.task


Scene = Callable[[Hub, Rendering], Coroutine[Any, Any, None]]


def _play(database: Database, scene: Scene) -> None:
    async def play() -> None:
        rendering = Rendering()
        hub = Hub(database, rendering)
        database.on_commit(hub.woken)
        hub.start()
        try:
            await scene(hub, rendering)
        finally:
            hub.close()
        assert hub.viewers == 0

    asyncio.run(play())


async def _change(database: Database, *topics: str) -> None:
    await asyncio.wrap_future(database.submit(lambda session: touch(session, *topics)))


def test_a_commit_reaches_the_viewers_of_its_topic_and_no_other(sqlite_database: Database) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        mine, other = Browser(hub, {"order:SO-1000": 0}), Browser(hub, {"order:SO-1001": 0})
        await mine.until(lambda: bool(mine.frames))
        await other.until(lambda: bool(other.frames))

        await _change(sqlite_database, "order:SO-1000")
        await mine.until(lambda: mine.shown("order:SO-1000") == [1])

        assert [name for name, _data in other.frames] == ["hello"]
        assert mine.frames[0] == ("hello", {"build": "build-1"})
        assert mine.frames[1][1]["html"] == "<p>order:SO-1000 for staff</p>"
        await mine.close()
        await other.close()

    _play(sqlite_database, scene)


def test_a_page_gets_only_what_is_newer_than_what_it_shows(sqlite_database: Database) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        for _time in range(3):
            await _change(sqlite_database, "order:SO-1000", "board")
        page = Browser(hub, {"order:SO-1000": 3, "board": 2})

        await page.until(lambda: page.shown("board") == [3])

        assert page.shown("order:SO-1000") == []
        await page.close()

    _play(sqlite_database, scene)


def test_viewers_of_one_audience_share_one_rendering(sqlite_database: Database) -> None:
    async def scene(hub: Hub, rendering: Rendering) -> None:
        staff = [Browser(hub, {"order:SO-1000": 0}) for _ in range(20)]
        customer = Browser(hub, {"order:SO-1000": 0}, audience="customer:7")
        for page in (*staff, customer):
            await page.until(lambda page=page: bool(page.frames))  # type: ignore[misc]

        await _change(sqlite_database, "order:SO-1000")
        for page in (*staff, customer):
            await page.until(lambda page=page: page.shown("order:SO-1000") == [1])  # type: ignore[misc]

        assert sorted(rendering.calls) == [
            ("order:SO-1000", "en", "customer:7"),
            ("order:SO-1000", "en", "staff"),
        ]
        assert hub.viewers == 21
        for page in (*staff, customer):
            await page.close()

    _play(sqlite_database, scene)


def test_nothing_is_rendered_that_nobody_watches(sqlite_database: Database) -> None:
    async def scene(hub: Hub, rendering: Rendering) -> None:
        page = Browser(hub, {"order:SO-1000": 0})
        await page.until(lambda: bool(page.frames))
        await page.close()

        await _change(sqlite_database, "order:SO-1000")

        assert rendering.calls == []
        assert hub.latest("order:SO-1000") == 0

    _play(sqlite_database, scene)


def test_what_is_drawn_quickly_is_drawn_without_changing_threads(sqlite_database: Database) -> None:
    async def scene(hub: Hub, rendering: Rendering) -> None:
        page = Browser(hub, {"order:SO-1000": 0})
        await page.until(lambda: bool(page.frames))

        for version in range(1, 6):
            await _change(sqlite_database, "order:SO-1000")
            await page.until(lambda version=version: page.shown("order:SO-1000")[-1:] == [version])  # type: ignore[misc]

        assert rendering.threads[0] is not threading.current_thread()
        assert threading.current_thread() in rendering.threads[1:]
        await page.close()

    _play(sqlite_database, scene)


def test_a_slow_reader_skips_to_the_newest_state(sqlite_database: Database) -> None:
    async def scene(hub: Hub, rendering: Rendering) -> None:
        slow, quick = Browser(hub, {"order:SO-1000": 0}), Browser(hub, {"order:SO-1000": 0})
        await slow.until(lambda: bool(slow.frames))
        slow.reading.clear()
        for version in range(1, 31):
            await _change(sqlite_database, "order:SO-1000")
            await quick.until(lambda version=version: quick.shown("order:SO-1000")[-1:] == [version])  # type: ignore[misc]

        slow.reading.set()
        await slow.until(lambda: slow.shown("order:SO-1000")[-1:] == [30])

        assert len(slow.shown("order:SO-1000")) <= 2
        assert len(rendering.calls) == 30
        await slow.close()
        await quick.close()

    _play(sqlite_database, scene)


def test_a_burst_becomes_a_first_frame_at_once_and_few_after_it(sqlite_database: Database) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        page = Browser(hub, {"order:SO-1000": 0}, pace=Pace(hold=0.5))
        await page.until(lambda: bool(page.frames))

        for _time in range(50):
            await _change(sqlite_database, "order:SO-1000")
        await page.until(lambda: page.shown("order:SO-1000")[-1:] == [50])

        # How long fifty commits take depends on the machine; two frames a second at most is the rule.
        assert page.shown("order:SO-1000")[0] < 50
        assert len(page.shown("order:SO-1000")) < 25
        await page.close()

    _play(sqlite_database, scene)


def test_a_commit_while_a_frame_is_drawn_is_shown_too(sqlite_database: Database) -> None:
    async def scene(hub: Hub, rendering: Rendering) -> None:
        page = Browser(hub, {"order:SO-1000": 0})
        await page.until(lambda: bool(page.frames))
        rendering.gate.clear()
        await _change(sqlite_database, "order:SO-1000")
        while not rendering.calls:
            await asyncio.sleep(0.005)

        await _change(sqlite_database, "order:SO-1000")
        rendering.gate.set()

        await page.until(lambda: page.shown("order:SO-1000")[-1:] == [2])
        await page.close()

    _play(sqlite_database, scene)


@pytest.mark.parametrize("topic", ["order:none", "order:broken"])
def test_a_fragment_that_cannot_be_drawn_leaves_the_stream_and_its_other_topics_alive(
    sqlite_database: Database, topic: str
) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        page = Browser(hub, {topic: 0, "order:SO-1000": 0})
        await page.until(lambda: bool(page.frames))

        await _change(sqlite_database, topic)
        await _change(sqlite_database, "order:SO-1000")

        await page.until(lambda: page.shown("order:SO-1000") == [1])
        assert page.shown(topic) == []
        await page.close()

    _play(sqlite_database, scene)


def test_a_stream_ends_when_the_database_is_away_so_that_its_page_asks_again(sqlite_database: Database) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        page = Browser(hub, {"order:away": 0})
        await page.until(lambda: bool(page.frames))

        await _change(sqlite_database, "order:away")
        await asyncio.wait_for(page.task, 10)

        assert [name for name, _data in page.frames] == ["hello"]

    _play(sqlite_database, scene)


def test_a_page_from_before_a_restore_is_shown_the_restored_state(sqlite_database: Database) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        await _change(sqlite_database, "order:SO-1000")

        page = Browser(hub, {"order:SO-1000": 99, "order:SO-1001": 5})

        await page.until(lambda: page.shown("order:SO-1000") == [1] and page.shown("order:SO-1001") == [0])
        await page.close()

    _play(sqlite_database, scene)


def test_an_idle_stream_pings(sqlite_database: Database) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        page = Browser(hub, {"board": 0}, pace=Pace(ping=0.02))

        await page.until(lambda: [name for name, _data in page.frames].count("ping") >= 3)

        await page.close()

    _play(sqlite_database, scene)


def test_a_viewer_whose_rights_end_is_told_goodbye(sqlite_database: Database) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        page = Browser(hub, {"board": 0}, pace=Pace(recheck=0.02))
        await page.until(lambda: bool(page.frames))

        page.allowed = False
        await asyncio.wait_for(page.task, 10)

        assert page.frames[-1] == ("bye", {"reason": "rights_ended"})

    _play(sqlite_database, scene)


def test_a_reader_that_never_reads_is_cut_off_and_forgotten(sqlite_database: Database) -> None:
    async def scene(hub: Hub, _: Rendering) -> None:
        page = Browser(hub, {"board": 0}, pace=Pace(patience=0.05))
        page.reading.clear()

        await asyncio.wait_for(page.task, 10)

        assert page.viewer.gone
        page.reading.set()

    _play(sqlite_database, scene)


def test_a_closing_hub_ends_every_stream_even_one_that_waits_for_a_frame(sqlite_database: Database) -> None:
    async def scene(hub: Hub, rendering: Rendering) -> None:
        idle, waiting = Browser(hub, {"board": 0}), Browser(hub, {"order:SO-1000": 0})
        await idle.until(lambda: bool(idle.frames))
        await waiting.until(lambda: bool(waiting.frames))
        rendering.gate.clear()
        await _change(sqlite_database, "order:SO-1000")
        while not rendering.calls:
            await asyncio.sleep(0.005)

        hub.close()
        rendering.gate.set()

        await asyncio.wait_for(_all(idle.task, waiting.task), 10)

    _play(sqlite_database, scene)


async def _all(*tasks: Awaitable[None]) -> None:
    await asyncio.gather(*tasks)
