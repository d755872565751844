"""The rules of one commit: who finds room, who gives way, and what is counted."""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway import crash_points
from gateway.outbox.ballast import Ballast, free_bytes
from gateway.outbox.faults import OutboxFull
from gateway.outbox.quota import Quota, Room
from gateway.outbox.store import Store
from gateway.outbox.ticket import Ticket

log = logging.getLogger(__name__)

_SHED_STEP = 500
#: Below this (4 MB) the file keeps its empty pages for the next events.
_EMPTY_PAGES = 1000
_GIVE_BACK_PAGES = 500
_MANY = 10_000
_AGE_CHECK_SECONDS = 3600.0
_DISK_FULL = "Disk is full: {free:,} bytes are free, {needed:,} are needed. Free some space on the gateway."
_GIVE_WAY = "Outbox is above its high-water mark: the room left is kept for scans."


@dataclass(slots=True)
class Ledger:
    """Running figures of this process; only the writer changes them, anyone may read one at a time."""

    number: int
    epoch: str
    last_sequence: int = 0
    backlog: int = 0
    shed: int = 0
    refused: int = 0
    full: str | None = None


class Committer:
    """Turns queued events and changes into one transaction each time; not thread-safe on purpose."""

    def __init__(self, store: Store, directory: Path, quota: Quota, clock: Callable[[], float]) -> None:
        self.counts: list[int] = []
        self._store, self._directory, self._quota, self._clock = store, directory, quota, clock
        self._ballast = Ballast(directory / "ballast", quota.ballast_bytes)
        self._next_age_check = 0.0
        self._opening: Ticket | None = None

    def begin(self, ledger: Ledger, opening: Ticket) -> None:
        """Start an epoch: `opening` becomes its first event, with the first commit that succeeds."""
        self.ledger = ledger
        self._opening = opening
        self._ballast.hold(free_bytes(self._directory))

    def commit(self, tickets: list[Ticket], changes: Sequence[Callable[[Store], int]]) -> None:
        """One transaction; sqlite3.Error when the disk refuses, and then nothing has happened."""
        # A lost delete is harmless: the server answers "duplicate" to what is sent again. So only commits
        # that carry events flush the disk; the log is in order, and the next flush takes these along.
        self._store.flush_commits(bool(tickets))
        self._store.connection.execute("BEGIN IMMEDIATE")
        self.counts = [change(self._store) for change in changes]
        accepted = self._admit(tickets)
        shed = self._shed(bool(accepted))
        self._insert(accepted)
        if accepted:
            crash_points.reached("before_outbox_commit")
        self._store.connection.execute("COMMIT")
        self._note(accepted, sum(self.counts), shed)

    def refuse_all(self, tickets: Sequence[Ticket], error: Exception) -> None:
        """Undo a failed commit, give the ballast back, and tell every caller that it is full."""
        self.roll_back()
        self._ballast.release()
        self._store.shrink_log()
        self._note_full(f"Outbox could not be written ({error}). Free some space on the gateway.")
        for ticket in tickets:
            self._refuse(ticket, self.ledger.full or str(error))

    def roll_back(self) -> None:
        """Leave a transaction that failed half-way."""
        if self._store.connection.in_transaction:
            self._store.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file; SQLite folds the log into it."""
        self._store.close()

    # -- who finds room

    def _admit(self, tickets: list[Ticket]) -> list[Ticket]:
        """Give an error to the events there is no room for, and return the others."""
        if not tickets:
            return []
        used = self._store.bytes_used()
        full = self._why_full(used)
        if full:
            self._note_full(full)
        accepted: list[Ticket] = []
        for ticket in tickets:
            if ticket is self._opening:
                accepted.append(ticket)
            elif refusal := full or self._refusal(ticket, used):
                self._refuse(ticket, refusal)
            else:
                used += len(ticket.body)
                accepted.append(ticket)
        return accepted

    def _why_full(self, used: int) -> str | None:
        free = free_bytes(self._directory)
        if sentence := self._quota.full_sentence(used, free):
            return sentence
        if self._quota.ballast_bytes and not self._ballast.hold(free):
            # The ballast was given up so that deletes find room; events must not eat that room.
            return _DISK_FULL.format(free=free, needed=2 * self._quota.ballast_bytes)
        return None

    def _refusal(self, ticket: Ticket, used: int) -> str | None:
        room = self._quota.room(used + len(ticket.body))
        if room is Room.FULL:
            return self._quota.full_sentence(used + len(ticket.body), self._quota.min_free_bytes)
        # While it is tight, a tag event finds room only where older ones can give way to it.
        if room is Room.TIGHT and ticket.sheddable and not self._store.has_sheddable():
            return _GIVE_WAY
        return None

    def _refuse(self, ticket: Ticket, sentence: str) -> None:
        if ticket.error is None:
            ticket.error = OutboxFull(sentence)
            self.ledger.refused += 1

    def _shed(self, appending: bool) -> int:
        """Give up tag events that are too old, and the oldest ones while it is tight."""
        if not appending:
            return 0
        shed = self._shed_by_age()
        if self._quota.room(self._store.bytes_used()) is Room.FREE:
            return shed
        while self._store.bytes_used() > self._quota.low_water_bytes:
            found = self._store.shed_oldest(_SHED_STEP, None, "outbox above its high-water mark", self._clock())
            if not found:
                break
            shed += found
        return shed

    def _shed_by_age(self) -> int:
        if time.monotonic() < self._next_age_check:
            return 0
        self._next_age_check = time.monotonic() + _AGE_CHECK_SECONDS
        at = self._clock()
        return self._store.shed_oldest(-1, at - self._quota.max_age_seconds, "older than outbox.max_age_days", at)

    def _insert(self, tickets: list[Ticket]) -> None:
        if not tickets:
            return
        if self._opening is not None:
            self._store.begin_epoch(self.ledger.number, self.ledger.epoch)
            if tickets[0] is not self._opening:
                tickets.insert(0, self._opening)
        for sequence, ticket in enumerate(tickets, start=self.ledger.last_sequence + 1):
            ticket.sequence = sequence
        self._store.insert(self.ledger.number, self.ledger.epoch, self._clock(), tickets)
        self._store.set_last_sequence(self.ledger.number, tickets[-1].sequence)

    # -- keeping count

    def _note(self, accepted: list[Ticket], left: int, shed: int) -> None:
        if accepted:
            self._opening = None
            self.ledger.last_sequence = accepted[-1].sequence
            self._note_full(None)
        for ticket in accepted:
            ticket.stored = True
        self.ledger.backlog += len(accepted) - left - shed
        if shed:
            self.ledger.shed += shed
            log.warning("tag_events_shed", extra={"count": shed})
        if left:
            self._give_back()
        if left and self.ledger.full:
            self._look_for_room()

    def _give_back(self) -> None:
        """After a long absence of the server the file shrinks again, a piece with each delivery.

        A full disk gets all at once: nobody waits for the writer then, and no later delivery may come.
        """
        pieces = 1 if self.ledger.backlog or not self.ledger.full else _MANY
        if self.ledger.backlog and not self.ledger.full:
            return
        # A disk without room even for this keeps the empty pages; they hold the next events just as well.
        with contextlib.suppress(sqlite3.OperationalError):
            while pieces and self._store.empty_pages() >= _EMPTY_PAGES:
                self._store.give_back(_GIVE_BACK_PAGES)
                pieces -= 1

    def _look_for_room(self) -> None:
        self._note_full(self._why_full(self._store.bytes_used()))

    def _note_full(self, sentence: str | None) -> None:
        """Remember why it is full; the log hears of it only when it begins and when it ends."""
        if sentence and not self.ledger.full:
            log.error("outbox_full", extra={"sentence": sentence})
        elif self.ledger.full and not sentence:
            log.info("outbox_has_room")
        self.ledger.full = sentence
