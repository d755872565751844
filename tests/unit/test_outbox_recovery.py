"""A damaged file is kept, said aloud, and emptied of what can still be read."""

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.outbox import Outbox, OutboxBroken, OutboxError, Quota
from gateway.outbox.store import Store
from orderlight.events import Event, EventKind

QUOTA = Quota(min_free_bytes=0, ballast_bytes=0)
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def scan(code: str = "OLU0011I") -> Event:
    return Event(sequence=0, kind=EventKind.CODE_SCANNED, observed_at=AT, reader="scanner-1", code=code)


def make(directory: Path, count: int) -> str:
    box = Outbox.open(directory, QUOTA)
    for ticket in [box.append(scan("c" * 200)) for _ in range(count)]:
        ticket.wait(5)
    box.close()
    return box.epoch


def damage(path: Path, offset: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(os.urandom(length))


def test_a_damaged_page_costs_its_own_events_and_no_others(tmp_path: Path) -> None:
    epoch = make(tmp_path, 2000)
    damage(tmp_path / "outbox.db", 4096 * 60, 4096)

    box = Outbox.open(tmp_path, QUOTA)
    salvaged = box.figures().backlog - 1
    parcel = box.oldest(500, 512 * 1024)
    alarms = box.alarms()
    box.close()

    assert 1900 <= salvaged < 2001
    assert parcel is not None
    assert parcel.epoch == epoch
    assert len(alarms) == 1
    assert f"{salvaged} waiting events" in alarms[0].sentence
    assert len(list(tmp_path.glob("outbox-damaged-*.db"))) == 1


def test_salvaged_events_can_be_delivered_and_forgotten(tmp_path: Path) -> None:
    epoch = make(tmp_path, 2000)
    damage(tmp_path / "outbox.db", 4096 * 60, 4096)
    box = Outbox.open(tmp_path, QUOTA)

    parcel = box.oldest(10, 512 * 1024)
    assert parcel is not None
    gone = box.delete(epoch, parcel.sequences)
    box.close()

    assert gone == 10


def test_a_file_that_is_no_database_is_kept_and_alarmed(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"this is not a database" * 1000)

    box = Outbox.open(tmp_path, QUOTA)
    alarms = box.alarms()
    box.close()

    kept = list(tmp_path.glob("outbox-damaged-*.db"))
    assert kept[0].read_bytes().startswith(b"this is not")
    assert "0 waiting events" in alarms[0].sentence


def test_the_alarm_stays_over_restarts(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"this is not a database" * 1000)
    Outbox.open(tmp_path, QUOTA).close()

    box = Outbox.open(tmp_path, QUOTA)
    alarms = box.alarms()
    box.close()

    assert len(alarms) == 1


def test_damage_found_while_running_stops_promises_and_asks_for_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Outbox.open(tmp_path, QUOTA)

    def damaged(*_: object) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    monkeypatch.setattr(Store, "insert", damaged)

    with pytest.raises(OutboxBroken, match="Restart the gateway"):
        box.append(scan()).wait(5)
    with pytest.raises(OutboxBroken):
        box.append(scan())
    assert box.broken.is_set()
    box.close()


def test_a_directory_in_place_of_the_file_is_a_fault_in_words(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").mkdir()

    with pytest.raises(OutboxError, match="cannot be opened"):
        Outbox.open(tmp_path, QUOTA)
