"""PostgreSQL: pg_dump and pg_restore in the custom format; the password travels in the environment alone."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, make_url, text

from server.cli.context import CommandFailed
from server.db.engine import make_engine

_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'"
)
_TABLES = text("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")

_EXTENSIONS = text(
    "SELECT extname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE nspname = :schema"
)


def backup(url: str, target: Path) -> None:
    """Dump the database into one file; raises CommandFailed."""
    _run(url, "pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"])
    # A dump that pg_restore can list is whole up to its table of contents, which is written last.
    _run(url, "pg_restore", ["--list", str(target)], connects=False)


def restore(source: Path, url: str, *, force: bool) -> str | None:
    """Load the dump into the schema `public`; what was there is kept as another schema."""
    _run(url, "pg_restore", ["--list", str(source)], connects=False)
    engine = make_engine(url, pool_size=1)
    try:
        kept = _make_room(engine, force=force)
        try:
            _run(url, "pg_restore", ["--no-owner", "--no-privileges", "--single-transaction", str(source)])
        except CommandFailed:
            if kept is not None:
                _put_back(engine, kept)
            raise
    finally:
        engine.dispose()
    return f"schema {kept}" if kept is not None else None


def _make_room(engine: Engine, *, force: bool) -> str | None:
    with engine.begin() as connection:
        if connection.execute(_OTHERS).scalar_one():
            raise CommandFailed("Other programs are connected to the database. Stop the server first.")
        if not connection.execute(_TABLES).scalar_one():
            # The dump of a newer PostgreSQL creates the schema itself; an empty one is in its way.
            return None
        if not force:
            raise CommandFailed(
                "The database holds tables. Add --force to replace them; they are then kept as another schema."
            )
        kept = f"before_restore_{datetime.now(UTC):%Y%m%dt%H%M%S}"
        connection.execute(text(f"ALTER SCHEMA public RENAME TO {kept}"))
        connection.execute(text("CREATE SCHEMA public"))
        _move_extensions(connection, kept, "public")
    return kept


def _put_back(engine: Engine, kept: str) -> None:
    with engine.begin() as connection:
        _move_extensions(connection, "public", kept)
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text(f"ALTER SCHEMA {kept} RENAME TO public"))


def _move_extensions(connection: Connection, schema: str, target: str) -> None:
    """A dump names extensions where it found them; the tables that stay behind find them wherever they are."""
    for name in connection.scalars(_EXTENSIONS, {"schema": schema}).all():
        connection.execute(text(f'ALTER EXTENSION "{name}" SET SCHEMA {target}'))


def _run(url: str, program: str, arguments: list[str], *, connects: bool = True) -> None:
    if shutil.which(program) is None:
        raise CommandFailed(f"{program} is not installed. On Debian: apt-get install postgresql-client")
    parts = make_url(url)
    environment = dict(os.environ)
    if parts.password:
        environment["PGPASSWORD"] = str(parts.password)
    address = parts.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    where = [f"--dbname={address}"] if connects else []
    ended = subprocess.run([program, *where, *arguments], env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        reason = ended.stderr.strip().splitlines()
        raise CommandFailed(f"{program} failed: {reason[0] if reason else f'exit code {ended.returncode}'}")
