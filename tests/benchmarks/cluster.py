"""Databases in a private PostgreSQL cluster."""

import time

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from simulators.services import Postgres

LISTEN_SECONDS = 20


def create_databases(cluster: Postgres, *names: str) -> None:
    """Create those that a kept cluster does not have yet."""
    engine = create_engine(cluster.url(), isolation_level="AUTOCOMMIT")
    _wait_for(engine)
    with engine.connect() as connection:
        present = set(connection.scalars(text("SELECT datname FROM pg_database")))
        for name in names:
            if name not in present:
                connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()


def _wait_for(engine: Engine) -> None:
    """A new cluster listens a moment before it lets anybody in."""
    deadline = time.monotonic() + LISTEN_SECONDS
    while True:
        try:
            engine.connect().close()
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
