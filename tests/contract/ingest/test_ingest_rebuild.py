"""Projections are folds of facts: thrown away and folded anew, they are equal."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from server.erp.orders.repository import orders_by_number
from server.erp.orders.service import hold_order, resume_order
from server.ingest.rebuild import rebuild
from server.journal.models import EventIdentity, EventRecord

PROJECTIONS = {
    "unit": "id, number, state, step, held, hold_reason, parent_id, last_station_id, last_read_point, last_seen_at, "
    "last_fact_id",
    "operation": "id, state, started, good, scrap, started_at, completed_at",
    "work_order": "id, state, started_at, completed_at",
    "sales_order": "id, lifecycle, fulfilment, on_hold, hold_reason, moved_at",
    "handling_unit": "id, number, sscc, order_id, station_id, state, opened_at, closed_at, shipped_at, shipment_id",
    "shipment": "id, number, order_id, state, created_at, shipped_at",
}


def dump(plant: Any) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: [tuple(row) for row in plant.sql(f"SELECT {columns} FROM {table} ORDER BY id")]  # noqa: S608
        for table, columns in PROJECTIONS.items()
    }


def busy_day(plant: Any, tools: Any) -> None:
    """Something of everything."""
    plant.scan(tools.badge("17"))
    plant.through("U-1000", "cut-toggle", "cut-toggle", "weld-end", "pack-pack")
    plant.through("U-1001", "cut-end")
    plant.scan(tools.card("UNDO"))
    plant.scan(tools.card("SCRAP"))
    plant.scan(tools.code("U-1001"))
    plant.scan(tools.card("HOLD"))
    plant.scan(tools.code("U-1002"))
    plant.scan(tools.card("CLOSE"), "pack-pack")
    plant.scan(tools.code("U-1000"), "ship-ship")
    for number in ("U-1003", "U-1004"):
        plant.through(number, "cut-end", "weld-end", "pack-pack")
    plant.scan(tools.code("U-1003"), "ship-ship")
    plant.scan(tools.card("UNDO"), "ship-ship")
    epc = plant.sql("SELECT value FROM identifier WHERE scheme = 'epc' ORDER BY id DESC")[0][0].removeprefix("epc:")
    plant.tag(epc, "weld-gate")
    plant.scan(tools.code("U-1005"), observed_at=(plant.now - timedelta(hours=1)).isoformat())
    plant.through("U-1005", "weld-toggle")
    plant.scan(tools.card("PAUSE"), "weld-end")
    plant.scan(tools.code("U-1005"), "weld-end")


def test_nothing_differs_when_facts_and_rows_agree(plant: Any, tools: Any) -> None:
    busy_day(plant, tools)
    was = dump(plant)

    report = plant.database.write(rebuild)

    assert report.differences == ()
    assert report.created == 0
    assert report.facts == len(plant.sql("SELECT id FROM fact"))
    assert dump(plant) == was


def test_lost_and_falsified_rows_come_back_equal(plant: Any, tools: Any) -> None:
    busy_day(plant, tools)
    was = dump(plant)
    plant.change("UPDATE unit SET state = 'planned', step = NULL, held = false, parent_id = NULL, last_seen_at = NULL, "
                 "last_read_point = 'nowhere', last_station_id = 99, last_fact_id = 1, hold_reason = NULL")  # fmt: skip
    plant.change("UPDATE operation SET state = 'pending', good = 7, scrap = 7, started = 7, started_at = NULL")
    plant.change("UPDATE work_order SET state = 'draft', started_at = NULL, completed_at = NULL")
    plant.change("UPDATE sales_order SET lifecycle = 'draft', fulfilment = 'not_started', moved_at = NULL")
    plant.change("DELETE FROM identifier WHERE scheme = 'sscc'")
    plant.change("DELETE FROM handling_unit")
    plant.change("DELETE FROM unit WHERE kind = 'container'")
    plant.change("DELETE FROM shipment")

    report = plant.database.write(rebuild)

    assert dump(plant) == was
    assert report.created == 6
    assert len(report.differences) > 40
    assert plant.sql("SELECT count(*) FROM identifier WHERE scheme = 'sscc'")[0][0] == 2


def test_changes_made_on_screens_are_part_of_the_fold(plant: Any, tools: Any) -> None:
    def hold(session: Any) -> None:
        hold_order(
            session,
            orders_by_number(session, ["SO-1000"])["SO-1000"],
            reason="drawing",
            actor="user:anna",
            now=plant.now,
        )

    plant.through("U-1000", "cut-end")
    plant.database.write(hold)
    was = dump(plant)
    plant.change("UPDATE sales_order SET on_hold = false, hold_reason = NULL")

    plant.database.write(rebuild)

    assert dump(plant) == was
    assert plant.order("SO-1000").hold_reason == "drawing"
    plant.database.write(
        lambda session: (
            resume_order(session, orders_by_number(session, ["SO-1000"])["SO-1000"], actor="user:anna", now=plant.now)
            and None
        )
    )
    assert plant.database.write(rebuild).differences == ()


# --- random days ---

UNITS = [f"U-{number}" for number in range(1000, 1006)]
READERS = ["cut-end", "cut-start", "cut-toggle", "cut-badge", "weld-toggle", "weld-end", "weld-gate", "pack-pack",
           "ship-ship"]  # fmt: skip
CARDS = ["START", "PAUSE", "SCRAP", "HOLD", "RESUME", "UNDO", "CLOSE"]
#: Events that are noted and move nothing.
NOTED = {"noted", "station_confirmed", "box_chosen"}
PASSED = "('finished', 'in_stock', 'packed', 'shipped', 'delivered')"


def day_of(plant: Any, tools: Any) -> type[RuleBasedStateMachine]:
    """A machine that scans at random in this plant."""

    class Day(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.sent: list[dict[str, Any]] = []

        @rule(unit=st.sampled_from(UNITS), at=st.sampled_from(READERS), seconds=st.integers(0, 90))
        def scan(self, unit: str, at: str, seconds: int) -> None:
            plant.wait(seconds)
            self.send(plant.event(tools.code(unit), at))

        @rule(unit=st.sampled_from(UNITS))
        def go_on(self, unit: str) -> None:
            """A scan where it is due, so that days get somewhere."""
            for at in ("cut-end", "weld-end", "pack-pack", "ship-ship"):
                self.send(plant.event(tools.code(unit), at))

        @rule(command=st.sampled_from(CARDS), at=st.sampled_from(READERS))
        def show_card(self, command: str, at: str) -> None:
            self.send(plant.event(tools.card(command), at))

        @rule(text=st.text(max_size=30), at=st.sampled_from([*READERS, "nowhere"]))
        def scan_anything(self, text: str, at: str) -> None:
            self.send(plant.event(text, at))

        @rule(plan=st.lists(st.tuples(st.sampled_from(UNITS), st.sampled_from(READERS)), max_size=8))
        def scan_many_at_once(self, plan: list[tuple[str, str]]) -> None:
            self.send(*(plant.event(tools.code(unit), at) for unit, at in plan))

        @precondition(lambda self: self.sent)
        @rule(data=st.data())
        def send_again(self, data: st.DataObject) -> None:
            event = data.draw(st.sampled_from(self.sent))
            answer = plant.send(event).results
            assert [one.status.value for one in answer] in (["duplicate"], [])

        @precondition(lambda self: self.sent)
        @rule(data=st.data())
        def take_back(self, data: st.DataObject) -> None:
            event = data.draw(st.sampled_from(self.sent))
            corrects = {"gateway": plant.gateway, "epoch": plant.epoch, "sequence": event["sequence"]}
            self.send(plant.event(None, event["read_point"], kind="undo_requested", corrects=corrects))

        def send(self, *events: dict[str, Any]) -> None:
            receipt = plant.send(*events)
            self.sent += events
            assert receipt.committed_sequence == plant.sequence
            assert all(answer.reason != "internal_fault" for answer in receipt.results), receipt.results

        @invariant()
        def every_event_is_kept_once(self) -> None:
            assert plant.count(EventIdentity) == plant.sequence
            assert plant.count(EventRecord) == plant.sequence

        @invariant()
        def every_applied_event_has_a_fact(self) -> None:
            bare = plant.sql(
                "SELECT action FROM event WHERE status = 'applied' AND id NOT IN "
                "(SELECT event_id FROM fact WHERE event_id IS NOT NULL)"
            )
            assert {row[0] for row in bare} <= NOTED
            wrong = plant.sql("SELECT f.id FROM fact f JOIN event e ON e.id = f.event_id WHERE e.status <> 'applied'")
            assert wrong == []

        @invariant()
        def counts_add_up(self) -> None:
            for row in plant.sql(
                "SELECT id, work_order_id, step, quantity, started, good, scrap, state FROM operation"
            ):
                past = plant.sql(
                    f"SELECT count(*) FROM unit WHERE work_order_id = {row.work_order_id} "  # noqa: S608
                    f"AND (state IN {PASSED} OR (state IN ('queued', 'in_process') AND step > {row.step}))"
                )[0][0]
                lost_later = plant.sql(
                    f"SELECT coalesce(sum(scrap), 0) FROM operation WHERE work_order_id = {row.work_order_id} "  # noqa: S608
                    f"AND step > {row.step}"
                )[0][0]
                assert row.good == past + lost_later
                assert 0 <= row.good <= row.started <= row.quantity
                assert row.good + row.scrap <= row.quantity

        @invariant()
        def boxes_hold_units_of_their_own_order_alone(self) -> None:
            strangers = plant.sql(
                "SELECT u.number FROM unit u JOIN handling_unit h ON h.id = u.parent_id WHERE u.order_id <> h.order_id"
            )
            assert strangers == []
            loose = plant.sql("SELECT number FROM unit WHERE (state = 'packed') <> (parent_id IS NOT NULL) "
                              "AND state NOT IN ('shipped', 'delivered')")  # fmt: skip
            assert loose == []

        def teardown(self) -> None:
            was = dump(plant)
            report = plant.database.write(rebuild)
            assert report.differences == ()
            assert dump(plant) == was

    return Day


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_random_days_keep_every_promise(engine: str, request: pytest.FixtureRequest, tools: Any) -> None:
    fresh = request.getfixturevalue(f"fresh_{engine}_plant")

    def machine() -> RuleBasedStateMachine:
        return day_of(fresh(), tools)()

    machine.TestCase = RuleBasedStateMachine.TestCase  # type: ignore[attr-defined]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8 if engine == "sqlite" else 3,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
