"""Delivers the outbox: strictly in order, one request in flight, deleted only when the server names it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway import crash_points
from gateway.outbox import OutboxError, Parcel
from gateway.uplink.backoff import Backoff, retry_after
from gateway.uplink.http import READ_SECONDS, Reply, Transport, TransportFault
from gateway.uplink.state import StateBoard, UplinkPhase, UplinkState, sentence_of, server_words
from orderlight.events import GATEWAY_MAX_BYTES, GATEWAY_MAX_EVENTS, Answer, Receipt, ReceiptError

log = logging.getLogger(__name__)

PATH = "/api/v1/events"
#: Room for the envelope around the events.
_ENVELOPE_BYTES = 200
OnAnswers = Callable[[str, Sequence[Answer]], None]


class OutboxDoor(Protocol):
    """The part of the outbox that the uplink uses."""

    @property
    def stored(self) -> threading.Event:
        """Set when there is something new."""

    def oldest(self, max_events: int, max_bytes: int) -> Parcel | None:
        """The oldest undelivered events of one epoch."""

    def delete(self, epoch: str, sequences: Sequence[int]) -> int:
        """Forget what was answered."""

    def set_aside(self, epoch: str, sequence: int, reason: str, at: float) -> None:
        """Keep what no request can carry."""


@dataclass(slots=True)
class UplinkCounters:
    """What went over the wire since the start."""

    requests: int = 0
    sent: int = 0
    acked: int = 0
    set_aside: int = 0


class Deliverer:
    """deliver_pending() does the work; run() calls it whenever the outbox has something new."""

    def __init__(
        self,
        outbox: OutboxDoor,
        transport: Transport,
        *,
        gateway: str,
        on_answers: OnAnswers,
        wall: Callable[[], float] = time.time,
        backoff: Backoff | None = None,
    ) -> None:
        self.counters = UplinkCounters()
        self._outbox, self._transport, self._gateway = outbox, transport, gateway
        self._on_answers, self._wall = on_answers, wall
        self._backoff = backoff or Backoff()
        self._board = StateBoard(wall)
        self._limit = GATEWAY_MAX_EVENTS
        self._stop = threading.Event()
        #: Set to end a pause before its time.
        self._roused = threading.Event()
        self._last_moment: float | None = None

    @property
    def state(self) -> UplinkState:
        """Where the uplink stands."""
        return self._board.state

    def run(self) -> None:
        """Deliver until stop() is called, then try once more for the time it allows."""
        while not self._stop.is_set():
            self._outbox.stored.clear()
            self._roused.clear()
            pause = self.deliver_pending()
            if pause and not self._stop.is_set():
                self._roused.wait(pause)
            elif not self._stop.is_set():
                self._outbox.stored.wait()
        self.deliver_pending()

    def try_soon(self) -> None:
        """The server answers something else again: a pause that was meant for a dead line is over.

        One that the server asked for is kept.
        """
        if self._board.state.phase is UplinkPhase.OFFLINE:
            self._roused.set()

    def stop(self, seconds: float) -> None:
        """End run(): at most `seconds` for what is still there."""
        self._last_moment = time.monotonic() + seconds
        self._stop.set()
        self._roused.set()
        self._outbox.stored.set()

    def deliver_pending(self) -> float:
        """Send until nothing is left (0) or the server must be left in peace (seconds)."""
        while self._time_left() > 0:
            try:
                parcel = self._outbox.oldest(self._limit, GATEWAY_MAX_BYTES - _ENVELOPE_BYTES)
                if parcel is None:
                    return 0.0
                pause = self._deliver(parcel)
            except OutboxError as error:
                # What was not deleted is sent again; the server answers "duplicate" then.
                pause = self._hold(UplinkPhase.CONFUSED, str(error))
            if pause:
                return pause
        return 0.0

    def _time_left(self) -> float:
        if self._last_moment is None:
            return READ_SECONDS
        return min(READ_SECONDS, self._last_moment - time.monotonic())

    def _deliver(self, parcel: Parcel) -> float:
        """One request; give the seconds to wait before the next."""
        self.counters.requests += 1
        try:
            reply = self._transport.post(PATH, encode(self._gateway, parcel), max(self._time_left(), 0.1))
        except TransportFault as fault:
            return self._hold(UplinkPhase.OFFLINE, str(fault))
        self.counters.sent += len(parcel.sequences)
        crash_points.reached("after_send")
        if reply.status == 200:
            return self._take(reply, parcel)
        if reply.status in (413, 422):
            return self._halve(reply, parcel)
        return self._hold(*sentence_of(reply.status, reply.body), retry_after(reply.retry_after))

    def _take(self, reply: Reply, parcel: Parcel) -> float:
        try:
            receipt = read_receipt(reply.body, self._gateway, parcel)
        except ReceiptError as error:
            # An answer to another request may have come twice; on a new connection each has its own again.
            self._transport.close()
            return self._hold(UplinkPhase.CONFUSED, f"{error} Nothing is deleted.")
        numbered = {answer.sequence: answer for answer in receipt.results if answer.sequence is not None}
        if not numbered:
            # The server keeps what came, and could read no number in it.
            return self._narrow(parcel, receipt.results[0].say)
        self._on_answers(parcel.epoch, list(numbered.values()))
        crash_points.reached("before_delete")
        self._outbox.delete(parcel.epoch, list(numbered))
        self.counters.acked += len(numbered)
        self._succeed()
        return 0.0

    def _succeed(self) -> None:
        self._backoff.reset()
        self._limit = min(self._limit * 2, GATEWAY_MAX_EVENTS)
        self._board.show(UplinkPhase.ONLINE)

    def _halve(self, reply: Reply, parcel: Parcel) -> float:
        return self._narrow(parcel, f"{reply.status}: {server_words(reply.body)}")

    def _narrow(self, parcel: Parcel, reason: str) -> float:
        """One bad event must not hold up the others: narrow it down, then put it out of the way."""
        if len(parcel.sequences) > 1:
            self._limit = len(parcel.sequences) // 2
            return 0.0
        sequence = parcel.sequences[0]
        self._outbox.set_aside(parcel.epoch, sequence, reason, self._wall())
        self.counters.set_aside += 1
        log.error("event_set_aside", extra={"epoch": parcel.epoch, "sequence": sequence, "sentence": reason})
        self._succeed()
        return 0.0

    def _hold(self, phase: UplinkPhase, detail: str, at_least: float = 0.0) -> float:
        self._board.show(phase, detail)
        return self._backoff.next_delay(at_least)


def encode(gateway: str, parcel: Parcel) -> bytes:
    """The request body; the events are JSON already, so they are joined and not read again."""
    head = f'{{"gateway":"{gateway}","epoch":"{parcel.epoch}","events":['.encode()
    return head + b",".join(parcel.bodies) + b"]}"


def read_receipt(body: bytes, gateway: str, parcel: Parcel) -> Receipt:
    """The receipt; ReceiptError unless it is about this parcel and nothing else."""
    receipt = Receipt.parse(body)
    if (receipt.gateway, receipt.epoch) != (gateway, parcel.epoch):
        raise ReceiptError(
            f"Failed to take a receipt: expected {gateway}/{parcel.epoch}, got {receipt.gateway}/{receipt.epoch}."
        )
    named = {answer.sequence for answer in receipt.results if answer.sequence is not None}
    if strange := sorted(named - set(parcel.sequences)):
        raise ReceiptError(f"Failed to take a receipt: it names sequence {strange[0]}, which was not sent.")
    if not receipt.results:
        raise ReceiptError(f"Failed to take a receipt: expected verdicts on {len(parcel.sequences)} events, got none.")
    return receipt
