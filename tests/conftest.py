"""Fixtures that every tier may use: private servers and a fresh database on each engine."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from server.db import Database
from server.migrations import upgrade
from simulators.services import Postgres, private_mosquitto, private_postgres

HERE = Path(__file__).resolve().parent
_numbers = itertools.count(1)

# How long one example takes says how busy the machine is, nothing about the code.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


#: Half of a database test is copying its database; memory does that ten times faster than a disk.
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 4 * 2**30

#: Tests that drive browsers and processes in real time.
TIMED = ("e2e", "integration", "faults")


def pytest_configure() -> None:
    """Keep what tests write in memory where there is room, unless TMPDIR names a place; processes inherit it."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs in real time gets a second try, told at the end of the run, for a busy machine may starve it once.

    It also comes first: few slow tests a file would leave one core without work at the end.
    """
    timed = [item for item in items if item.path.relative_to(HERE).parts[0] in TIMED]
    for item in timed:
        item.add_marker(pytest.mark.flaky(reruns=1))
    first = set(timed)
    items[:] = timed + [item for item in items if item not in first]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL cluster for the whole run of one worker."""
    with private_postgres(fsync=False) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """A migrated database that tests copy, which is much faster than migrating each time."""
    _execute(postgres, "CREATE DATABASE template_orderlight")
    database = Database(postgres.url("template_orderlight"))
    upgrade(database.engine)
    database.close()
    return "template_orderlight"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    path = tmp_path_factory.mktemp("template") / "orderlight.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    database.close()
    return path


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[int]:
    """The port of a private MQTT broker."""
    with private_mosquitto() as port:
        yield port


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite database."""
    path = tmp_path / "orderlight.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    name = f"test_{next(_numbers)}"
    _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {postgres_template} STRATEGY file_copy")
    yield postgres.url(name)
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database on each engine in turn: what holds on one must hold on the other."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open `Database` on each engine in turn."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """An open `Database` on SQLite alone, for tests whose subject is not the engine."""
    database = Database(sqlite_url)
    yield database
    database.close()


def _execute(postgres: Postgres, statement: str) -> None:
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
