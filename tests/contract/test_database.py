"""The edge that owns every transaction keeps the same promises on SQLite and PostgreSQL."""

import threading
from collections.abc import Mapping
from concurrent.futures import wait

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from server.db import Database, touch
from server.db.counters import Counter, take


def test_a_write_is_visible_to_readers_once_it_returns(database: Database) -> None:
    database.write(lambda session: take(session, "SO"))

    with database.read() as session:
        assert session.scalar(select(Counter.value).where(Counter.name == "SO")) == 1000


def test_work_that_raises_leaves_nothing_behind_and_raises_to_its_caller(database: Database) -> None:
    def fail(session: Session) -> None:
        take(session, "SO")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write(fail)

    with database.read() as session:
        assert session.scalar(select(Counter.value).where(Counter.name == "SO")) is None


def test_one_failure_in_a_group_does_not_touch_its_neighbours(database: Database) -> None:
    database.write(lambda session: take(session, "SO"))

    def fail(session: Session) -> int:
        take(session, "SO")
        raise ValueError("no")

    futures = [database.submit(fail if n % 3 == 0 else lambda session: take(session, "SO")) for n in range(30)]
    wait(futures)

    assert sorted(f.result() for f in futures if f.exception() is None) == list(range(1001, 1021))


def test_topics_rise_in_the_transaction_and_wake_after_it(database: Database) -> None:
    woken: list[dict[str, int]] = []
    database.on_commit(lambda versions: woken.append(dict(versions)))

    database.write(lambda session: touch(session, "order:SO-1000", "board"))
    database.write(lambda session: touch(session, "board"))

    assert woken == [{"board": 1, "order:SO-1000": 1}, {"board": 2}]


def test_work_that_its_caller_gave_up_on_does_not_stop_the_writer(database: Database) -> None:
    held, go_on = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        held.set()
        assert go_on.wait(10)

    slow = database.submit(hold)
    assert held.wait(10)
    queued = [database.submit(lambda session: take(session, "SO")) for _ in range(20)]
    slow.cancel()
    cancelled = [future.cancel() for future in queued]
    go_on.set()

    wait([slow, *queued], timeout=10)
    following = database.submit(lambda session: take(session, "SO")).result(timeout=10)

    # On PostgreSQL some may have begun on other threads; whatever was given up in time was never done.
    assert following == 1000 + cancelled.count(False)
    assert any(cancelled)


def test_a_transaction_that_cannot_begin_fails_its_work_and_leaves_nobody_waiting(database: Database) -> None:
    def refuse(_connection: Connection) -> None:
        raise RuntimeError("the disk is full")

    event.listen(database.engine, "begin", refuse)
    refused = [database.submit(lambda session: take(session, "SO")) for _ in range(3)]
    wait(refused, timeout=10)
    event.remove(database.engine, "begin", refuse)

    assert [str(future.exception(timeout=0)) for future in refused] == ["the disk is full"] * 3
    assert database.submit(lambda session: take(session, "SO")).result(timeout=10) == 1000


def test_a_listener_that_fails_takes_no_answer_away_and_stops_nobody(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[dict[str, int]] = []

    def fail(_versions: Mapping[str, int]) -> None:
        raise RuntimeError("no")

    database.on_commit(fail)
    database.on_commit(lambda versions: heard.append(dict(versions)))

    def change(session: Session) -> int:
        touch(session, "board")
        return take(session, "SO")

    numbers = [database.submit(change).result(timeout=10) for _ in range(2)]

    assert numbers == [1000, 1001]
    assert heard == [{"board": 1}, {"board": 2}]
    assert "A listener of commits failed." in caplog.text
