"""orderlight-server serve."""

import argparse
import dataclasses
import logging
import signal
import socket
import time

from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from server.app import create_app
from server.app.logs import configure
from server.app.serve import make_server
from server.auth import repository
from server.cli.context import CommandFailed, make_folder, open_database, sqlite_path
from server.db import Database
from server.migrations import pending, upgrade
from server.settings import Settings

log = logging.getLogger("server")

#: A database that starts at the same time as we do gets this long.
DATABASE_SECONDS = 30.0


def serve(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run the server; returns when it was told to stop."""
    settings = dataclasses.replace(
        settings, host=arguments.host or settings.host, port=settings.port if arguments.port is None else arguments.port
    )
    configure(settings)
    make_folder(settings.data_dir)
    _check_port(settings)
    with open_database(settings, migrated=False) as database:
        _wait_for(database)
        _prepare(database, settings)
        app = create_app(settings, database)
        log.info("Orderlight serves %s", settings.base_url)
        server = make_server(app, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        server.run()
        return 0 if server.started else 1


def _stop(_number: int, _frame: object) -> None:
    # uvicorn stops in good order first and then raises the signal again; to be told to stop is no failure.
    raise SystemExit(0)


def _check_port(settings: Settings) -> None:
    if settings.port == 0:
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CommandFailed(
                f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}. "
                "Stop the other program, or set ORDERLIGHT_PORT to a free one."
            ) from error


def _wait_for(database: Database) -> None:
    deadline = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            database.engine.connect().close()
        except OperationalError as error:
            if database.is_sqlite or time.monotonic() > deadline:
                raise
            reason = str(error.orig).strip().splitlines()[0]
            log.info("The database is not there yet: %s. Trying again.", reason)
            time.sleep(1)
        else:
            return


def _prepare(database: Database, settings: Settings) -> None:
    """A first start on SQLite makes its own database; everything else is the administrator's decision."""
    if database.is_sqlite and not inspect(database.engine).has_table("alembic_version"):
        upgrade(database.engine)
        log.info("Made a new database at %s", sqlite_path(settings))
    if pending(database.engine):
        raise CommandFailed("The database is not at this program's version. Run: orderlight-server migrate")
    with database.read() as session:
        if repository.count_active_admins(session) == 0:
            log.warning("There is no administrator yet. Run: orderlight-server init")
