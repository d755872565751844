"""A seeded factory, copied for each test, and a count of the statements that a piece of work sends to the database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event

from server.db import Database
from server.erp.seed import DemoWorld


@pytest.fixture(scope="session")
def sqlite_template(seeded_sqlite: tuple[Path, DemoWorld]) -> Path:
    """Tests in this folder begin with the demo factory."""
    return seeded_sqlite[0]


@pytest.fixture(scope="session")
def postgres_template(seeded_postgres: tuple[str, DemoWorld]) -> str:
    """Tests in this folder begin with the demo factory."""
    return seeded_postgres[0]


@pytest.fixture
def world(database: Database, request: pytest.FixtureRequest) -> DemoWorld:
    """The demo factory that stands in the database: made once for each engine, with the same ids in every copy."""
    name = "seeded_sqlite" if database.is_sqlite else "seeded_postgres"
    made: DemoWorld = request.getfixturevalue(name)[1]
    return made


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
