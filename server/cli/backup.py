"""Backups: which way depends on the database."""

from pathlib import Path

from server.cli import backup_postgres, backup_sqlite
from server.cli.context import CommandFailed, sqlite_path
from server.settings import Settings


def backup_database(settings: Settings, target: Path) -> int:
    """Write the database into a new file and return its size in bytes; raises CommandFailed."""
    if target.exists():
        raise CommandFailed(f"{target} is there already. Choose another name; a backup never overwrites one.")
    if not target.absolute().parent.is_dir():
        raise CommandFailed(f"The folder {target.absolute().parent} is not there. Make it first.")
    # Made under another name first, so that whatever bears the name is whole; its owner alone may read it.
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        if settings.database_url.startswith("sqlite"):
            backup_sqlite.backup(sqlite_path(settings), unfinished)
        else:
            backup_postgres.backup(settings.database_url, unfinished)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def restore_database(settings: Settings, source: Path, *, force: bool) -> str | None:
    """Replace the database by a backup; returns the name under which the one before is kept, if it held anything."""
    if not source.is_file():
        raise CommandFailed(f"There is no backup at {source}.")
    if settings.database_url.startswith("sqlite"):
        return backup_sqlite.restore(source, sqlite_path(settings), force=force)
    return backup_postgres.restore(source, settings.database_url, force=force)
