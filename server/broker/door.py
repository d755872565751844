"""Listens at the broker as long as the server runs; a lost broker is a state with back-off, logged once."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp

from orderlight.events import topics
from orderlight.events.topics import Leaf
from server.broker.inner_request import request
from server.metrics import BROKER_CONNECTED, BROKER_MESSAGES
from server.settings import Settings

if TYPE_CHECKING:
    from server.broker.client import Client, Message

log = logging.getLogger("server.broker")

FIRST_SECONDS: Final = 0.2
LARGEST_SECONDS: Final = 10.0
_LISTENED: Final = (Leaf.EVENTS, Leaf.HEALTH, Leaf.NEXT_KEY)


@dataclass(frozen=True, slots=True)
class BrokerState:
    """Whether the server hears what is said at the broker."""

    ok: bool
    say: str

    def as_json(self) -> dict[str, object]:
        """As /readyz shows it."""
        return {"ok": self.ok, "say": self.say}


@dataclass(slots=True)
class BrokerDoor:
    """start() in the event loop, close() in the same. Does nothing where no broker is set."""

    settings: Settings
    share: Callable[[], float] = random.random
    state: BrokerState = BrokerState(False, "The broker was not spoken to yet.")
    _app: ASGIApp | None = None
    _client: "Client | None" = None
    _listening: "asyncio.Task[None] | None" = None
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    @property
    def is_set(self) -> bool:
        """Whether this server has a broker."""
        return bool(self.settings.broker_url)

    def start(self, app: ASGIApp) -> None:
        """Begin to listen, where there is a broker."""
        self._app = app
        if self.is_set:
            self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def close(self) -> None:
        """Stop listening; what is in work is answered to nobody, and so is sent again."""
        for task in [self._listening, *self._tasks]:
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def _listen(self) -> None:
        from server.broker.client import BrokerLost

        failures = 0
        while True:
            try:
                await self._connect()
                failures = 0
                assert self._client is not None
                await self._client.serve()
            except BrokerLost as lost:
                self._show(BrokerState(False, str(lost)))
            except OSError as error:
                self._show(BrokerState(False, f"The broker's certificate file cannot be used: {error}."))
            finally:
                client, self._client = self._client, None
                if client is not None:
                    client.close()
            limit = min(LARGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures, 16))
            failures += 1
            # Half of the pause is sure, so that a broker that ends us at once is not besieged.
            await asyncio.sleep(limit * (0.5 + 0.5 * self.share()))

    async def _connect(self) -> None:
        from server.broker.client import Client

        heard = [topics.topic("+", leaf) for leaf in _LISTENED]
        self._client = Client(self.settings, heard, self._hear)
        await self._client.open()
        self._show(BrokerState(True, f"Connected to {self._client.address}."))

    def _show(self, state: BrokerState) -> None:
        BROKER_CONNECTED.set(1 if state.ok else 0)
        if state != self.state:
            log.log(logging.INFO if state.ok else logging.WARNING, state.say)
        self.state = state

    def _hear(self, message: "Message") -> None:
        """A message came: its work begins, and ends with its acknowledgement."""
        task = asyncio.get_running_loop().create_task(self._work(message, self._client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, message: "Message", client: "Client | None") -> None:
        if client is None:
            return
        found = topics.parse_topic(message.topic)
        if found is not None:
            await self._take(*found, message, client)
        client.acknowledge(message.packet)

    async def _take(self, gateway: str, leaf: Leaf, message: "Message", client: "Client") -> None:
        answers = topics.topic(gateway, Leaf.ANSWERS)
        # An answer goes to the gateway of the topic, and nowhere else that somebody may have written.
        if message.retained or message.correlation is None or message.response_topic != answers:
            BROKER_MESSAGES.labels(leaf.value, "unanswerable").inc()
            return
        assert self._app is not None
        path = "/api/v1/events" if leaf is Leaf.EVENTS else f"/api/v1/gateways/{gateway}/{leaf}"
        key = message.told.get(topics.KEY, "")
        answer = await request(
            self._app, path, message.body, gateway=gateway, key=key, content_type=message.content_type
        )
        BROKER_MESSAGES.labels(leaf.value, f"{answer.status // 100}xx").inc()
        client.publish(answers, answer.body, correlation=message.correlation, told=answer.told())
