"""Listens at the broker as long as the server runs; a lost broker is a state with back-off, logged once."""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp

from orderlight.events import topics
from orderlight.events.commands import EXPIRES_SECONDS, Command, CommandError, CommandResult
from orderlight.events.topics import Leaf
from server.broker.inner_request import request
from server.broker.presence import Presences
from server.errors import Conflict, Unavailable
from server.messages import translate as _
from server.metrics import BROKER_COMMANDS, BROKER_CONNECTED, BROKER_MESSAGES
from server.settings import Settings

if TYPE_CHECKING:
    from server.broker.client import Client, Message

log = logging.getLogger("server.broker")

FIRST_SECONDS: Final = 0.2
LARGEST_SECONDS: Final = 10.0
_LISTENED: Final = (Leaf.EVENTS, Leaf.HEALTH, Leaf.NEXT_KEY, Leaf.STATE, Leaf.RESULTS)


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
    #: Told after the state of a gateway or of the broker changed; the app bumps the page of the gateways.
    on_change: Callable[[], None] = lambda: None
    presences: Presences = field(default_factory=Presences)
    _asked: "dict[bytes, tuple[str, asyncio.Future[CommandResult]]]" = field(default_factory=dict)
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

    async def command(self, gateway: str, command: Command) -> CommandResult:
        """Send it and wait for what became of it; raises Conflict or Unavailable in words."""
        self._require_online(gateway)
        assert self._client is not None
        correlation = secrets.token_bytes(16)
        answer: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._asked[correlation] = (gateway, answer)
        topic = topics.topic(gateway, Leaf.COMMANDS)
        self._client.publish(topic, command.encode(), correlation=correlation, told={}, seconds=EXPIRES_SECONDS)
        try:
            async with asyncio.timeout(EXPIRES_SECONDS):
                result = await answer
        except TimeoutError as silence:
            BROKER_COMMANDS.labels(command.verb.value, "unanswered").inc()
            sentence = _("{gateway} did not answer within {seconds} s; the command has expired.")
            raise Unavailable(
                sentence.format(gateway=gateway, seconds=int(EXPIRES_SECONDS)), reason="command_unanswered"
            ) from silence
        finally:
            del self._asked[correlation]
        BROKER_COMMANDS.labels(command.verb.value, "done" if result.done else "refused").inc()
        return result

    def _require_online(self, gateway: str) -> None:
        presence = self.presences.of(gateway)
        if self.is_set and not self.state.ok:
            raise Unavailable(_("The broker is lost, and commands go through it."), reason="broker_lost")
        if presence is None:
            sentence = _(
                "{gateway} speaks to the server over HTTP alone. Commands need a broker; see docs/howto/broker.md."
            )
            raise Conflict(sentence.format(gateway=gateway), reason="no_commands_over_http")
        if not presence.online:
            sentence = _("{gateway} is offline; nothing was sent. Try again when it is back.")
            raise Conflict(sentence.format(gateway=gateway), reason="gateway_offline")

    def _show(self, state: BrokerState) -> None:
        BROKER_CONNECTED.set(1 if state.ok else 0)
        if not state.ok:
            # Without the broker nobody knows; it tells all of it anew.
            self.presences.clear()
        if state != self.state:
            self.on_change()
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
            await self._sort(*found, message, client)
        client.acknowledge(message.packet)

    async def _sort(self, gateway: str, leaf: Leaf, message: "Message", client: "Client") -> None:
        if leaf is Leaf.STATE:
            if self.presences.note(gateway, message.body):
                self.on_change()
        elif leaf is Leaf.RESULTS:
            self._hear_result(gateway, message)
        else:
            await self._take(gateway, leaf, message, client)

    def _hear_result(self, gateway: str, message: "Message") -> None:
        asked, answer = self._asked.get(message.correlation or b"", ("", None))
        if answer is None or asked != gateway or answer.done():
            BROKER_MESSAGES.labels(Leaf.RESULTS.value, "unanswerable").inc()
            return
        try:
            answer.set_result(CommandResult.parse(message.body))
        except CommandError as error:
            answer.set_result(CommandResult(False, str(error)))

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
