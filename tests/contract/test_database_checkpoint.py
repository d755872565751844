"""The write-ahead log of SQLite is copied back beside the writer, and what was left to the next work stays."""

import logging
import threading
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.db import Database, checkpoint
from server.db.checkpoint import Checkpointer
from server.db.handover import leave, take_over


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the log was copied."""
    done = threading.Event()
    copy = Checkpointer._copy

    def noted(self: Checkpointer) -> None:
        try:
            copy(self)
        finally:
            done.set()

    monkeypatch.setattr(Checkpointer, "_copy", noted)
    monkeypatch.setattr(checkpoint, "ROWS", 100)
    return done


def fill(session: Session, count: int) -> None:
    rows = [{"name": f"{count}-{place}"} for place in range(count)]
    session.execute(text("INSERT INTO counter (name, value) VALUES (:name, 1)"), rows)
    leave(session, take_over(session) or "left")


def frames(database: Database) -> tuple[int, int]:
    """How many frames the log has, and how many of them are copied."""
    with database.engine.raw_connection().driver_connection as connection:
        # Asked of a log that holds nothing new, this copies nothing and counts.
        _, inside, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return inside, copied


def test_a_log_that_has_grown_is_copied_back(sqlite_database: Database, copied: threading.Event) -> None:
    sqlite_database.write(lambda session: fill(session, 50))
    assert not copied.is_set()

    sqlite_database.write(lambda session: fill(session, 60))

    assert copied.wait(10)
    inside, back = frames(sqlite_database)
    assert inside == back > 0


def test_copying_does_not_end_what_was_left_to_the_next_work(
    sqlite_database: Database, copied: threading.Event
) -> None:
    sqlite_database.write(lambda session: fill(session, 200))
    assert copied.wait(10)

    assert sqlite_database.write(take_over) == "left"


def test_when_it_cannot_be_copied_the_log_says_so_and_writing_goes_on(
    sqlite_database: Database, copied: threading.Event, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    sqlite_database.write(lambda session: fill(session, 1))

    def refuse() -> None:
        raise sqlite_database.engine.dialect.loaded_dbapi.OperationalError("disk I/O error")

    monkeypatch.setattr(sqlite_database.engine, "raw_connection", refuse)
    with caplog.at_level(logging.ERROR):
        sqlite_database.write(lambda session: fill(session, 200))
        assert copied.wait(10)
        sqlite_database.close()

    assert "the writer will do it" in caplog.text
