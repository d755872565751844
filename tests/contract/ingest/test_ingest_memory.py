"""What a batch leaves to the next: nothing is asked twice, and nothing is believed that somebody has changed."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy import event

from server.db.handover import leave
from server.erp.orders.repository import orders_by_number
from server.erp.orders.service import hold_order
from server.ingest import memory


@pytest.fixture
def asked(sqlite_plant: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries for units that the writer's connection gets, but for those that only see whether memory is true."""
    monkeypatch.setattr("server.ingest.accept.leave", leave)
    found: list[str] = []

    def note(connection: Any, _record: object) -> None:
        connection.set_trace_callback(lambda text: found.append(text) if "FROM unit" in text else None)

    event.listen(sqlite_plant.database.engine, "connect", note)
    return found


def test_a_unit_that_was_scanned_before_is_not_asked_for_again(sqlite_plant: Any, tools: Any, asked: list[str]) -> None:
    number = sqlite_plant.orders["SO-1000"][0]
    sqlite_plant.through(number, "cut-end")
    assert asked
    asked.clear()

    sqlite_plant.through(number, "weld-end")

    assert asked == []


def test_what_is_changed_on_a_page_counts_at_the_next_scan(sqlite_plant: Any, tools: Any) -> None:
    number = sqlite_plant.orders["SO-1000"][0]
    sqlite_plant.through(number, "cut-end")

    def hold(session: Any) -> None:
        order = orders_by_number(session, ["SO-1000"])["SO-1000"]
        hold_order(session, order, reason="Wrong colour", actor="user:anna", now=sqlite_plant.now)

    sqlite_plant.database.write(hold)

    assert sqlite_plant.scan(tools.code(number), "weld-end").reason == "on_hold"


def test_what_another_process_changes_counts_at_the_next_scan(sqlite_plant: Any, tools: Any) -> None:
    number = sqlite_plant.orders["SO-1000"][0]
    sqlite_plant.through(number, "cut-end")
    with sqlite3.connect(sqlite_plant.database.url.removeprefix("sqlite:///")) as other:
        other.execute("UPDATE unit SET held = 1, hold_reason = 'Scratch' WHERE number = ?", (number,))
    other.close()

    assert sqlite_plant.scan(tools.code(number), "weld-end").reason == "on_hold"


def test_after_an_event_that_no_database_holds_the_others_go_on_right(
    sqlite_plant: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a unit that is remembered
    first, second = sqlite_plant.orders["SO-1000"][:2]
    sqlite_plant.through(first, "cut-end")
    from server.ingest import accept as module

    save = module.save

    def fail(session: Any, folded: Any, *args: Any, **more: Any) -> Any:
        saved = save(session, folded, *args, **more)
        if any("CANNOT" in judged.item.payload for judged in folded.judged):
            raise ValueError("no")
        return saved

    monkeypatch.setattr(module, "save", fail)

    # When a batch that moves it is written, fails and is taken apart
    bad = sqlite_plant.event("CANNOT")
    receipt = sqlite_plant.send(
        sqlite_plant.event(tools.code(first), "weld-end"), bad, sqlite_plant.event(tools.code(second))
    )

    # Then each good event has happened once
    assert [answer.status.value for answer in receipt.results] == ["quarantined", "applied", "applied"]
    assert sqlite_plant.operation(first, 10).good == 2
    assert sqlite_plant.operation(first, 20).good == 1
    assert sqlite_plant.scan(tools.code(second), "weld-end").status.value == "applied"


def test_a_memory_that_is_full_begins_anew(sqlite_plant: Any, tools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_UNITS", 2)
    sizes: list[int] = []
    remember = memory.remember

    def noted(*about: Any) -> memory.Memory:
        found = remember(*about)
        sizes.append(len(found.world.units))
        return found

    monkeypatch.setattr("server.ingest.accept.remember", noted)

    for number in [*sqlite_plant.orders["SO-1000"], *sqlite_plant.orders["SO-1001"]]:
        sqlite_plant.through(number, "cut-end")

    assert sizes == [1, 2, 3, 1, 2]
