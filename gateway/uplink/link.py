"""Keeps the connection to the broker up, and brings each question its own answer."""

import json
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from paho.mqtt.reasoncodes import ReasonCode

from gateway.mqtt import CONNECT_SECONDS, GREETING_SECONDS, BrokerAccess, BrokerLost
from gateway.uplink.backoff import Backoff
from gateway.uplink.http import Reply, TransportFault
from gateway.uplink.session import ENVELOPE_BYTES, Incoming, Outgoing, Session
from gateway.wake import Waker
from orderlight.events import topics
from orderlight.events.topics import Leaf

log = logging.getLogger(__name__)

LONGEST_WAIT: Final = 1.0
#: The uplink has a back-off of its own above this one, so this stays short.
LONGEST_PAUSE: Final = 5.0
#: A connection that held for so long is sound; one that goes sooner is left in peace longer each time.
STEADY_SECONDS: Final = 5.0
#: What a goodbye may take.
GOODBYE_SECONDS: Final = 1.0

#: MQTT 5.0 section 3.4.2.1.
_NOBODY_LISTENS: Final = 0x10
_NOT_AUTHORIZED: Final = 0x87
_TOO_LARGE: Final = 0x95
_QUOTA: Final = 0x97

#: Gives the answer to a command; may be called once, by any thread.
Respond = Callable[[bytes], None]
#: Takes a command's body; must not block.
OnCommand = Callable[[bytes, Respond], None]


@dataclass(slots=True)
class _Question:
    """Somebody waits for the answer to this message."""

    message: Outgoing
    settled: threading.Event = field(default_factory=threading.Event)
    reply: Reply | None = None
    fault: str = ""

    def answer(self, reply: Reply) -> None:
        self.reply = reply
        self.settled.set()

    def fail(self, fault: str) -> None:
        self.fault = fault
        self.settled.set()


class BrokerLink:
    """One thread owns the connection; ask() may be called by several at once. A lost broker is a state, logged once."""

    def __init__(
        self, access: BrokerAccess, *, gateway: str, key: str, version: str, backoff: Backoff | None = None
    ) -> None:
        self.on_command: OnCommand | None = None
        #: Answers nobody waits for: late ones, and ones that came twice.
        self.strays = 0
        self._access, self._gateway, self._key, self._version = access, gateway, key, version
        self._backoff = backoff or Backoff()
        self._waker = Waker()
        self._stop = threading.Event()
        self._up = threading.Event()
        self._fault = f"The broker {access.address} does not answer."
        self._told: str | None = None
        self._outgoing: deque[_Question | Outgoing] = deque()
        self._asked: dict[bytes, _Question] = {}
        self._sent: dict[int, _Question] = {}
        self._largest: int | None = None
        self._thread = threading.Thread(target=self.run, name="broker", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Say that we go, and go."""
        self._stop.set()
        self._waker.wake()
        if self._thread.is_alive():
            self._thread.join(GOODBYE_SECONDS + CONNECT_SECONDS)

    def use_key(self, key: str) -> None:
        """Show this key from the next message on; any thread may call it."""
        self._key = key

    def ask(self, leaf: Leaf, body: bytes, timeout: float) -> Reply:
        """Send and wait for the answer; TransportFault when none comes."""
        until = time.monotonic() + timeout
        if not self._up.wait(min(CONNECT_SECONDS, timeout)):
            raise TransportFault(self._fault)
        if self._largest is not None and len(body) + ENVELOPE_BYTES > self._largest:
            return _problem(413, f"The broker {self._access.address} takes {self._largest:,} bytes at once, no more.")
        question = _Question(Outgoing(leaf, body, secrets.token_bytes(16), self._key, timeout))
        self._asked[question.message.correlation] = question
        try:
            self._put(question)
            question.settled.wait(max(0.0, until - time.monotonic()))
        finally:
            self._asked.pop(question.message.correlation, None)
        if question.reply is None:
            late = f"Server behind the broker {self._access.address} does not answer in time."
            raise TransportFault(question.fault or late)
        return question.reply

    def _put(self, message: _Question | Outgoing) -> None:
        self._outgoing.append(message)
        self._waker.wake()

    # -- the thread

    def run(self) -> None:
        """Connect again and again until close()."""
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                with Session(self._access, self._gateway, self._version) as session:
                    self._serve(session)
                    self._say_goodbye(session)
            except BrokerLost as lost:
                self._lose(lost.reason)
            if time.monotonic() - began >= STEADY_SECONDS:
                self._backoff.reset()
            self._stop.wait(min(self._backoff.next_delay(), LONGEST_PAUSE))
        self._lose("The gateway ends.")

    def _serve(self, session: Session) -> None:
        patience_until = time.monotonic() + GREETING_SECONDS
        while not self._stop.is_set():
            arrived = session.turn(self._waker, LONGEST_WAIT)
            if session.ready and not self._up.is_set():
                self._rise(session)
            elif not session.ready and time.monotonic() > patience_until:
                raise BrokerLost(f"The broker {self._access.address} does not answer.")
            for packet, code in session.acked():
                self._hear_ack(packet, code)
            for message in arrived:
                self._hear(message)
            while session.ready and self._outgoing:
                self._send(session, self._outgoing.popleft())

    def _rise(self, session: Session) -> None:
        self._largest = session.largest
        session.tell_state("online")
        self._tell(None)
        self._up.set()

    def _lose(self, reason: str) -> None:
        """Whoever waits is told at once; what he asked is asked anew by himself."""
        self._up.clear()
        self._fault = reason
        if not self._stop.is_set():
            self._tell(reason)
        self._outgoing.clear()
        self._sent.clear()
        for question in list(self._asked.values()):
            question.fail(reason)

    def _tell(self, reason: str | None) -> None:
        if reason is None:
            log.info("broker_online", extra={"sentence": f"The broker {self._access.address} took us in."})
        elif reason != self._told:
            log.warning("broker_lost", extra={"sentence": reason})
        self._told = reason

    def _say_goodbye(self, session: Session) -> None:
        """Tell the broker, which otherwise tells our last will only when we are lost."""
        if not self._up.is_set():
            return
        packet, until = session.tell_state("offline"), time.monotonic() + GOODBYE_SECONDS
        while time.monotonic() < until:
            session.turn(self._waker, 0.1)
            if packet in [acked for acked, _code in session.acked()]:
                return

    def _send(self, session: Session, sent: _Question | Outgoing) -> None:
        if isinstance(sent, Outgoing):
            session.send(sent)
            return
        if sent.message.correlation in self._asked:
            self._sent[session.send(sent.message)] = sent

    def _hear_ack(self, packet: int, code: ReasonCode) -> None:
        """That the broker has it means nothing; that it has not means that no answer will come."""
        question = self._sent.pop(packet, None)
        if question is None or code.value == 0 or question.settled.is_set():
            return
        reply = _refusal(code.value, self._access.address)
        if reply is not None:
            question.answer(reply)
        elif code.value == _NOBODY_LISTENS:
            question.fail(f"No server listens at the broker {self._access.address}.")
        else:
            question.fail(f"The broker {self._access.address} did not take a message: {code}.")

    def _hear(self, message: Incoming) -> None:
        if message.leaf is Leaf.COMMANDS:
            if self.on_command is not None:
                self.on_command(message.body, partial(self._respond, message.correlation))
            return
        status = message.told.get(topics.STATUS, "")
        question = self._asked.pop(message.correlation, None)
        if question is None or not (status.isascii() and status.isdigit() and len(status) == 3):
            self.strays += 1
            return
        told = message.told
        question.answer(Reply(int(status), message.body, told.get(topics.RETRY_AFTER), told.get(topics.DATE)))

    def _respond(self, correlation: bytes, body: bytes) -> None:
        if self._up.is_set():
            self._put(Outgoing(Leaf.RESULTS, body, correlation))


def _refusal(code: int, address: str) -> Reply | None:
    """What the broker itself refuses, said as a server would say it."""
    if code == _NOT_AUTHORIZED:
        return _problem(403, f"The broker {address} does not let us publish; see its access list.")
    if code == _TOO_LARGE:
        return _problem(413, f"The broker {address} does not take so large a message.")
    if code == _QUOTA:
        return _problem(503, f"The broker {address} has no room.")
    return None


def _problem(status: int, detail: str) -> Reply:
    return Reply(status, json.dumps({"status": status, "detail": detail}).encode())
