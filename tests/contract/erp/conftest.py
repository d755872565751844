"""A seeded factory, copied for each test, and a count of the statements that a piece of work sends to the database."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count as numbers
from pathlib import Path

import httpx
import pytest

from orderlight.events import Answer, Batch, Event
from server.db import Database
from server.erp.seed import DemoWorld
from server.ingest.accept import accept
from server.ingest.door import Door
from server.settings.clock import utc_now


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
def planner(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who plans: he may write orders, release them, and keep the catalog."""
    return signed_in("planner")


@pytest.fixture
def manager(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who may do nearly everything."""
    return signed_in("manager")


@pytest.fixture
def scan(database: Database) -> Callable[[str, str], Answer]:
    """`scan("U-1000", "cut-1")` is the answer to a gateway's scan at that read point."""
    sequences, begun = numbers(1), utc_now()

    def scan_at(code: str, at: str) -> Answer:
        sequence = next(sequences)
        told = {"sequence": sequence, "kind": "code_scanned", "read_point": at, "code": code}
        # Some seconds lie between two scans, or they would be one; each is later than what the office did before it.
        event = Event.parse(told | {"observed_at": (begun + timedelta(seconds=3 * sequence)).isoformat()})
        batch = Batch("gw", "00000000000000bb", (event,), ())
        door = Door(actor="gateway:gw")
        return database.write(lambda session: accept(session, batch, door=door, now=utc_now()).results[0])

    return scan_at
