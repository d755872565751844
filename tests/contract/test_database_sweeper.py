"""What a piece of work leaves over is freed by another thread, and never before its time."""

import gc
import threading
import weakref

import pytest
from sqlalchemy.orm import Session

from server.db import Database
from server.db.sweeper import Sweeper, leave_over


class Thing:
    """Something that tells which thread frees it."""

    def __init__(self, freed_by: list[str]) -> None:
        self._freed_by = freed_by

    def __del__(self) -> None:
        self._freed_by.append(threading.current_thread().name)


def test_what_is_left_over_lives_as_long_as_the_work_and_is_gone_after_it(database: Database) -> None:
    freed_by: list[str] = []
    seen: list[bool] = []

    def work(session: Session) -> None:
        thing = Thing(freed_by)
        known = weakref.ref(thing)
        leave_over(session, thing)
        del thing
        seen.append(known() is not None)

    database.write(work)
    database.close()

    assert seen == [True]
    assert len(freed_by) == 1
    assert not database.is_sqlite or freed_by == ["database-sweeper"]


def test_what_failed_work_has_left_over_is_freed_too(database: Database) -> None:
    freed_by: list[str] = []

    def work(session: Session) -> None:
        leave_over(session, Thing(freed_by))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write(work)
    database.close()
    # An exception and the frames that it came through hold each other.
    gc.collect()

    assert len(freed_by) == 1


def test_a_sweeper_that_was_never_needed_is_closed_without_a_thread() -> None:
    sweeper, there = Sweeper(), set(threading.enumerate())

    sweeper.take([])

    assert set(threading.enumerate()) <= there
    sweeper.close()


def test_the_list_that_a_sweeper_was_given_is_emptied() -> None:
    sweeper, things = Sweeper(), [1, 2]

    sweeper.take(things)
    sweeper.close()

    assert things == []
