"""What the events of a batch mention, told apart in one pass."""

from datetime import UTC, datetime
from typing import Any

from orderlight.autoid import OwnCode
from orderlight.events import Batch
from server.ingest.door import Door
from server.ingest.mentioned import Mentioned, mentioned
from server.ingest.reads import items_of
from server.tracking.heard_rows import Identity

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
UNIT, CARD, PAPER = OwnCode("U", "0011"), OwnCode("C", "UNDO"), OwnCode("S", "2026000417")


def scan(code: OwnCode, key: str, **fields: Any) -> dict[str, Any]:
    about = {"kind": "code_scanned", "read_point": "cut-1", "code": str(code), "keys": {key: code.body}}
    return about | {"observed_at": "2026-11-22T08:00:00.000000Z"} | fields


def told(*events: dict[str, Any]) -> Mentioned:
    numbered = [event | {"v": 1, "sequence": number} for number, event in enumerate(events, 1)]
    batch = Batch.parse_json({"gateway": "gw-1", "epoch": "0" * 16, "events": numbered})
    return mentioned(items_of(batch, Door(actor="gateway:gw-1"), now=NOW))


def test_units_are_known_by_every_value_they_may_stand_under():
    found = told(scan(UNIT, "unit"), scan(UNIT, "unit", read_point="weld-1"))
    assert (found.points, found.values, found.others) == ({"cut-1", "weld-1"}, {"ol:U0011"}, {})


def test_cards_and_papers_are_kept_by_what_they_name():
    found = told(scan(CARD, "command"), scan(UNIT, "unit"), scan(PAPER, "shipment"))
    assert [read.named.values for read in found.naming("command")] == [("UNDO",)]
    assert [read.named.values for read in found.naming("shipment")] == [("SH-2026000417",)]
    assert found.naming("operator") == []


def test_an_event_that_takes_another_back_is_noted():
    back = {"corrects": {"gateway": "gw-1", "epoch": "0" * 16, "sequence": 1}}
    (read,) = told(scan(UNIT, "unit"), scan(UNIT, "unit", kind="correction", **back)).corrections
    assert read.corrects == Identity("gw-1", "0" * 16, 1)


def test_what_cannot_be_read_mentions_nothing():
    found = told(scan(UNIT, "unit", kind="dreamt"))
    assert (found.reads, found.points, found.values) == ([], set(), set())
