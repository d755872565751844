"""Joint work: what several callers ask for at one time is done in one go, and each gets what became of his own."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import Database, touch
from server.db.counters import Counter, take


class Held:
    """A writer that is kept busy while a test queues its work."""

    def __init__(self, database: Database) -> None:
        self._go_on = threading.Event()
        held = threading.Event()

        def hold(_session: Session, arguments: Sequence[int]) -> Sequence[int]:
            held.set()
            assert self._go_on.wait(10)
            return arguments

        self._future = database.submit_jointly(hold, 0)
        assert held.wait(10)

    def let_go(self, queued: Sequence[Future[int]]) -> list[int | str]:
        """What became of the queued work: its result, or the words of its exception."""
        self._go_on.set()
        self._future.result(timeout=10)
        found: list[int | str] = []
        for future in queued:
            error = future.exception(timeout=10)
            found.append(future.result() if error is None else str(error))
        return found


def value_of(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(Counter.value).where(Counter.name == "SO")) or 0


def test_what_waits_together_is_done_in_one_call_and_each_gets_his_own_result(database: Database) -> None:
    calls: list[list[int]] = []

    def number(session: Session, arguments: Sequence[int]) -> list[int]:
        calls.append(list(arguments))
        first = take(session, "SO", len(arguments))
        return [first + place for place in range(len(arguments))]

    held = Held(database)
    numbers = held.let_go([database.submit_jointly(number, place) for place in range(5)])

    assert calls == [[0, 1, 2, 3, 4]]
    assert numbers == [1000, 1001, 1002, 1003, 1004]


def test_a_result_that_is_an_exception_is_its_callers_alone(database: Database) -> None:
    def number(session: Session, arguments: Sequence[int]) -> list[int | BaseException]:
        touch(session, "board")
        return [ValueError(f"not {each}") if each == 2 else take(session, "SO") for each in arguments]

    woken: list[dict[str, int]] = []
    database.on_commit(lambda versions: woken.append(dict(versions)))
    held = Held(database)
    numbers = held.let_go([database.submit_jointly(number, place) for place in range(4)])

    assert numbers == [1000, 1001, "not 2", 1002]
    assert woken == [{"board": 1}]
    assert value_of(database) == 1002


def test_when_the_call_for_all_fails_each_is_tried_alone(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def number(session: Session, arguments: Sequence[int]) -> list[int]:
        found = [take(session, "SO") for _ in arguments]
        if 2 in arguments:
            raise ValueError("no")
        return found

    held = Held(database)
    numbers = held.let_go([database.submit_jointly(number, place) for place in range(4)])

    # What was taken in the call that failed was given back.
    assert sorted(map(str, numbers)) == ["1000", "1001", "1002", "no"]
    assert value_of(database) == 1002
    assert "Joint work of 4 failed" in caplog.text


def test_joint_work_that_fails_takes_nothing_of_what_stands_beside_it(database: Database) -> None:
    def number(session: Session, arguments: Sequence[int]) -> list[int]:
        take(session, "SO", 10 * len(arguments))
        raise ValueError("no")

    held = Held(database)
    numbers = held.let_go([
        database.submit_jointly(number, 1),
        database.submit(lambda session: take(session, "SO")),
        database.submit_jointly(number, 2),
    ])  # fmt: skip

    assert numbers == ["no", 1000, "no"]
    assert value_of(database) == 1000


def test_a_share_alone_that_gives_an_exception_leaves_nothing_behind(database: Database) -> None:
    def refuse(session: Session, arguments: Sequence[int]) -> list[BaseException]:
        take(session, "SO")
        return [ValueError("no") for _ in arguments]

    with pytest.raises(ValueError, match="no"):
        database.submit_jointly(refuse, 1).result(timeout=10)

    assert value_of(database) == 0


def test_after_a_crowd_one_who_comes_alone_is_not_kept_waiting_for_the_others(database: Database) -> None:
    # Given a group of five
    held = Held(database)
    held.let_go([database.submit_jointly(_count, place) for place in range(5)])

    # When one comes back alone
    alone = database.submit_jointly(_count, 1)

    assert alone.result(timeout=10) == 1


def _count(_session: Session, arguments: Sequence[int]) -> Sequence[int]:
    return [len(arguments) for _ in arguments]
