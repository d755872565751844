"""What one piece of the writer's work leaves to the next: it holds only while nobody else writes."""

import sqlite3
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.db import Database
from server.db.counters import take
from server.db.handover import is_kept, leave, take_over


def hand_on(database: Database, value: Any) -> Any:
    """Work that takes over what it finds and leaves something else; returns what it found."""

    def work(session: Session) -> Any:
        found = take_over(session)
        leave(session, value)
        return found

    return database.write(work)


def number(session: Session) -> int:
    """Work that knows nothing of what was left."""
    return take(session, "SO")


def fail(session: Session) -> None:
    leave(session, "half")
    raise ValueError("no")


def test_work_finds_what_the_work_before_it_left(sqlite_database: Database) -> None:
    assert hand_on(sqlite_database, "one") is None
    assert hand_on(sqlite_database, "two") == "one"
    assert hand_on(sqlite_database, "three") == "two"


def test_what_is_not_left_anew_is_gone(sqlite_database: Database) -> None:
    hand_on(sqlite_database, "one")

    sqlite_database.write(take_over)

    assert hand_on(sqlite_database, "two") is None


def test_work_that_knows_nothing_of_it_ends_it(sqlite_database: Database) -> None:
    hand_on(sqlite_database, "one")

    sqlite_database.write(number)

    assert hand_on(sqlite_database, "two") is None


@dataclass(frozen=True)
class Refusal(Exception):
    """As forms raise it: nothing can be set on it, not even where it came through."""

    words: str


def test_an_exception_reaches_whoever_asked_as_it_was_raised(sqlite_database: Database) -> None:
    def refuse(_session: Session) -> None:
        raise Refusal("stale")

    with pytest.raises(Refusal, match="stale"):
        sqlite_database.write(refuse)


def test_work_that_fails_ends_it_alone_and_beside_others(sqlite_database: Database) -> None:
    hand_on(sqlite_database, "one")
    with pytest.raises(ValueError, match="no"):
        sqlite_database.write(fail)
    assert hand_on(sqlite_database, "two") is None

    # Beside others it is undone alone, and what was left before it is not to be relied upon either.
    queued: list[Future[Any]] = []

    def queue(_session: Session) -> None:
        queued.extend([sqlite_database.submit(fail), sqlite_database.submit(take_over)])

    sqlite_database.write(queue)
    assert isinstance(queued[0].exception(timeout=10), ValueError)
    assert queued[1].result(timeout=10) is None


def test_a_transaction_that_does_not_come_about_ends_it(sqlite_database: Database) -> None:
    hand_on(sqlite_database, "one")

    def dangle(session: Session) -> None:
        leave(session, "two")
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.execute(text("INSERT INTO identifier (scheme, value, unit_id, active) VALUES ('code', 'x', 99, true)"))

    with pytest.raises(IntegrityError):
        sqlite_database.write(dangle)

    assert hand_on(sqlite_database, "three") is None


def test_what_another_process_writes_ends_it(sqlite_database: Database) -> None:
    hand_on(sqlite_database, "one")
    with sqlite3.connect(sqlite_database.url.removeprefix("sqlite:///")) as other:
        other.execute("INSERT INTO counter (name, value) VALUES ('elsewhere', 1)")
    other.close()

    assert hand_on(sqlite_database, "two") is None
    assert hand_on(sqlite_database, "three") == "two"


def test_whoever_only_reads_ends_nothing(sqlite_database: Database) -> None:
    hand_on(sqlite_database, "one")
    with sqlite_database.read() as session:
        session.execute(text("SELECT count(*) FROM counter"))

    assert hand_on(sqlite_database, "two") == "one"


@pytest.mark.postgres
def test_where_many_write_nothing_is_left(postgres_url: str) -> None:
    database = Database(postgres_url)
    with closing(database):
        assert hand_on(database, "one") is None
        assert hand_on(database, "two") is None
        assert database.write(is_kept) is False
