"""Tells the server every ten seconds how the gateway is, and learns the server's time from the answer."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote

from gateway.uplink.clock import GatewayClock
from gateway.uplink.dates import parse_http_date
from gateway.uplink.http import Reply, Transport, TransportFault

log = logging.getLogger(__name__)

EVERY_SECONDS = 10.0


class Heartbeat:
    """beat() sends one; run() sends them until stop(). A failure is remembered for the status, no more."""

    def __init__(
        self,
        transport: Transport,
        health: Callable[[], Mapping[str, object]],
        *,
        gateway: str,
        clock: GatewayClock,
        every: float = EVERY_SECONDS,
        heed: Callable[[Reply], None] = lambda _reply: None,
    ) -> None:
        self.last_error: str | None = None
        self._transport, self._health, self._clock = transport, health, clock
        self._path = f"/api/v1/gateways/{quote(gateway, safe='')}/health"
        self._every, self._heed = every, heed
        self._stopping = False
        self._wake = threading.Event()
        #: Set after the first heartbeat, whether or not it was answered.
        self.tried = threading.Event()

    def run(self) -> None:
        """Beat at once, so that the clock is known early, then at every interval."""
        while not self._stopping:
            self._wake.clear()
            self.beat()
            self.tried.set()
            self._wake.wait(self._every)

    def beat_soon(self) -> None:
        """Send the next one now."""
        self._wake.set()

    def stop(self) -> None:
        """End run()."""
        self._stopping = True
        self._wake.set()

    def beat(self) -> None:
        """Send one heartbeat."""
        body = json.dumps(self._health()).encode()
        sent = self._clock.monotonic()
        try:
            reply = self._transport.post(self._path, body)
            if reply.status != 200:
                self._learn_from_date(reply.date, sent)
                self._remember(f"Server answers {reply.status} to heartbeats.")
            else:
                self._learn(reply.body, sent)
            self._heed(reply)
        except TransportFault as fault:
            self._remember(str(fault))

    def _learn(self, body: bytes, sent: float) -> None:
        try:
            answer = json.loads(body)
            server_time = datetime.fromisoformat(answer["server_time"])
        except (ValueError, TypeError, KeyError, RecursionError):
            self._remember("Server's answer to a heartbeat holds no server_time.")
            return
        if server_time.tzinfo is not None:
            self._clock.learn(server_time, sent, self._clock.monotonic())
        notice = answer.get("notice")
        # What its keeper should know, such as a second device of its name; a server before that says nothing.
        self._remember(notice if isinstance(notice, str) and notice else None)

    def _learn_from_date(self, date: str | None, sent: float) -> None:
        """Even a refusal tells the time, to the second (RFC 9110 6.6.1): enough to notice a wrong clock."""
        if date is None or self._clock.offset() is not None:
            return
        try:
            server_time = parse_http_date(date)
        except ValueError:
            return
        self._clock.learn(server_time, sent, self._clock.monotonic())

    def _remember(self, error: str | None) -> None:
        if error != self.last_error:
            log.info("heartbeat", extra={"sentence": error or "Server takes heartbeats."})
        self.last_error = error
