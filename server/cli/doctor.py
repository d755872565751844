"""orderlight-server doctor: looks at what a running server needs, and names the cure of each fault."""

import argparse
import os
import shutil
import socket
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from server.auth import repository
from server.cli.context import sqlite_path
from server.db import Database
from server.migrations import pending
from server.settings import SETTINGS, Settings

#: A clock before the day this was written was never set.
BORN = datetime(2026, 11, 1, tzinfo=UTC)
#: Other programs of this house read these; everything else must be a setting.
_OTHER_NAMES = ("ORDERLIGHT_GATEWAY_", "ORDERLIGHT_SERVER_URL", "ORDERLIGHT_CONFIG", "ORDERLIGHT_SIM_")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A warning does not fail the visit."""

    what: str
    say: str
    fix: str | None = None
    is_warning: bool = False

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to do."""
        return self.fix is None


def doctor(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Print every finding; 1 when something must be repaired."""
    findings = list(examine(settings))
    for finding in findings:
        mark = "ok  " if finding.is_good else "warn" if finding.is_warning else "FAIL"
        print(f"{mark}  {finding.what}: {finding.say}" + (f" -> {finding.fix}" if finding.fix else ""))
    return int(any(not finding.is_good and not finding.is_warning for finding in findings))


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, in the order in which they should be repaired."""
    looks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _environment, _data_folder, _disk, _database, _clock, _public_url, _port, _programs
    )  # fmt: skip
    for look in looks:
        yield from look(settings)


def _environment(_settings: Settings) -> Iterator[Finding]:
    known = {name for setting in SETTINGS for name in (setting.environment, f"{setting.environment}_FILE")}
    for name in sorted(os.environ):
        if name.startswith("ORDERLIGHT_") and name not in known and not name.startswith(_OTHER_NAMES):
            yield Finding("environment", f"{name} is no setting of the server.", "correct its spelling", True)


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        fix = f"give this user the right to write there (chown $(id -u) {folder}), or set ORDERLIGHT_DATA_DIR"
        yield Finding("data folder", f"{folder} cannot be written: {error.strerror}.", fix)
    else:
        yield Finding("data folder", f"{folder.absolute()} can be written.")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir if settings.data_dir.is_dir() else Path()
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    say = f"{free_mb} MB are free."
    if free_mb < settings.min_free_disk_mb:
        yield Finding("disk", say, f"make room: at least {settings.min_free_disk_mb} MB (ORDERLIGHT_MIN_FREE_DISK_MB)")
    else:
        yield Finding("disk", say)


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.database_url.startswith("sqlite") and not sqlite_path(settings).exists():
        yield Finding("database", f"{sqlite_path(settings)} is not there yet.", "run: orderlight-server init")
        return
    database = Database(settings.database_url)
    try:
        yield from _open_database(database)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Finding("database", f"cannot be reached: {reason}.", "start it, or correct ORDERLIGHT_DATABASE_URL")
    finally:
        database.close()


def _open_database(database: Database) -> Iterator[Finding]:
    with database.read() as session:
        session.execute(text("SELECT 1"))
    name = database.engine.url.render_as_string(hide_password=True)
    if pending(database.engine):
        is_new = not inspect(database.engine).has_table("alembic_version")
        fix = "run: orderlight-server init" if is_new else "run: orderlight-server migrate"
        yield Finding("database", f"{name} is not at this program's version.", fix)
        return
    database.write(lambda session: session.execute(text("SELECT 1")).scalar_one())
    yield Finding("database", f"{name} answers and is at this program's version.")
    with database.read() as session:
        if repository.count_active_admins(session) == 0:
            yield Finding("administrator", "there is none.", "run: orderlight-server init")


def _clock(settings: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    if now < BORN:
        fix = "set the clock; on Debian: timedatectl set-ntp true"
        yield Finding("clock", f"it says {now:%Y-%m-%d %H:%M} UTC, which is long past.", fix)
        return
    theirs = _clock_of_database(settings)
    off = abs((now - theirs).total_seconds()) if theirs is not None else 0.0
    if off > 2:
        fix = "keep both in time; on Debian: timedatectl set-ntp true"
        yield Finding("clock", f"it differs from the database's by {off:.0f} s.", fix)
    else:
        yield Finding("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC.")


def _clock_of_database(settings: Settings) -> datetime | None:
    if settings.database_url.startswith("sqlite"):
        return None
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
            return moment.astimezone(UTC)
    except SQLAlchemyError:
        return None
    finally:
        database.close()


def _public_url(settings: Settings) -> Iterator[Finding]:
    if not settings.public_url:
        say = f"not set; links lead to {settings.base_url}."
        yield Finding("public address", say, "set ORDERLIGHT_PUBLIC_URL to what people type", is_warning=True)
        return
    parts = urlsplit(settings.public_url)
    try:
        socket.getaddrinfo(parts.hostname, parts.port)
    except OSError:
        fix = "correct ORDERLIGHT_PUBLIC_URL, or enter the name in the name service"
        yield Finding("public address", f"{parts.hostname} is a name this machine does not know.", fix, True)
        return
    yield Finding("public address", settings.public_url)


def _port(settings: Settings) -> Iterator[Finding]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if _is_ours(settings):
                yield Finding("port", f"{settings.port} is served by Orderlight.")
                return
            fix = "stop the other program, or set ORDERLIGHT_PORT and ORDERLIGHT_HOST"
            yield Finding("port", f"{settings.port} on {settings.host}: {error.strerror}.", fix)
            return
    yield Finding("port", f"{settings.port} on {settings.host} is free.")


def _is_ours(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/healthz", timeout=2) as answer:
            return b'"status":"ok"' in answer.read(200)
    except (OSError, ValueError):
        return False


def _programs(settings: Settings) -> Iterator[Finding]:
    if settings.database_url.startswith("postgresql") and shutil.which("pg_dump") is None:
        fix = "on Debian: apt-get install postgresql-client"
        yield Finding("pg_dump", "is not installed; backups need it.", fix, is_warning=True)
    if shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        say = "is not installed here; only readers that speak MQTT need one, somewhere."
        yield Finding("mosquitto", say, "if wanted here, on Debian: apt-get install mosquitto", is_warning=True)
