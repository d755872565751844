"""A seeded factory, and a count of the statements that a piece of work sends to the database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest
from sqlalchemy import event

from server.db import Database
from server.erp.seed import DemoWorld, seed_demo
from server.settings.clock import utc_now


@pytest.fixture
def world(database: Database) -> DemoWorld:
    """The demo factory with its dozen orders."""
    return database.write(lambda session: seed_demo(session, utc_now()))


@pytest.fixture
def counted(database: Database) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with counted() as statements:` collects every statement sent meanwhile."""

    @contextmanager
    def count() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return count


@pytest.fixture
def planner(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who plans: he may write orders, release them, and keep the catalog."""
    return signed_in("planner")


@pytest.fixture
def manager(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who may do nearly everything."""
    return signed_in("manager")
