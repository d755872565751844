"""orderlight-server import, backup, restore."""

import argparse
import importlib
from typing import Any

from sqlalchemy.orm import Session

from server.cli.backup import backup_database, restore_database
from server.cli.context import CommandFailed, open_database
from server.settings import Settings


def import_file(arguments: argparse.Namespace, settings: Settings) -> int:
    """Read a CSV file into the database, or say what would happen."""
    try:
        text = arguments.file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandFailed(f"Failed to read {arguments.file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{arguments.file} is not UTF-8 (byte {error.start}). Save it as CSV UTF-8.") from error
    import_csv = importlib.import_module("server.erp.imports").import_csv

    def work(session: Session) -> Any:
        return import_csv(session, arguments.kind, text, arguments.dry_run)

    with open_database(settings) as database:
        print(database.write(work))
    return 0


def backup(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write a backup that was checked to be whole."""
    size = backup_database(settings, arguments.file)
    print(f"Backed up to {arguments.file}, {size / 1_000_000:.1f} MB, checked.")
    return 0


def restore(arguments: argparse.Namespace, settings: Settings) -> int:
    """Put a backup in the place of the database."""
    kept = restore_database(settings, arguments.file, force=arguments.force)
    print(f"Restored from {arguments.file}." + (f" The database before is kept as {kept}." if kept else ""))
    return 0
