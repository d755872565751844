"""The doors to users, keys, gateways and screens keep the habits of every collection."""

from typing import Any

from sqlalchemy import select

from server.db import Database
from server.journal.models import Audit


def test_the_audit_names_the_request_that_did_it(signed_in: Any, database: Database) -> None:
    admin = signed_in("admin")

    answer = admin.post("/api/v1/devices", json={"name": "wall"}, headers={"X-Request-ID": "call-17"})

    with database.read() as session:
        line = session.scalars(select(Audit).where(Audit.action == "device_added")).one()
    assert (answer.headers["X-Request-ID"], line.request_id) == ("call-17", "call-17")
