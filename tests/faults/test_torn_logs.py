"""A power cut in the middle of a write: whatever it leaves of the outbox's log, what was on disk is still there.

SQLite flushes the log with each commit that carries events, so a cut can touch only what was written after the last
flush. The end of the log is cut, garbled, zeroed or filled with strange bytes; then the outbox is opened again.
"""

import json
import random
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from gateway.outbox import Outbox, Quota
from orderlight.events import Event, EventKind

pytestmark = pytest.mark.faults

CASES: Final = 400
QUOTA: Final = Quota(min_free_bytes=0, ballast_bytes=0)
AT: Final = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
STEPS: Final = 60
#: Sequences with their bodies, as the outbox holds them.
State = dict[int, bytes]


@dataclass(frozen=True)
class Life:
    """What one life of a gateway left on its disk."""

    epoch: str
    database: bytes
    log: bytes
    #: What the outbox held after each of its commits, from the last checkpoint on; and how long the log was then.
    states: tuple[State, ...]
    marks: tuple[int, ...]
    #: Whether the commit flushed the log: a commit that only forgets what was delivered does not.
    flushed: tuple[bool, ...]


def scan(number: int) -> Event:
    code = f"OLU{number:05}" + "x" * (number * 37 % 900)
    return Event(sequence=0, kind=EventKind.CODE_SCANNED, observed_at=AT, reader="scanner-1", code=code)


def held(box: Outbox) -> State:
    parcel = box.oldest(10_000, 10**9)
    return {} if parcel is None else dict(zip(parcel.sequences, parcel.bodies, strict=True))


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Scans and deliveries in turn, with a checkpoint half-way, so that the log begins anew over its old frames."""
    folder = tmp_path_factory.mktemp("life")
    chance, box = random.Random(5), Outbox.open(folder, QUOTA)
    for number in range(STEPS):
        box.append(scan(number)).wait(10)
    other = sqlite3.connect(folder / "outbox.db")
    assert other.execute("PRAGMA wal_checkpoint(FULL)").fetchone()[0] == 0
    other.close()
    states, marks, flushed = [held(box)], [0], [True]
    for number in range(STEPS, 2 * STEPS):
        is_scan = chance.random() < 0.7
        if is_scan:
            box.append(scan(number)).wait(10)
        else:
            assert box.delete(box.epoch, sorted(states[-1])[:2]) == 2
        states.append(held(box))
        marks.append(log_end((folder / "outbox.db-wal").read_bytes()))
        flushed.append(is_scan)
    database, log = ((folder / name).read_bytes() for name in ("outbox.db", "outbox.db-wal"))
    box.close()
    return Life(box.epoch, database, log, tuple(states), tuple(marks), tuple(flushed))


def log_end(log: bytes) -> int:
    """Where the frames of the present round end: they carry its salt (sqlite.org/fileformat2.html, 4.1)."""
    page, salt, end = struct.unpack_from(">I", log, 8)[0], log[16:24], 32
    while log[end + 8 : end + 16] == salt:
        end += 24 + page
    return end


def cut(tail: bytes, chance: random.Random) -> bytes:
    return tail[: chance.randrange(len(tail) + 1)]


def garble(tail: bytes, chance: random.Random) -> bytes:
    torn = bytearray(tail)
    for _ in range(chance.randrange(1, 40)):
        torn[chance.randrange(len(torn))] ^= chance.randrange(1, 256)
    return bytes(torn)


def blank(tail: bytes, chance: random.Random) -> bytes:
    """A sector of 512 bytes that never came to the disk."""
    at = chance.randrange(len(tail))
    return tail[:at] + bytes(min(512, len(tail) - at)) + tail[at + 512 :]


def fill(tail: bytes, chance: random.Random) -> bytes:
    """The file is as long as it should be, and holds what was there before on the disk."""
    kept = cut(tail, chance)
    return kept + chance.randbytes(len(tail) - len(kept))


DAMAGES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (cut, garble, blank, fill)


def test_a_torn_log_costs_nothing_that_was_flushed_and_invents_nothing(life: Life, tmp_path: Path) -> None:
    assert life.marks[1] < life.marks[-1] <= len(life.log)
    whole = 0

    for case in range(CASES):
        chance = random.Random(case)
        step = chance.choice([step for step, flushed in enumerate(life.flushed) if flushed and step < STEPS])
        mark = life.marks[step]
        tail = DAMAGES[case % len(DAMAGES)](life.log[mark:], chance)

        found, told = reopen(tmp_path / str(case), life, life.log[:mark] + tail)

        # The outbox stands where it stood after this commit or a later one: no hole, nothing between.
        assert found in life.states[step:], f"case {case}: {sorted(found)} after step {step}"
        assert told[0] == life.epoch
        assert told[1] >= max(life.states[step])
        whole += found == life.states[-1]

    # Else the damage was never where it matters.
    assert whole < CASES / 2


def test_a_disk_that_lied_about_its_flushes_leaves_a_whole_earlier_state(life: Life, tmp_path: Path) -> None:
    """Damage anywhere in the log, its head included: nothing that was checkpointed is lost, and nothing is invented."""
    for case in range(CASES // 4):
        chance = random.Random(case)
        log = DAMAGES[case % len(DAMAGES)](life.log, chance)

        found, _told = reopen(tmp_path / str(case), life, log)

        assert found in life.states, f"case {case}: {sorted(found)}"


def reopen(folder: Path, life: Life, log: bytes) -> tuple[State, tuple[str, int]]:
    """What the next life finds of the one before, and what its first event tells of that."""
    folder.mkdir()
    (folder / "outbox.db").write_bytes(life.database)
    (folder / "outbox.db-wal").write_bytes(log)
    box = Outbox.open(folder, QUOTA)
    try:
        found = held(box)
        assert box.epoch != life.epoch
        assert box.alarms() == []
        assert box.delete(life.epoch, found) == len(found)
        started = Event.parse(json.loads(held(box)[1]))
    finally:
        box.close()
    return found, (started.previous_epoch or "", started.previous_last_sequence or 0)
