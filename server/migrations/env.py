"""Runs the migrations on the engine that `server.migrations` hands in."""

from alembic import context
from sqlalchemy import Engine

from server.migrations.models import metadata


def run() -> None:
    """Apply the migrations in one transaction, with batch mode so that SQLite can alter tables."""
    engine: Engine = context.config.attributes["engine"]
    with engine.connect().execution_options(sqlite_writes=True) as connection, connection.begin():
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


run()
