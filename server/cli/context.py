"""What commands share: the settings file, an open database, a table on the terminal, a failure in words."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

# Importing the whole schema lets the mapper find every table a command may touch.
import server.migrations.models  # noqa: F401
from server.auth import users
from server.auth.models import User
from server.db import Database
from server.migrations import pending
from server.settings import Settings
from server.settings.clock import utc_now

#: Who did it, in facts and in the audit, when it was done on the command line.
ACTOR = "command_line"


class CommandFailed(Exception):
    """The command could not be done; the message says why and what to do."""


def make_folder(path: Path) -> None:
    """Make the folder unless it is there; raises CommandFailed when it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(
            f"The folder {path} cannot be made: {error.strerror}. Make it, or set ORDERLIGHT_DATA_DIR to another."
        ) from error


def find_settings_file(given: Path | None, env: Mapping[str, str]) -> Path | None:
    """The file to read: as given, as ORDERLIGHT_CONFIG says, or one in the usual places."""
    if given is not None:
        return given
    if env.get("ORDERLIGHT_CONFIG"):
        return Path(env["ORDERLIGHT_CONFIG"])
    usual = (Path("server.toml"), Path("/etc/orderlight/server.toml"))
    return next((path for path in usual if path.is_file()), None)


@contextmanager
def open_database(settings: Settings, *, migrated: bool = True) -> Iterator[Database]:
    """The database, closed at the end; raises CommandFailed when it is not at this program's version."""
    if settings.database_url.startswith("sqlite"):
        if migrated and not sqlite_path(settings).exists():
            raise CommandFailed(f"There is no database at {sqlite_path(settings)}. Run: orderlight-server init")
        make_folder(sqlite_path(settings).parent)
    database = Database(settings.database_url)
    try:
        if migrated and pending(database.engine):
            raise CommandFailed("The database is not at this program's version. Run: orderlight-server migrate")
        yield database
    finally:
        database.close()


def sqlite_path(settings: Settings) -> Path:
    """The file of an SQLite database."""
    return Path(settings.database_url.removeprefix("sqlite:///"))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns under their heads; control characters are escaped."""
    texts = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[place]) for line in [list(heads), *texts]) for place in range(len(heads))]
    for line in [list(heads), *texts]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def password_link(session: Session, user: User, settings: Settings) -> str:
    """A sentence with a one-time link for the person."""
    token = users.make_link(session, user, actor=ACTOR, now=utc_now())
    return (
        f"{user.login} sets a password at\n  {settings.base_url}/set-password/{token}\n"
        f"The link works once, within {users.LINK_HOURS} hours."
    )


def _cell(value: object) -> str:
    text = "-" if value is None else str(value)
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
