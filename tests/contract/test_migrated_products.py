"""Products that were there before revisions came get one, and it says what their rows say."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from server import migrations
from server.catalog.content import content_of, plain_content
from server.catalog.repository import product, revisions
from server.catalog.schemas import RevisionContent
from server.db import Database
from simulators.services import Postgres

_OLD = (
    "INSERT INTO work_center (id, key, name, position, row_version) VALUES (1, 'cut', 'Cut', 1, 1)",
    (
        "INSERT INTO product (id, sku, name, search_name, revision, uom, tracking, made, active, created_at, "
        "row_version) VALUES "
        "(1, 'TABLE', 'Table', 'table', 'C', 'C62', 'serial', true, true, '2026-01-01 00:00:00', 1), "
        "(2, 'LEG', 'Leg', 'leg', 'A', 'C62', 'none', false, true, '2026-01-01 00:00:00', 1)"
    ),
    "INSERT INTO bom_line (id, product_id, position, component_id, quantity) VALUES (1, 1, 1, 2, 4500000)",
    (
        "INSERT INTO routing_operation (id, product_id, step, name, work_center_id, setup_minutes, run_minutes, "
        "transfer_quantity) VALUES (1, 1, 10, 'Cut', 1, 0, 1500000, 1)"
    ),
)


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_an_old_product_has_its_rows_as_its_first_revision(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = Database(_url(engine, tmp_path, request))
    command.upgrade(migrations._config(database.engine), "0001")
    with database.engine.connect().execution_options(sqlite_writes=True) as connection, connection.begin():
        for statement in _OLD:
            connection.execute(text(statement))

    migrations.upgrade(database.engine)

    with database.read() as session:
        table, leg = product(session, "TABLE"), product(session, "LEG")
        assert table is not None
        assert leg is not None
        first = revisions(session, table.id)
        assert [(found.name, found.state) for found in first] == [("C", "released")]
        assert first[0].content == content_of(table) == plain_content(RevisionContent.model_validate(first[0].content))
        assert (table.made, leg.made, leg.kind) == (True, False, "purchased")
        assert first[0].content["bom"] == [{"component": "LEG", "quantity": "4.5", "scrap_percent": "0"}]
    database.close()


def _url(engine: str, folder: Path, request: pytest.FixtureRequest) -> str:
    if engine == "sqlite":
        return f"sqlite:///{folder / 'old.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    server = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE old_products"))
    server.dispose()
    return postgres.url("old_products")
