"""Parts of texts are found on both engines alike, and by an index on both."""

from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.crm.cases.models import Case
from server.crm.quotes.models import Quote
from server.db import Database
from server.db.texts import holds
from server.erp.logistics.models import Shipment
from server.erp.orders.models import SalesOrder
from server.journal.models import Audit
from server.parties.models import Customer
from server.parties.schemas import CustomerIn
from server.parties.service import create_customer
from server.settings.clock import utc_now

#: The columns that migrations 0017 and 0026 gave an index of triples of letters, and how its name ends.
TEXTS = (
    Customer.search_name,
    SalesOrder.customer_reference,
    Quote.customer_reference,
    Shipment.tracking_reference,
    Case.subject,
    Audit.actor,
    Audit.subject,
)


def plan(session: Session, attribute: InstrumentedAttribute[str]) -> str:
    """How the engine would find a text in a table with more rows than these tests have."""
    statement = select(attribute.parent.class_.id).where(holds(session, attribute, "Aurora"))
    compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
    if session.connection().dialect.name == "sqlite":
        explained = f"EXPLAIN QUERY PLAN {compiled}"
    else:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_indexscan = off"))
        explained = f"EXPLAIN {compiled}".replace("%%", "%")
    return "\n".join(str(tuple(row)) for row in session.execute(text(explained)))


@pytest.mark.parametrize("attribute", TEXTS, ids=str)
def test_a_part_of_a_text_is_found_by_an_index(database: Database, attribute: InstrumentedAttribute[str]) -> None:
    with database.read() as session:
        found = plan(session, attribute)
    table = attribute.parent.class_.__tablename__
    assert f"{table}_text" in found or f"ix_{table}_{attribute.key}_part" in found


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("URORA", ["Aurora 100% Bikes"]),
        ("100%", ["Aurora 100% Bikes"]),
        ("0% b", ["Aurora 100% Bikes"]),
        ("a_b", ["Under a_b Line"]),
        ("a/b", ["Slash a/b Works"]),
        ("%%%", []),
        ("___", []),
    ],
)
def test_no_letter_of_a_part_is_a_wildcard(database: Database, part: str, expected: Sequence[str]) -> None:
    # given
    for name in ("Aurora 100% Bikes", "Under a_b Line", "Slash a/b Works"):
        database.write(partial(create_customer, body=CustomerIn(name=name), actor="t", now=utc_now()))

    # when
    with database.read() as session:
        found = session.scalars(select(Customer.name).where(holds(session, Customer.search_name, part))).all()

    # then
    assert list(found) == expected
