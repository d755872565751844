"""The edge that owns every transaction keeps the same promises on SQLite and PostgreSQL."""

from concurrent.futures import wait

import pytest
from sqlalchemy import select
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
