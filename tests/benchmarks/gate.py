"""Reads of a gate, from the reader's bytes to sightings with their keys: presence in a zone, and passages of a door."""

import random
import time
from datetime import UTC, datetime, timedelta

from figures import Figure, drift, percentile

from gateway.protocols.r200 import NOTIFICATION, POLL, R200Options, R200Parser, crc16_genibus, frame
from gateway.smoothing import PassageOptions, Smoother

#: What one core is asked to take in a second; a reader of today tells about a thousand.
ASKED = 300_000
#: SGTIN-96 of a case; the last four bytes become its serial.
_EPC = bytes.fromhex("3075 49E3 E140 4000 0000 0000")
#: What a driver reads from a busy port at once.
_CHUNK = 512
#: Seconds between two chunks: about a thousand reads a second.
_STEP = 0.02
#: Chunks between two looks for who fell silent: a second.
_SWEEP = 50
#: Two seconds in which nothing is read.
_PAUSE = (b"",) * 2 * _SWEEP
_AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def measure(*, rounds: int, reads: int) -> list[Figure]:
    """Reads per second of processor time.

    Five hundred tags lie on a shelf; pallets of a hundred go through a door, each read ten thousand times; and tags of
    which nothing is known yet are read twice and never again.
    """
    rng = random.Random(5)
    shelf = _chunks([report(rng.randrange(500), rng) for _read in range(reads)])
    pallets = [[report(pallet * 100 + rng.randrange(100), rng) for _read in range(10_000)] for pallet in range(10)]
    door = [piece for pallet in pallets for piece in (*_chunks(pallet), *_PAUSE)]
    new = _chunks([report(number // 2, rng) for number in range(reads // 5)])
    return [
        _figure("reads of a shelf to sightings, presence", [_speed(shelf, is_door=False) for _round in range(rounds)]),
        _figure("reads of a door to sightings, passage", [_speed(door, is_door=True) for _round in range(rounds)]),
        _figure(
            "reads of tags never read before", [_speed(new, is_door=False) for _round in range(rounds)], asked=False
        ),
    ]


def _figure(name: str, speeds: list[float], *, asked: bool = True) -> Figure:
    middle = percentile(speeds, 0.5)
    return Figure(
        name=name,
        value=middle,
        unit="reads/CPU-s",
        ratio=middle / ASKED,
        ratio_of=f"what is asked for ({ASKED:,}/CPU-s)",
        goal=1.0 if asked else None,
        more={"best": max(speeds), "worst": min(speeds), "spread": drift(speeds)},
    )


def memory(tag: int) -> bytes:
    """The EPC of a tag."""
    return _EPC[:8] + tag.to_bytes(4)


def report(tag: int, rng: random.Random) -> bytes:
    """One report of a tag as the module sends it, as loud as it happens to be heard: seven levels."""
    told = b"\x34\x00" + memory(tag)
    rssi = (-60 + rng.randint(-3, 3)) & 0xFF
    return frame(POLL, bytes((rssi,)) + told + crc16_genibus(told).to_bytes(2), kind=NOTIFICATION)


def _chunks(reports: list[bytes]) -> list[bytes]:
    stream = b"".join(reports)
    return [stream[at : at + _CHUNK] for at in range(0, len(stream), _CHUNK)]


def _speed(chunks: list[bytes], *, is_door: bool) -> float:
    """The driver's machine and the gateway's smoothing, one after the other as `gateway.pipeline.flow` has them."""
    parser = R200Parser("gate-1", R200Options(port="/dev/ttyS0"))
    smoother = Smoother({}, lambda reader, _antenna: reader, passages={"gate-1": PassageOptions()} if is_door else {})
    told = reads = 0
    before = time.process_time()
    for number, chunk in enumerate(chunks):
        now = number * _STEP
        at = _AT + timedelta(seconds=now)
        for read in parser.feed(chunk):
            reads += 1
            told += smoother.observe(read, now, at) is not None
        if number % _SWEEP == 0:
            told += len(smoother.sweep(now, at))
    spent = time.process_time() - before
    if not told or reads != sum(map(len, chunks)) // len(report(0, random.Random(0))):
        raise RuntimeError(f"Failed to measure a gate: {told} sightings of {reads} reads are too few.")
    return reads / spent
