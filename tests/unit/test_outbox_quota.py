"""A full outbox says so, keeps what it promised, and goes on when there is room again."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.outbox import Outbox, OutboxError, OutboxFull, Quota
from gateway.outbox.commit import Committer
from gateway.outbox.quota import Room
from gateway.outbox.store import Store
from orderlight.events import Event, EventKind

QUOTA = Quota(max_bytes=400_000, min_free_bytes=0, ballast_bytes=65_536)
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def scan(code: str = "x" * 1000) -> Event:
    return Event(sequence=0, kind=EventKind.CODE_SCANNED, observed_at=AT, reader="scanner-1", code=code)


def tag(epc: str = "30" * 500) -> Event:
    return Event(sequence=0, kind=EventKind.TAG_ARRIVED, observed_at=AT, reader="gate-1", epc=epc)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox.open(tmp_path, QUOTA)
    yield box
    box.close()


def fill_with_scans(box: Outbox) -> int:
    for count in range(10_000):
        try:
            box.append(scan()).wait(5)
        except OutboxFull:
            return count
    raise AssertionError("The outbox never became full.")


def test_the_high_water_mark_lies_below_the_limit() -> None:
    assert QUOTA.room(0) is Room.FREE
    assert QUOTA.room(QUOTA.high_water_bytes) is Room.TIGHT
    assert QUOTA.room(QUOTA.max_bytes) is Room.FULL


def test_a_scan_that_finds_no_room_is_refused_with_the_reason_and_the_fix(outbox: Outbox) -> None:
    fill_with_scans(outbox)

    with pytest.raises(OutboxFull, match="Bring the server back, or raise the limit"):
        outbox.append(scan()).wait(5)

    figures = outbox.figures()
    assert figures.full is not None
    assert figures.refused >= 2


def test_scans_that_were_accepted_stay_when_it_is_full(outbox: Outbox) -> None:
    accepted = fill_with_scans(outbox)

    assert outbox.figures().backlog == accepted + 1
    assert outbox.figures().shed == 0


def test_a_full_outbox_takes_events_again_once_it_drains(outbox: Outbox) -> None:
    accepted = fill_with_scans(outbox)

    outbox.delete(outbox.epoch, range(1, accepted // 2))

    assert outbox.figures().full is None
    assert outbox.append(scan()).wait(5) == accepted + 2


def test_tag_events_give_way_to_scans_and_are_counted(outbox: Outbox) -> None:
    for _ in range(200):
        outbox.append(tag()).wait(5)

    scans = [outbox.append(scan()).wait(5) for _ in range(250)]

    assert len(scans) == 250
    shed = outbox.events_shed()
    assert sum(run.count for run in shed) == outbox.figures().shed > 0
    assert shed[0].epoch == outbox.epoch
    assert shed[0].first_sequence == 2


def test_a_tag_event_is_refused_where_only_scans_could_give_way(outbox: Outbox) -> None:
    while outbox.figures().bytes_used < QUOTA.high_water_bytes:
        outbox.append(scan()).wait(5)

    with pytest.raises(OutboxFull, match="kept for scans"):
        outbox.append(tag()).wait(5)

    assert outbox.append(scan()).wait(5)


def test_old_tag_events_are_shed_at_the_next_start_and_old_scans_are_kept(tmp_path: Path) -> None:
    clock = Clock()
    first = Outbox.open(tmp_path, QUOTA, clock=clock)
    first.append(tag()).wait(5)
    first.append(scan()).wait(5)
    first.close()

    clock.now += 31 * 86_400
    second = Outbox.open(tmp_path, QUOTA, clock=clock)
    kept, runs = second.oldest(10, 100_000), second.events_shed()
    second.close()

    assert kept is not None
    assert kept.sequences == (1, 3)
    assert [(run.first_sequence, run.reason) for run in runs] == [(2, "older than outbox.max_age_days")]


def test_too_little_free_disk_refuses_before_the_disk_is_full(tmp_path: Path) -> None:
    box = Outbox.open(tmp_path, replace(QUOTA, min_free_bytes=2**60))

    with pytest.raises(OutboxFull, match="Free some space on the gateway"):
        box.append(scan()).wait(5)
    box.close()


class FullDisk:
    """Makes commits fail as a full disk does, as long as the ballast is held or `hard` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self.on = False
        self.ballast = directory / "ballast"
        insert, delete = Store.insert, Store.delete
        disk = self

        def failing_insert(store: Store, *args: object) -> None:
            disk.check(hard=True)
            insert(store, *args)  # type: ignore[arg-type]

        def failing_delete(store: Store, *args: object) -> int:
            disk.check(hard=False)
            return delete(store, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(Store, "insert", failing_insert)
        monkeypatch.setattr(Store, "delete", failing_delete)

    def check(self, *, hard: bool) -> None:
        if self.on and (hard or self.ballast.exists()):
            raise sqlite3.OperationalError("database or disk is full")


def test_a_full_disk_refuses_the_scan_and_gives_the_ballast_back_so_that_deletes_work(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, tmp_path)
    outbox.append(scan()).wait(5)
    held_before = disk.ballast.exists()

    disk.on = True
    with pytest.raises(OutboxFull, match="disk is full"):
        outbox.append(scan()).wait(5)
    deleted = outbox.delete(outbox.epoch, [1])

    assert held_before
    assert deleted == 1
    assert outbox.figures().backlog == 1


def test_a_delete_alone_on_a_full_disk_releases_the_ballast_too(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, tmp_path)
    disk.on = True

    assert outbox.delete(outbox.epoch, [1]) == 1


def test_after_a_full_disk_the_numbers_go_on_without_a_gap(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, tmp_path)
    before = outbox.append(scan()).wait(5)
    disk.on = True
    with pytest.raises(OutboxFull):
        outbox.append(scan()).wait(5)

    disk.on = False

    assert outbox.append(scan()).wait(5) == before + 1
    assert outbox.figures().full is None


def test_a_gateway_that_starts_on_a_full_disk_opens_its_epoch_with_the_first_event_that_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, tmp_path)
    disk.on = True
    box = Outbox.open(tmp_path, QUOTA)
    nothing = box.oldest(10, 10_000)

    disk.on = False
    sequence = box.append(scan()).wait(5)
    parcel = box.oldest(10, 10_000)
    box.close()

    assert nothing is None
    assert sequence == 2
    assert parcel is not None
    assert b"gateway_started" in parcel.bodies[0]


def test_a_fault_of_the_writer_itself_is_never_reported_as_stored(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Committer, "_insert", explode)

    with pytest.raises(OutboxError, match="Input/output error"):
        outbox.append(scan()).wait(5)


def test_room_given_back_for_deletes_is_not_eaten_by_events(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, tmp_path)
    disk.on = True
    with pytest.raises(OutboxFull):
        outbox.append(scan()).wait(5)
    disk.on = False
    monkeypatch.setattr("gateway.outbox.commit.free_bytes", lambda _directory: QUOTA.ballast_bytes)

    with pytest.raises(OutboxFull, match="Free some space"):
        outbox.append(scan()).wait(5)

    monkeypatch.setattr("gateway.outbox.commit.free_bytes", lambda _directory: 10 * QUOTA.ballast_bytes)
    assert outbox.append(scan()).wait(5) == 2


def test_after_a_long_absence_the_file_gives_its_room_back(tmp_path: Path) -> None:
    box = Outbox.open(tmp_path, Quota(min_free_bytes=0, ballast_bytes=0))
    for _ in range(10):
        [box.append(scan()) for _ in range(1500)][-1].wait(10)
    largest = (tmp_path / "outbox.db").stat().st_size

    while (parcel := box.oldest(500, 512 * 1024)) is not None:
        box.delete(parcel.epoch, parcel.sequences)
    for _ in range(8):
        box.delete(box.epoch, [box.append(scan()).wait(5)])
    box.close()

    assert (tmp_path / "outbox.db").stat().st_size < largest // 2
