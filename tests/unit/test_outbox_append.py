"""What the outbox promises to whoever stores, sends and forgets."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.outbox import Outbox, OutboxError, OutboxInUse, Quota
from gateway.outbox.rows import INSERT, lots
from orderlight.events import Event, EventKind

QUOTA = Quota(min_free_bytes=0, ballast_bytes=4096)
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def scan(code: str = "OLU0011I") -> Event:
    return Event(sequence=0, kind=EventKind.CODE_SCANNED, observed_at=AT, reader="scanner-1", code=code)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox.open(tmp_path, QUOTA)
    yield box
    box.close()


def bodies(box: Outbox) -> list[dict[str, object]]:
    parcel = box.oldest(500, 512 * 1024)
    return [] if parcel is None else [json.loads(body) for body in parcel.bodies]


def test_an_epoch_begins_with_gateway_started_as_sequence_one(outbox: Outbox) -> None:
    first = bodies(outbox)[0]

    assert first["kind"] == "gateway_started"
    assert first["sequence"] == 1
    assert len(outbox.epoch) == 16
    assert int(outbox.epoch, 16) >= 0


def test_every_stored_body_is_an_event_with_its_own_sequence(outbox: Outbox) -> None:
    sequences = [outbox.append(scan(code)).wait(5) for code in ("A", "B", "C")]

    stored = [Event.parse(body) for body in bodies(outbox)]

    assert sequences == [2, 3, 4]
    assert [(event.sequence, event.code) for event in stored[1:]] == [(2, "A"), (3, "B"), (4, "C")]


def test_groups_of_every_size_go_in_by_a_few_statements_with_nothing_left_out() -> None:
    for count in range(400):
        found = list(lots(count))

        assert [row for start, end in found for row in range(start, end)] == list(range(count))
        assert {end - start for start, end in found} <= set(INSERT)
    assert len(INSERT) < 10


def test_a_ticket_returns_only_after_the_event_can_be_read_by_another_connection(
    outbox: Outbox, tmp_path: Path
) -> None:
    sequence = outbox.append(scan("X")).wait(5)

    other = sqlite3.connect(tmp_path / "outbox.db")
    found = other.execute("SELECT body FROM event ORDER BY position DESC LIMIT 1").fetchone()[0]
    other.close()

    assert json.loads(found)["sequence"] == sequence


def test_what_many_threads_store_is_numbered_without_gap_or_double(outbox: Outbox) -> None:
    numbers: list[int] = []

    def store() -> None:
        numbers.extend(ticket.wait(10) for ticket in [outbox.append(scan()) for _ in range(500)])

    threads = [threading.Thread(target=store) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(2, 4002))
    assert outbox.figures().backlog == 4001


def test_an_event_leaves_only_when_it_is_named(outbox: Outbox) -> None:
    for code in "ABC":
        outbox.append(scan(code)).wait(5)

    gone = outbox.delete(outbox.epoch, [1, 3, 99])

    assert gone == 2
    assert [body["sequence"] for body in bodies(outbox)] == [2, 4]
    assert outbox.figures().backlog == 2


def test_a_drained_outbox_never_uses_a_number_again(outbox: Outbox) -> None:
    last = outbox.append(scan()).wait(5)
    outbox.delete(outbox.epoch, range(1, last + 1))

    assert outbox.oldest(10, 1000) is None
    assert outbox.append(scan()).wait(5) == last + 1


def test_a_restart_names_the_epoch_before_it_and_its_last_sequence(tmp_path: Path) -> None:
    before = Outbox.open(tmp_path, QUOTA)
    last = before.append(scan()).wait(5)
    before.delete(before.epoch, range(1, last + 1))
    before.close()

    after = Outbox.open(tmp_path, QUOTA)
    started = bodies(after)[0]
    after.close()

    assert after.epoch != before.epoch
    assert started["previous_epoch"] == before.epoch
    assert started["previous_last_sequence"] == last


def test_a_parcel_holds_one_epoch_and_the_older_one_comes_first(tmp_path: Path) -> None:
    before = Outbox.open(tmp_path, QUOTA)
    before.append(scan("old")).wait(5)
    before.close()
    after = Outbox.open(tmp_path, QUOTA)
    after.append(scan("new")).wait(5)

    first = after.oldest(500, 512 * 1024)
    assert first is not None
    after.delete(first.epoch, first.sequences)
    second = after.oldest(500, 512 * 1024)
    after.close()

    assert first.epoch == before.epoch
    assert first.sequences == (1, 2)
    assert second is not None
    assert second.epoch == after.epoch


def test_a_parcel_keeps_within_the_bytes_but_always_holds_one_event(outbox: Outbox) -> None:
    outbox.append(scan("x" * 3000)).wait(5)
    outbox.append(scan("y" * 3000)).wait(5)
    outbox.delete(outbox.epoch, [1])

    small = outbox.oldest(500, 100)
    exact = outbox.oldest(500, 4000)

    assert small is not None
    assert exact is not None
    assert small.sequences == exact.sequences == (2,)


def test_an_event_set_aside_is_out_of_the_way_and_kept_with_its_reason(outbox: Outbox, tmp_path: Path) -> None:
    sequence = outbox.append(scan("bad")).wait(5)

    outbox.set_aside(outbox.epoch, sequence, "No field may hold NUL.", 1.5)

    assert [body["sequence"] for body in bodies(outbox)] == [1]
    kept = outbox.events_set_aside()
    assert [(record.sequence, record.reason, record.at) for record in kept] == [
        (sequence, "No field may hold NUL.", 1.5)
    ]
    assert outbox.figures().set_aside == 1


def test_two_processes_cannot_own_one_data_directory(outbox: Outbox, tmp_path: Path) -> None:
    with pytest.raises(OutboxInUse, match="Stop that one first"):
        Outbox.open(tmp_path, QUOTA)


def test_a_data_directory_that_cannot_be_made_is_said_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OutboxError, match=r"gateway\.data_dir"):
        Outbox.open(tmp_path / "file" / "data", QUOTA)


def test_closing_commits_what_is_queued(tmp_path: Path) -> None:
    box = Outbox.open(tmp_path, QUOTA)
    tickets = [box.append(scan()) for _ in range(100)]
    box.close()

    assert [ticket.wait(0) for ticket in tickets] == list(range(2, 102))
    with pytest.raises(OutboxError, match="stopping"):
        box.append(scan())


def test_the_stored_signal_is_raised_by_events_and_not_by_deletes(outbox: Outbox) -> None:
    outbox.stored.clear()
    outbox.delete(outbox.epoch, [1])
    after_delete = outbox.stored.is_set()

    outbox.append(scan()).wait(5)

    assert not after_delete
    assert outbox.stored.is_set()
