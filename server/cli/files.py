"""orderlight-server import, backup, restore."""

import argparse
import sys

from sqlalchemy.orm import Session

from server.cli.backup import backup_database, restore_database
from server.cli.context import ACTOR, CommandFailed, open_database
from server.erp.imports import ImportReport, import_csv
from server.settings import Settings
from server.settings.clock import utc_now


def import_file(arguments: argparse.Namespace, settings: Settings) -> int:
    """Read a CSV file into the database, or say what would happen."""
    try:
        text = arguments.file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandFailed(f"Failed to read {arguments.file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{arguments.file} is not UTF-8 (byte {error.start}). Save it as CSV UTF-8.") from error

    def work(session: Session) -> ImportReport:
        return import_csv(session, arguments.kind, text, dry_run=arguments.dry_run, actor=ACTOR, now=utc_now())

    with open_database(settings) as database:
        report = database.write(work)
    return _tell(report)


def _tell(report: ImportReport) -> int:
    for error in report.errors:
        place = f"line {error.line}" + (f", {error.column}" if error.column else "")
        print(f"{place}: {error.message}", file=sys.stderr)
    if report.errors:
        print(f"Nothing was imported. Mistakes: {len(report.errors)}.", file=sys.stderr)
        return 1
    for remark in report.remarks:
        print(f"line {remark.line}: {remark.message}", file=sys.stderr)
    verb = "would be " if report.dry_run else ""
    print(
        f"{report.rows} rows: {report.created} {report.kind} {verb}created, {report.updated} {verb}updated, "
        f"{report.unchanged} unchanged."
    )
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
