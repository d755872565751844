"""A disk that is really full: scans are refused, none that was accepted is lost, and draining makes room again."""

import contextlib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.outbox import Outbox, OutboxFull, Quota
from orderlight.events import Event, EventKind

pytestmark = pytest.mark.faults

SCAN = Event(
    sequence=0, kind=EventKind.CODE_SCANNED, observed_at=datetime(2026, 11, 22, tzinfo=UTC), reader="s", code="x" * 300
)


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("Mounting a small file system needs root.")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize(("small_disk", "ballast"), [("1m", 200_000), ("16m", 5_000_000)], indirect=["small_disk"])
def test_a_full_disk_keeps_what_it_accepted_and_recovers_when_drained(small_disk: Path, ballast: int) -> None:
    outbox = Outbox.open(small_disk, Quota(max_bytes=10**9, min_free_bytes=0, ballast_bytes=ballast))
    accepted, refused = [1], 0
    while refused < 5:
        try:
            accepted.append(outbox.append(SCAN).wait(10))
        except OutboxFull:
            refused += 1

    drained: list[int] = []
    while (parcel := outbox.oldest(500, 512 * 1024)) is not None:
        drained.extend(parcel.sequences)
        assert outbox.delete(parcel.epoch, parcel.sequences) == len(parcel.sequences)

    assert drained == accepted
    assert outbox.append(SCAN).wait(10) == accepted[-1] + 1
    assert outbox.figures().full is None
    outbox.close()


@pytest.mark.parametrize("small_disk", ["1m"], indirect=True)
def test_events_accepted_before_the_disk_was_full_survive_a_restart(small_disk: Path) -> None:
    quota = Quota(max_bytes=10**9, min_free_bytes=0, ballast_bytes=200_000)
    outbox = Outbox.open(small_disk, quota)
    accepted = [1]
    while outbox.figures().full is None:
        with contextlib.suppress(OutboxFull):
            accepted.append(outbox.append(SCAN).wait(10))
    outbox.close()

    reopened = Outbox.open(small_disk, quota)
    parcel = reopened.oldest(10_000, 10**9)
    reopened.close()

    assert parcel is not None
    assert list(parcel.sequences)[: len(accepted)] == accepted


@pytest.mark.parametrize("small_disk", ["2m"], indirect=True)
def test_a_disk_that_something_else_filled_takes_scans_again_once_that_is_gone(small_disk: Path) -> None:
    outbox = Outbox.open(small_disk, Quota(max_bytes=10**9, min_free_bytes=0, ballast_bytes=200_000))
    accepted = [1, outbox.append(SCAN).wait(10)]
    other = small_disk / "somebody-elses.log"
    with contextlib.suppress(OSError), other.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096) == 4096:
            pass

    refused: list[str] = []
    while len(refused) < 5:
        try:
            accepted.append(outbox.append(SCAN).wait(10))
        except OutboxFull as full:
            refused.append(str(full))
    other.unlink()
    accepted.append(outbox.append(SCAN).wait(10))

    assert all("Free some space on the gateway" in sentence for sentence in refused)
    parcel = outbox.oldest(10_000, 10**9)
    assert parcel is not None
    assert list(parcel.sequences) == accepted == list(range(1, len(accepted) + 1))
    assert outbox.figures().full is None
    outbox.close()
