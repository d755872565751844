"""Rows of older versions are brought up to date as they would be written today."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from server import migrations
from server.catalog.content import content_of, plain_content
from server.catalog.repository import product, revisions
from server.catalog.schemas import RevisionContent
from server.db import Database
from server.journal.models import EventIdentity

#: Of version 0001: a product that is made and one that is bought.
_PRODUCTS = (
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


#: Of version 0022: who shares an e-mail address, beside who is suspected already, and a mailbox of far too many.
_KEYS = {
    1: [("email", "office@aurora.example")],
    2: [("email", "office@aurora.example")],
    3: [("email", "buy@nordwind.example"), ("name", "nordwind")],
    4: [("email", "buy@nordwind.example"), ("name", "nordwind")],
    5: [("email", "alone@kestrel.example")],
    **{number: [("email", "info@mailbox.example")] for number in range(6, 19)},
}
_CUSTOMERS = (
    "INSERT INTO customer (id, number, name, search_name, language, currency, payment_terms_days, priority, "
    "created_at, row_version) VALUES (:id, :number, :number, :number, 'en', 'EUR', 30, 5, '2026-01-01 00:00:00', 1)"
)
_TRAITS = "INSERT INTO customer_match_key (customer_id, kind, value) VALUES (:id, :kind, :value)"
_SUSPECTS = "INSERT INTO customer_suspect (low_id, high_id, weight) VALUES (3, 4, 110)"

#: Of version 0038: a gate that saw one unit before it was sent back, and missed another that never was.
_PASSES = (
    ("INSERT INTO station (id, key, name, work_center_id, active, row_version) VALUES (1, 'cut', 'Cut', 1, true, 1)"),
    (
        "INSERT INTO read_point (id, key, name, station_id, context, quiet_seconds, must_see, active, row_version) "
        "VALUES (1, 'cut-gate', 'Gate', 1, 'gate', 0, true, true, 1)"
    ),
    (
        "INSERT INTO unit (id, number, kind, product_id, position, state, held, rework) VALUES "
        "(1, 'U-1', 'serial', 1, 1, 'queued', false, 2), (2, 'U-2', 'serial', 1, 2, 'queued', false, 0)"
    ),
    (
        "INSERT INTO gate_pass (read_point_id, unit_id, seen_at, missed_at, fact_id) VALUES "
        "(1, 1, '2026-01-01 00:00:00', NULL, NULL), (1, 2, NULL, '2026-01-01 00:00:00', 7)"
    ),
)

#: Of version 0040: what two gateways sent in turn.
_IDENTITIES = (
    "INSERT INTO event_identity (source_id, sequence, content_hash, recorded_on, event_id, answer) "
    "VALUES (:source, :sequence, :hash, '2026-01-01', :event, :answer)"
)
_SENT = [
    {"source": source, "sequence": sequence, "hash": bytes([event]) * 16, "event": event, "answer": f'{{"n":{event}}}'}
    for event, (source, sequence) in enumerate([(2, 1), (1, 1), (2, 2), (1, 2)], 1)
]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database that has grown old with its rows and is brought up to date."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('old') / 'old.db'}"
    else:
        url = request.getfixturevalue("create_postgres")("old_rows")
    database = Database(url)
    command.upgrade(migrations._config(database.engine), "0001")
    for statement in _PRODUCTS:
        _write(database, statement)
    command.upgrade(migrations._config(database.engine), "0022")
    _write(database, _CUSTOMERS, [{"id": each, "number": f"C-{each}"} for each in _KEYS])
    traits = [(each, *trait) for each, found in _KEYS.items() for trait in found]
    _write(database, _TRAITS, [dict(zip(("id", "kind", "value"), row, strict=True)) for row in traits])
    _write(database, _SUSPECTS)
    command.upgrade(migrations._config(database.engine), "0038")
    for statement in _PASSES:
        _write(database, statement)
    command.upgrade(migrations._config(database.engine), "0040")
    _write(database, _IDENTITIES, _SENT)
    migrations.upgrade(database.engine)
    yield database
    database.close()


def _write(database: Database, statement: str, rows: Sequence[Mapping[str, Any]] = ()) -> None:
    with database.engine.connect().execution_options(sqlite_writes=True) as connection, connection.begin():
        connection.execute(text(statement), list(rows) or None)


def test_an_old_product_has_its_rows_as_its_first_revision(migrated: Database) -> None:
    with migrated.read() as session:
        table, leg = product(session, "TABLE"), product(session, "LEG")
        assert table is not None
        assert leg is not None
        first = revisions(session, table.id)
        assert [(found.name, found.state) for found in first] == [("C", "released")]
        assert first[0].content == content_of(table) == plain_content(RevisionContent.model_validate(first[0].content))
        assert (table.made, leg.made, leg.kind) == (True, False, "purchased")
        assert first[0].content["bom"] == [{"component": "LEG", "quantity": "4.5", "scrap_percent": "0"}]


def test_customers_who_share_an_address_are_suspects_as_if_they_were_entered_today(migrated: Database) -> None:
    with migrated.read() as session:
        rows = session.execute(text("SELECT low_id, high_id, weight FROM customer_suspect ORDER BY low_id"))
        found = [tuple(row) for row in rows]

        # The one pair is new, the other is suspected as before, and a mailbox that thirteen share says nothing.
        assert found == [(1, 2, 50), (3, 4, 110)]


def test_what_a_gate_knew_of_a_unit_counts_for_the_way_it_is_on(migrated: Database) -> None:
    with migrated.read() as session:
        rows = session.execute(text("SELECT unit_id, rework, seen_at IS NULL, fact_id FROM gate_pass ORDER BY unit_id"))
        found = [tuple(row) for row in rows]

        assert found == [(1, 2, False, None), (2, 0, True, 7)]


def test_what_was_sent_is_known_with_its_first_answer(migrated: Database) -> None:
    with migrated.read() as session:
        rows = session.execute(select(EventIdentity).order_by(EventIdentity.event_id)).scalars()
        found = [(row.source_id, row.sequence, bytes(row.content_hash), row.event_id, row.answer) for row in rows]

        assert found == [
            (row["source"], row["sequence"], row["hash"], row["event"], {"n": row["event"]}) for row in _SENT
        ]


def test_what_was_sent_is_known_once(migrated: Database) -> None:
    with pytest.raises(IntegrityError):
        _write(migrated, _IDENTITIES, _SENT[:1])
