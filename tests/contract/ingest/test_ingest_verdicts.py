"""What a scan means: every place a unit can be at, seen from every kind of read point, in words."""

from typing import Any

import pytest
from sqlalchemy import update

from server.parties.models import Customer

A, B, C = "U-1000", "U-1001", "U-1002"
OTHER = "U-1003"
SAME_CUSTOMER = "U-1005"


def test_a_scan_at_an_end_point_completes_the_operation_in_one_go(plant: Any, tools: Any) -> None:
    answer = plant.scan(tools.code(A))

    assert (answer.status, answer.action, answer.subject) == ("applied", "operation_completed", A)
    assert answer.say == "Cut done: U-1000, 1 of 3. Next: Weld."
    assert (answer.signal, answer.reason, answer.undo) == ("ok", None, True)
    operation = plant.operation(A, 10)
    assert (operation.state, operation.started, operation.good) == ("running", 1, 1)
    unit = plant.unit(A)
    assert (unit.state, unit.step, unit.last_read_point) == ("queued", 20, "cut-end")
    assert plant.operation(A, 20).state == "ready"
    assert plant.order("SO-1000").fulfilment == "in_production"
    assert plant.facts() == [("operation_completed", A)]
    assert plant.topics >= {
        "order:SO-1000",
        "station:cut",
        "board",
        "orders",
        f"customer:{plant.customers['Aurora Bikes']}",
    }
    assert "order:SO-1001" not in plant.topics
    # Work has come to the next station with the first piece, and none that was not there with the second.
    assert "station:weld" in plant.topics
    plant.scan(tools.code("U-1001"))
    assert "station:weld" not in plant.topics


def test_toggle_starts_and_then_completes(plant: Any, tools: Any) -> None:
    started = plant.scan(tools.code(A), "cut-toggle")
    done = plant.scan(tools.code(A), "cut-toggle")

    assert [started.say, done.say] == ["Cut started: U-1000, 1 of 3.", "Cut done: U-1000, 1 of 3. Next: Weld."]
    assert plant.facts() == [("operation_started", A), ("operation_completed", A)]


def test_two_scans_of_one_moment_start_a_step_and_do_not_end_it(plant: Any, tools: Any) -> None:
    plant.change("UPDATE read_point SET quiet_seconds = 2 WHERE key = 'cut-toggle'")

    started, again = plant.scan(tools.code(A), "cut-toggle"), plant.scan(tools.code(A), "cut-toggle")
    plant.wait(1)
    done = plant.scan(tools.code(A), "cut-toggle")

    assert (again.status, again.reason, again.signal) == ("refused", "repeated", "ok")
    assert [started.action, done.action] == ["operation_started", "operation_completed"]


def test_the_last_piece_completes_operation_and_work_order(plant: Any, tools: Any) -> None:
    plant.through(OTHER, "cut-end", "weld-end", "pack-pack")
    plant.through("U-1004", "cut-end", "weld-end")

    assert plant.operation(OTHER, 10).state == "completed"
    assert plant.sql("SELECT state FROM work_order ORDER BY id")[1][0] == "in_progress"
    plant.through("U-1004", "pack-pack")
    assert plant.sql("SELECT state FROM work_order ORDER BY id")[1][0] == "completed"
    assert plant.order("SO-1001").fulfilment == "packed"


@pytest.mark.parametrize(
    ("before", "at", "reason", "say"),
    [
        ((), "weld-end", "out_of_sequence", "U-1000: next step is Cut, not Weld."),
        (("cut-end",), "cut-end", "already_done", "U-1000: Cut is done already. Next: Weld."),
        (("cut-end",), "pack-pack", "out_of_sequence", "U-1000: next step is Weld, not Pack."),
        (("cut-start",), "cut-start", "already_started", "U-1000: Cut has started already. End it when it is done."),
        (("cut-start",), "weld-end", "not_finished", "U-1000: Cut has started and not ended. End it there first."),
        (("cut-end",), "ship-ship", "not_finished", "U-1000 is not finished: next step is Weld."),
        (("cut-end", "weld-end", "pack-pack"), "cut-end", "already_done",
         "U-1000 is packed in HU-1000 already. Next: shipping."),
        (("cut-end", "weld-end", "pack-pack"), "ship-ship", "not_closed",
         "HU-1000 is still open. Close it at packing first."),
        (("cut-end", "weld-end", "pack-pack"), "pack-pack", "already_done",
         "U-1000 is packed in HU-1000 already. Next: shipping."),
        ((), "cut-badge", "not_allowed", "U-1000: this reader reads cards alone. Scan it at the reader of the step."),
        ((), "cut-command", "not_allowed", "U-1000: this reader reads cards alone. Scan it at the reader of the step."),
    ],
)  # fmt: skip
def test_a_unit_that_is_not_due_is_refused_in_words(
    plant: Any, tools: Any, before: tuple[str, ...], at: str, reason: str, say: str
) -> None:
    plant.through(A, *before)
    facts = plant.facts()

    answer = plant.scan(tools.code(A), at)

    assert (answer.status, answer.reason, answer.say, answer.signal) == ("refused", reason, say, "stop")
    assert not answer.undo
    assert plant.facts() == facts


def test_an_operation_waits_until_enough_pieces_came_through(plant: Any, tools: Any) -> None:
    plant.change("UPDATE operation SET transfer_quantity = 2 WHERE step = 10")
    plant.through(A, "cut-end")

    early = plant.scan(tools.code(A), "weld-end")

    assert early.reason == "not_ready"
    assert early.say == "U-1000: Weld begins when 2 pieces are through Cut, 1 are. Wait for the others."
    plant.through(B, "cut-end")
    plant.through(A, "weld-end")


@pytest.mark.parametrize(
    ("change", "reason", "say"),
    [
        ("UPDATE sales_order SET on_hold = true, hold_reason = 'colour open'", "on_hold",
         "SO-1000 is on hold: colour open. Put U-1000 aside."),
        ("UPDATE unit SET held = true, hold_reason = 'scratch'", "on_hold",
         "U-1000 is on hold: scratch. Put it aside."),
        ("UPDATE work_order SET state = 'on_hold'", "on_hold", "WO-1000 is on hold. Put U-1000 aside."),
        ("UPDATE sales_order SET lifecycle = 'confirmed'", "not_released",
         "SO-1000 is not released for production. Put U-1000 back."),
        ("UPDATE sales_order SET lifecycle = 'cancelled'", "cancelled",
         "SO-1000 is cancelled. Put U-1000 aside and ask the office."),
        ("UPDATE work_order SET state = 'aborted'", "cancelled",
         "SO-1000 is cancelled. Put U-1000 aside and ask the office."),
        ("UPDATE unit SET state = 'scrapped'", "scrapped", "U-1000 was scrapped. Put it to the scrap."),
        ("UPDATE unit SET state = 'delivered'", "already_done",
         "U-1000 was delivered already. Put it aside and ask the office."),
        ("UPDATE unit SET state = 'consumed'", "already_done", "U-1000 is built into another unit. Scan that one."),
        ("UPDATE unit SET state = 'returned'", "not_allowed",
         "U-1000 came back from the customer. Ask the office what to do with it."),
    ],
)  # fmt: skip
def test_what_may_not_move_is_refused_with_the_reason(
    plant: Any, tools: Any, change: str, reason: str, say: str
) -> None:
    plant.change(change)

    answer = plant.scan(tools.code(A))

    assert (answer.status, answer.reason, answer.say) == ("refused", reason, say)


def test_a_unit_without_a_step_here_is_at_the_wrong_station(plant: Any, tools: Any) -> None:
    plant.change(
        "UPDATE operation SET work_center_id = (SELECT id FROM work_center WHERE key = 'ship') WHERE step = 20"
    )

    answer = plant.scan(tools.code(A), "weld-end")

    assert (answer.reason, answer.say) == ("wrong_station", "U-1000 has no step at Weld. Its next step is Cut.")


def test_a_gate_completes_what_is_due_and_notes_what_is_not(plant: Any, tools: Any) -> None:
    epc = plant.sql("SELECT value FROM identifier WHERE scheme = 'epc' ORDER BY id")[0][0].removeprefix("epc:")
    early = plant.tag(epc, "weld-gate")
    plant.through(A, "cut-end")

    due = plant.tag(epc, "weld-gate")

    assert (early.action, early.say) == ("unit_seen", "U-1000 seen at Weld.")
    assert (due.action, due.say) == ("operation_completed", "Weld done: U-1000, 1 of 3. Next: Pack.")
    left = plant.tag(epc, "weld-gate", kind="tag_left")
    assert (left.action, left.say) == ("noted", "U-1000 left Weld.")
    assert plant.facts() == [("unit_seen", A), ("operation_completed", A), ("operation_completed", A)]


def test_a_gate_is_quiet_about_one_passage(plant: Any, tools: Any) -> None:
    plant.change("UPDATE read_point SET quiet_seconds = 30 WHERE key = 'weld-gate'")
    epc = plant.sql("SELECT value FROM identifier WHERE scheme = 'epc' ORDER BY id")[0][0].removeprefix("epc:")
    plant.tag(epc, "weld-gate")

    again = plant.tag(epc, "weld-gate")
    plant.wait(31)
    later = plant.tag(epc, "weld-gate")

    assert (again.status, again.reason, again.signal) == ("refused", "repeated", "ok")
    assert later.action == "unit_seen"


def test_a_stray_tag_is_counted_and_nobody_is_called(plant: Any) -> None:
    first = plant.tag("E28011700000020A1B2C3D4E", "weld-gate")
    plant.tag("E28011700000020A1B2C3D4E", "weld-gate")

    assert (first.status, first.reason, first.signal) == ("refused", "unknown_tag", "ok")
    assert plant.sql("SELECT read_point, epc, count FROM unknown_tag") == [("weld-gate", "E28011700000020A1B2C3D4E", 2)]
    assert plant.inbox() == []


def test_a_gs1_code_finds_its_unit(plant: Any, tools: Any) -> None:
    answer = plant.scan(f"]C101{tools.gtin}211000")

    assert (answer.status, answer.subject) == ("applied", A)


def test_the_gateways_own_keys_are_believed(plant: Any, tools: Any) -> None:
    answer = plant.scan("whatever the scanner sends", keys={"gtin": tools.gtin, "serial": "1000"})

    assert (answer.status, answer.subject) == ("applied", A)


def test_a_typed_number_finds_its_unit(plant: Any) -> None:
    assert plant.scan(" u-1000 ").subject == A


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("HELLO", "quarantined", "unknown_code"),
        ("OLU9999V", "quarantined", "unreadable_code"),
        ("]C101095060001343522199", "quarantined", "unknown_code"),
        ("]C101040063813339312112", "quarantined", "foreign_code"),
        ("7032069804989", "quarantined", "unreadable_code"),
        ("4006381333931", "refused", "not_a_unit"),
        ("<script>alert(1)</script>", "quarantined", "unknown_code"),
        ("'; DROP TABLE unit;--", "quarantined", "unknown_code"),
        ("\x1b[2J\x07", "quarantined", "unreadable_code"),
        ("x" * 4096, "quarantined", "unknown_code"),
        ("𝛼\u202e\u2028", "quarantined", "unreadable_code"),
    ],
)
def test_an_unknown_code_waits_in_the_inbox(plant: Any, code: str, status: str, reason: str) -> None:
    answer = plant.scan(code)

    assert (answer.status, answer.reason, answer.signal) == (status, reason, "stop")
    inbox = plant.inbox()
    if status == "quarantined":
        assert [(one.reason, one.state, one.say) for one in inbox] == [(reason, "open", answer.say)]
        assert "inbox" in plant.topics
        payload = plant.sql("SELECT payload FROM event")[0][0]
        assert "read_point" in payload
    else:
        assert inbox == []
    assert len(plant.sql("SELECT id FROM unit")) == 6


def test_an_unknown_read_point_waits_in_the_inbox(plant: Any, tools: Any) -> None:
    answer = plant.scan(tools.code(A), "nowhere-1")
    nameless = plant.send(plant.event(tools.code(A), read_point=None)).results[0]

    assert (answer.status, answer.reason) == ("quarantined", "unknown_read_point")
    assert (
        answer.say
        == "The read point nowhere-1 is not known. OLU1000"
        + tools.code(A)[-1]
        + " waits in the inbox; tell the office."
    )
    assert nameless.reason == "unknown_read_point"
    assert [one.read_point for one in plant.inbox()] == ["nowhere-1", None]


def test_bytes_that_are_no_text_wait_in_the_inbox(plant: Any) -> None:
    answer = plant.send(plant.event(raw="AAECA/8=")).results[0]

    assert (answer.status, answer.reason) == ("quarantined", "unreadable_code")


def test_codes_of_papers_are_no_units(plant: Any) -> None:
    from orderlight.autoid import OwnCode

    for kind in ("W", "Q", "D"):
        answer = plant.scan(str(OwnCode(kind, "1000")))
        assert (answer.status, answer.reason) == ("refused", "not_a_unit")


def test_devices_tell_of_themselves(plant: Any) -> None:
    lost = plant.send(plant.event(None, kind="reader_lost", reader="scanner-1")).results[0]
    started = plant.send(plant.event(None, kind="gateway_started", read_point=None)).results[0]

    assert (lost.status, lost.action, lost.say) == ("applied", "noted", "Noted.")
    assert started.say == "gw-1 has started."
    assert "gateways" in plant.topics


def test_verdicts_are_said_in_the_language_of_the_station(plant: Any, tools: Any) -> None:
    from server.ingest.door import Door

    german = {"{operation} done: {unit}, {count} of {total}. Next: {next}.": "{unit}: {operation} fertig."}
    door = Door(actor="gateway:gw-1", translate=lambda message: german.get(message, message))

    answer = plant.send(plant.event(tools.code(A)), door=door).results[0]

    assert answer.say == "U-1000: Cut fertig."


def test_each_verdict_carries_what_the_customer_wants_seen(plant: Any, tools: Any) -> None:
    # Given alerts of one customer and none of the other
    def warn(session: Any) -> None:
        number = plant.customers["Aurora Bikes"]
        session.execute(
            update(Customer).where(Customer.number == number).values(alerts="Safety part.\n\n Two labels. ")
        )

    plant.database.write(warn)

    # When a run begins, goes on the short way, and a unit of the other comes between
    begun = plant.event(tools.code(A))
    first, middle = plant.send(begun).results[0], plant.scan(tools.code(B))
    refused, theirs = plant.scan(tools.code(A)), plant.scan(tools.code(OTHER))

    # Then the operator is told with each scan of that customer, refused or not
    assert [answer.status for answer in (first, middle, refused, theirs)] == [
        "applied",
        "applied",
        "refused",
        "applied",
    ]
    assert first.alerts == middle.alerts == refused.alerts == ("Safety part.", "Two labels.")
    assert theirs.alerts == ()
    shown = [verdict.get("alerts") for verdict in plant.station("cut").verdicts]
    assert shown == [None, *[["Safety part.", "Two labels."]] * 3]
    assert plant.send(begun).results[0].alerts == first.alerts


def test_a_station_remembers_its_last_eight_verdicts(plant: Any, tools: Any) -> None:
    for place in range(9):
        plant.scan(f"CODE-{place}")
    plant.scan(tools.code(A))

    verdicts = plant.station("cut").verdicts
    assert [verdict["code"] for verdict in verdicts][:2] == [tools.code(A), "CODE-8"]
    assert len(verdicts) == 8
    assert verdicts[0] == {
        "event_id": 10, "gateway": "gw-1", "epoch": plant.epoch, "sequence": 10,
        "observed_at": plant.now.isoformat(), "code": tools.code(A), "status": "applied",
        "action": "operation_completed", "subject": A, "order": "SO-1000",
        "say": "Cut done: U-1000, 1 of 3. Next: Weld.", "signal": "ok", "reason": None, "undo": True, "undone": False,
    }  # fmt: skip
