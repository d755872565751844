"""The one door to the outbox: open, append, look at the oldest, forget what the server answered."""

import contextlib
import fcntl
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from gateway.outbox.commit import Committer, Ledger
from gateway.outbox.faults import OutboxBroken, OutboxError, OutboxInUse
from gateway.outbox.quota import Quota
from gateway.outbox.records import Alarm, OutboxFigures, Parcel, SetAside, Shed
from gateway.outbox.recovery import open_or_recover
from gateway.outbox.store import FILE_NAME, Store, connect
from gateway.outbox.ticket import Group, Ticket
from gateway.outbox.writer import Writer
from orderlight.events import Event, EventKind

_SHEDDABLE = (EventKind.TAG_ARRIVED, EventKind.TAG_MOVED, EventKind.TAG_LEFT)

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Outbox:
    """Events on disk until the server names them. append() from any thread; the rest from any thread too."""

    def __init__(self, writer: Writer, reader: Store, *, quota: Quota, lock: int, ledger: Ledger) -> None:
        self._writer, self._reader, self._quota, self._lock = writer, reader, quota, lock
        self._ledger = ledger
        self._shed_before = reader.count_shed()
        self._reading = threading.Lock()

    @classmethod
    def open(
        cls,
        directory: Path,
        quota: Quota = Quota(),  # noqa: B008 - Quota is frozen.
        *,
        clock: Callable[[], float] = time.time,
        clock_suspect: bool | None = None,
    ) -> "Outbox":
        """Begin an epoch in `directory`; OutboxInUse when another process has it, OutboxError when it cannot."""
        lock = _lock(directory)
        try:
            writer, ledger = _start(directory, quota, clock, clock_suspect)
            return cls(
                writer, Store(connect(directory / FILE_NAME, cache_kib=100)), quota=quota, lock=lock, ledger=ledger
            )
        except (sqlite3.Error, OSError) as error:
            os.close(lock)
            raise OutboxError(
                f"Outbox in {directory} cannot be opened ({error}). Check that the disk is writable."
            ) from error

    @property
    def epoch(self) -> str:
        """The name of this process's epoch: 16 hex digits."""
        return self._ledger.epoch

    @property
    def stored(self) -> threading.Event:
        """Set after each commit that stored events; the uplink clears it before it looks."""
        return self._writer.stored

    @property
    def broken(self) -> threading.Event:
        """Set when the file turns out damaged while running; the process should end and start anew."""
        return self._writer.broken

    def append(self, event: Event) -> Ticket:
        """Queue an event whose sequence the outbox will set; ticket.wait() returns once it is on disk."""
        return self._writer.append(_body(event), sheddable=event.kind in _SHEDDABLE)

    def oldest(self, max_events: int, max_bytes: int) -> Parcel | None:
        """The oldest undelivered events of one epoch, or None."""
        with self._guarded() as reader:
            return reader.oldest(max_events, max_bytes)

    def delete(self, epoch: str, sequences: Iterable[int]) -> int:
        """Forget events that the server's own answer named; give how many."""
        numbers = tuple(sequences)
        return self._writer.act(lambda store: store.delete(epoch, numbers))

    def set_aside(self, epoch: str, sequence: int, reason: str, at: float) -> None:
        """Keep an event that no batch can carry out of the way of the others."""
        self._writer.act(lambda store: store.move_aside(epoch, sequence, reason, at))

    def retry_set_aside(self, epoch: str, sequence: int) -> int | None:
        """Send an event set aside again, as the newest of this epoch; its new sequence, or None when there is none.

        Under its old number it was never taken, and an older epoch that goes on would pass for a second gateway.
        Raises OutboxFull when there is no room for it; then it stays set aside.
        """
        with self._guarded() as reader:
            body = reader.body_aside(epoch, sequence)
        if body is None:
            return None
        event = json.loads(body)
        del event["sequence"]
        sheddable = event.get("kind") in _SHEDDABLE
        ticket = self._writer.append(_encode(event).encode(), sheddable=sheddable, replaces=(epoch, sequence))
        return ticket.wait()

    def discard_set_aside(self, epoch: str, sequence: int) -> bool:
        """Forget an event set aside for good; give whether there was one."""
        found: list[bool] = []

        def drop(store: Store) -> int:
            found.append(store.drop_aside(epoch, sequence))
            # Nothing that waits for delivery has left.
            return 0

        self._writer.act(drop)
        return found[-1]

    def figures(self) -> OutboxFigures:
        """How it stands now."""
        with self._guarded() as reader:
            ledger = self._ledger
            return OutboxFigures(
                epoch=ledger.epoch,
                last_sequence=ledger.last_sequence,
                backlog=ledger.backlog,
                bytes_used=reader.bytes_used(),
                max_bytes=self._quota.max_bytes,
                oldest_stored_at=reader.oldest_stored_at(),
                set_aside=reader.count_set_aside(),
                set_aside_bytes=reader.bytes_set_aside(),
                shed=self._shed_before + ledger.shed,
                refused=ledger.refused,
                full=ledger.full,
            )

    def reading(self) -> contextlib.AbstractContextManager[Store]:
        """The file to look at, while nobody else looks."""
        return self._guarded()

    def alarms(self) -> list[Alarm]:
        """What a person must know of, oldest first."""
        with self._guarded() as reader:
            return reader.alarms()

    def events_set_aside(self) -> list[SetAside]:
        """The events set aside, oldest first."""
        with self._guarded() as reader:
            return reader.set_aside()

    def events_shed(self) -> list[Shed]:
        """The tag events given up, oldest first."""
        with self._guarded() as reader:
            return reader.shed()

    def close(self) -> None:
        """Commit what is queued and leave the directory to the next process."""
        self._writer.close()
        with self._reading:
            self._reader.close()
        os.close(self._lock)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[Store]:
        with self._reading:
            try:
                yield self._reader
            except sqlite3.DatabaseError as error:
                if not isinstance(error, sqlite3.OperationalError):
                    self._writer.broken.set()
                raise OutboxBroken(f"Outbox file cannot be read: {error}.") from error


def _start(
    directory: Path, quota: Quota, clock: Callable[[], float], clock_suspect: bool | None
) -> tuple[Writer, Ledger]:
    store = open_or_recover(directory / FILE_NAME, clock())
    committer = Committer(store, directory, quota, clock)
    last = store.last_epoch()
    ledger = Ledger(number=last[0] + 1 if last else 1, epoch=os.urandom(8).hex(), backlog=store.count())
    started = Event(
        sequence=0,
        kind=EventKind.GATEWAY_STARTED,
        observed_at=datetime.fromtimestamp(clock(), UTC),
        clock_suspect=clock_suspect,
        previous_epoch=last[1] if last else None,
        previous_last_sequence=last[2] if last else None,
    )
    opening = Ticket(_body(started), Group(), sheddable=False)
    committer.begin(ledger, opening)
    writer = Writer(committer)
    writer.open_with(opening)
    return writer, ledger


def _body(event: Event) -> bytes:
    fields = event.as_json()
    del fields["sequence"]
    return _encode(fields).encode()


def _lock(directory: Path) -> int:
    """Own the directory as long as the process lives; the kernel frees it whatever way the process ends."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / "gateway.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise OutboxError(
            f"Data directory {directory} cannot be used ({error.strerror}). "
            "Create it for the gateway's user, or set gateway.data_dir."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise OutboxInUse(
            f"Data directory {directory} is used by another gateway process. Stop that one first."
        ) from error
    return descriptor
