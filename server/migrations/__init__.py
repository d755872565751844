"""The schema's history: `upgrade` brings a database to the newest version, `pending` says whether one is needed."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

_HERE = Path(__file__).parent


def _config(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Apply every migration the database does not have yet."""
    command.upgrade(_config(engine), "head")


def pending(engine: Engine) -> bool:
    """Whether the database is behind this program."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() != _head()


@cache
def _head() -> str | None:
    # Reading all migrations takes longer than all else that a server does as it starts, and they stay as they are.
    return ScriptDirectory(str(_HERE)).get_current_head()
