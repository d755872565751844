"""Each event once: repeats, conflicts, gaps, doubles, broken events and broken clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import to_builtins

from orderlight.events import Batch, Event
from server.errors import Conflict
from server.ingest.door import Door
from server.ingest.reads import items_of
from server.journal.models import EventIdentity, EventRecord, EventSource, Fact

A, B, C = "U-1000", "U-1001", "U-1002"


def test_a_repeated_event_gets_its_first_answer_and_no_second_effect(plant: Any, tools: Any) -> None:
    event = plant.event(tools.code(A))
    first = plant.send(event).results[0]

    again = plant.send(event).results[0]

    assert again.status == "duplicate"
    assert (again.say, again.action, again.subject, again.undo) == (first.say, first.action, first.subject, first.undo)
    assert plant.count(Fact) == len(plant.sql("SELECT id FROM fact"))
    assert plant.facts() == [("operation_completed", A)]
    assert plant.operation(A, 10).good == 1


def test_an_event_that_stands_twice_in_one_batch_counts_once(plant: Any, tools: Any) -> None:
    event = plant.event(tools.code(A))

    receipt = plant.send(event, event)

    assert [answer.status.value for answer in receipt.results] == ["applied", "duplicate"]
    assert plant.operation(A, 10).good == 1


def test_a_batch_partly_known_takes_in_only_what_is_new(plant: Any, tools: Any) -> None:
    known, new = plant.event(tools.code(A)), plant.event(tools.code(B))
    plant.send(known)

    receipt = plant.send(known, new)

    assert [answer.status.value for answer in receipt.results] == ["duplicate", "applied"]
    assert receipt.committed_sequence == 2
    assert plant.operation(A, 10).good == 2


def test_other_content_under_a_known_number_is_refused_and_kept(plant: Any, tools: Any) -> None:
    event = plant.event(tools.code(A))
    plant.send(event)

    answer = plant.send(event | {"code": tools.code(B)}).results[0]

    assert (answer.status, answer.reason, answer.signal) == ("refused", "identity_conflict", "stop")
    assert answer.say == "Event 1 of gw-1 came before with other content. The first one stands; this one is kept."
    assert plant.facts() == [("operation_completed", A)]
    assert [one.reason for one in plant.inbox()] == ["identity_conflict"]
    assert tools.code(B) in plant.sql("SELECT payload FROM event WHERE reason = 'identity_conflict'")[0][0]
    assert plant.topics >= {"inbox", "gateways"}


def test_committed_sequence_stops_at_a_gap_and_goes_on_when_it_closes(plant: Any, tools: Any) -> None:
    events = [plant.event(f"CODE-{place}") for place in range(6)]

    assert plant.send(events[0], events[1]).committed_sequence == 2
    assert plant.send(events[3], events[5]).committed_sequence == 2
    assert plant.send(events[2]).committed_sequence == 4
    assert plant.send(events[4]).committed_sequence == 6
    source = plant.one(EventSource, gateway="gw-1")
    assert (source.contiguous_sequence, source.max_sequence) == (6, 6)


def test_a_jump_to_the_end_of_all_numbers_is_only_a_gap(plant: Any, tools: Any) -> None:
    answer = plant.send(plant.event(tools.code(A), sequence=2**63 - 1))

    assert (answer.results[0].status, answer.committed_sequence) == ("applied", 0)


def test_events_are_judged_in_source_order_however_they_lie_in_the_batch(plant: Any, tools: Any) -> None:
    first, second = plant.event(tools.code(A), "cut-end"), plant.event(tools.code(A), "weld-end")

    receipt = plant.send(second, first)

    assert [(answer.sequence, answer.status.value) for answer in receipt.results] == [(1, "applied"), (2, "applied")]


def test_one_bad_event_never_stops_the_others(plant: Any, tools: Any) -> None:
    good, other = plant.event(tools.code(A)), plant.event(tools.code(B))
    bad = plant.event(tools.code(C), antenna="left")
    strange = plant.event(tools.code(C), kind="drone_landed")
    empty = plant.event(None)

    receipt = plant.send(good, bad, strange, empty, "not even an object", other)

    found = {answer.sequence: (answer.status.value, answer.reason) for answer in receipt.results}
    assert found == {
        1: ("applied", None),
        2: ("applied", None),
        3: ("quarantined", "bad_field"),
        4: ("quarantined", "unknown_kind"),
        5: ("quarantined", "bad_field"),
        None: ("quarantined", "bad_field"),
    }
    assert receipt.committed_sequence == 5
    assert [one.reason for one in plant.inbox()] == ["bad_field", "bad_field", "unknown_kind", "bad_field"]
    assert "antenna" in receipt.results[2].say
    payloads = [row[0] for row in plant.sql("SELECT payload FROM event WHERE status = 'quarantined' ORDER BY id")]
    assert "not even an object" in payloads[0]
    assert "drone_landed" in payloads[2]


def test_a_bad_event_without_a_number_is_kept_once_however_often_it_comes(plant: Any) -> None:
    told = []
    for _ in range(3):
        receipt = plant.send({"kind": "code_scanned"}, plant.event("OLU1000X"))
        wire = to_builtins(receipt)["results"]
        assert [one["sequence"] for one in wire] == [receipt.results[0].sequence, None]
        told.append((wire[-1]["status"], wire[-1]["reason"]))

    assert told == [("quarantined", "bad_field"), ("duplicate", "bad_field"), ("duplicate", "bad_field")]
    assert [one.reason for one in plant.inbox()].count("bad_field") == 1


def test_characters_that_databases_fear_are_kept(plant: Any) -> None:
    receipt = plant.send(
        plant.event("A\x00B"), plant.event("\ud800"), plant.event("ok", note="\x00"), plant.event("x" * 10_000)
    )

    assert {answer.status.value for answer in receipt.results} == {"quarantined"}
    assert {answer.reason for answer in receipt.results} == {"bad_field"}
    payloads = "".join(row[0] for row in plant.sql("SELECT payload FROM event"))
    assert "A\\\\u0000B" in payloads
    assert "x" * 10_000 in payloads


@pytest.mark.parametrize("observed_at", ["2000-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "2199-01-01T00:00:00Z"])
def test_a_wrong_clock_does_not_decide_when_something_happened(plant: Any, tools: Any, observed_at: str) -> None:
    answer = plant.scan(tools.code(A), observed_at=observed_at)

    assert answer.status == "applied"
    event = plant.one(EventRecord, sequence=1)
    assert event.clock_suspect
    assert event.observed_at == event.recorded_at == plant.now
    assert event.payload["observed_at"].startswith(observed_at[:19])
    assert plant.unit(A).last_seen_at == plant.now


def test_a_clock_slightly_ahead_is_believed(plant: Any, tools: Any) -> None:
    ahead = plant.now + timedelta(minutes=4)

    plant.scan(tools.code(A), observed_at=ahead.isoformat())

    event = plant.one(EventRecord, sequence=1)
    assert (event.observed_at, event.clock_suspect) == (ahead, False)


def test_a_gateway_that_doubts_its_clock_is_not_believed(plant: Any, tools: Any) -> None:
    plant.scan(tools.code(A), clock_suspect=True, observed_at="2026-11-01T00:00:00Z")

    assert plant.one(EventRecord, sequence=1).observed_at == plant.now


def test_the_stored_hash_is_that_of_the_event(plant: Any, tools: Any) -> None:
    event = plant.event(tools.code(A), antenna=3, rssi_dbm=-51.5, extra_field={"new": [1, 2]})
    plant.send(event)

    stored = plant.one(EventIdentity, sequence=1)
    assert bytes(stored.content_hash) == Event.parse(event).content_hash()


def test_items_keep_their_order_and_their_content() -> None:
    events = tuple(
        Event.parse({"sequence": number, "kind": "code_scanned", "code": "X", "observed_at": "2026-11-22T08:00:00Z"})
        for number in (3, 1, 2)
    )

    items = items_of(Batch("gw", "0" * 16, events), Door(actor="gateway:gw"), now=datetime(2026, 11, 22, 9, tzinfo=UTC))

    assert [item.sequence for item in items] == [1, 2, 3]


# --- two lives of one gateway ---

OLD, NEW = "00000000000000a1", "00000000000000a2"


def started(plant: Any, previous: str | None, last: int | None) -> dict[str, Any]:
    plant.sequence = 0
    about = {"previous_epoch": previous, "previous_last_sequence": last}
    return plant.event(
        None, kind="gateway_started", **{key: value for key, value in about.items() if value is not None}
    )


def test_a_restart_drains_what_the_life_before_left(plant: Any, tools: Any) -> None:
    begin, one, two = started(plant, None, None), plant.event(tools.code(A)), plant.event(tools.code(B))
    plant.send(begin, one, epoch=OLD)
    plant.send(started(plant, OLD, 3), epoch=NEW)

    receipt = plant.send(two, epoch=OLD)

    assert receipt.results[0].status == "applied"
    assert receipt.committed_sequence == 3


def test_a_restart_drains_even_when_the_old_clock_was_ahead(plant: Any, tools: Any) -> None:
    plant.send(started(plant, None, None), epoch=OLD)
    ahead = (plant.now + timedelta(minutes=4)).isoformat()
    left = plant.event(tools.code(A), observed_at=ahead)
    plant.send(started(plant, OLD, 2), epoch=NEW)

    assert plant.send(left, epoch=OLD).results[0].status == "applied"


def test_a_late_request_of_a_lost_life_is_taken_in(plant: Any, tools: Any) -> None:
    late = plant.event(tools.code(A))
    plant.send(started(plant, None, None), epoch=OLD)
    plant.send(started(plant, None, None), epoch=NEW)

    assert plant.send(late | {"sequence": 2}, epoch=OLD).results[0].status == "applied"


def test_a_double_that_goes_on_after_a_later_life_began_is_refused(plant: Any, tools: Any) -> None:
    plant.send(started(plant, None, None), plant.event("X-1"), epoch=OLD)
    plant.send(started(plant, OLD, 2), plant.event(tools.code(B)), epoch=NEW)
    goes_on = plant.event(tools.code(A)) | {"sequence": 3}

    with pytest.raises(Conflict) as refusal:
        plant.send(goes_on, epoch=OLD)

    assert refusal.value.reason == "cloned_gateway"
    assert plant.facts() == [("operation_completed", B)]


def test_two_copies_of_one_memory_card_do_not_both_go_on(plant: Any, tools: Any) -> None:
    before = "00000000000000a0"
    plant.send(started(plant, before, 7), epoch=OLD)
    plant.send(started(plant, before, 7), epoch=NEW)
    second = plant.event(tools.code(A))

    with pytest.raises(Conflict):
        plant.send(second, epoch=OLD)
    assert plant.send(second, epoch=NEW).results[0].status == "applied"


def test_a_double_may_still_ask_again_for_answers_it_has_not_seen(plant: Any, tools: Any) -> None:
    begin = started(plant, None, None)
    event = plant.event(tools.code(A))
    plant.send(begin, event, epoch=OLD)
    plant.send(started(plant, OLD, 2), epoch=NEW)

    assert [answer.status.value for answer in plant.send(begin, event, epoch=OLD).results] == ["duplicate"] * 2


# --- what a database cannot hold ---


def test_an_event_the_database_refuses_is_set_aside_alone(plant: Any, tools: Any) -> None:
    if plant.database.is_sqlite:
        plant.change(
            "CREATE TRIGGER no_poison BEFORE INSERT ON event WHEN NEW.payload LIKE '%POISON%' "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    else:
        plant.change("ALTER TABLE event ADD CONSTRAINT no_poison CHECK (payload NOT LIKE '%POISON%')")
    events = [plant.event(f"CODE-{place}") for place in range(9)]
    events[4] = events[4] | {"code": "POISON"}

    try:
        receipt = plant.send(*events[:7], plant.event(tools.code(A)), *events[7:])
    finally:
        if not plant.database.is_sqlite:
            plant.change("ALTER TABLE event DROP CONSTRAINT no_poison")

    reasons = [answer.reason for answer in receipt.results]
    assert reasons == ["unknown_code"] * 4 + ["internal_fault"] + ["unknown_code"] * 4 + [None]
    assert plant.facts() == [("operation_completed", A)]
    assert plant.count(EventRecord) == 10
    assert len(plant.inbox()) == 9


def test_a_rule_that_stumbles_concerns_its_own_event_alone(
    plant: Any, tools: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from server.ingest import fold
    from server.tracking.judge import judge

    def stumble(world: Any, read: Any, **about: Any) -> Any:
        if read.named.shown == "STUMBLE":
            raise KeyError("a fault of ours")
        return judge(world, read, **about)

    monkeypatch.setattr(fold, "judge", stumble)

    receipt = plant.send(plant.event(tools.code(A)), plant.event("STUMBLE"), plant.event(tools.code(B)))

    assert [answer.reason for answer in receipt.results] == [None, "internal_fault", None]
    assert plant.operation(A, 10).good == 2
    assert "event_not_judged" in caplog.text
