"""The migrations stand in one row: two that follow the same one leave a database that cannot be brought up to date."""

from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from server import migrations


def test_the_migrations_end_in_one_head() -> None:
    script = ScriptDirectory.from_config(migrations._config(create_engine("sqlite://")))

    assert len(script.get_heads()) == 1
