"""Events through the outbox, put to deleted, beside the SQLite store of thingsboard-gateway in the same run.

Ours makes each event durable (synchronous=FULL) and numbers it; theirs takes it into a queue in memory, and a thread
writes what is queued with synchronous=NORMAL. Their package is fetched into a folder of this run, no part of ours.
"""

import json
import logging
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from figures import Figure, drift

from gateway.outbox import Outbox
from orderlight.events import GATEWAY_MAX_BYTES, GATEWAY_MAX_EVENTS, Event, EventKind

PEER = "thingsboard-gateway==3.8.5"
_AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
#: Where neither delivers any more, something is wrong with the measuring.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Passed:
    """One round: what came out, in which wall and processor time."""

    came_out: int
    seconds: float
    processor: float


def measure(folder: Path, *, rounds: int, count: int) -> list[Figure]:
    """Events a second through both, in rounds that alternate; without the package only ours is told, and why."""
    storage, fault = _storage(folder / "peer")
    ours: list[Passed] = []
    theirs: list[Passed] = []
    for number in range(rounds):
        if storage is not None:
            theirs.append(_theirs(storage, folder / f"theirs-{number}", count))
        ours.append(_ours(folder / f"ours-{number}", count))
    if storage is not None:
        theirs.append(_theirs(storage, folder / "theirs-last", count))
    return [_rate(ours, theirs, count, fault), *_lost(ours, theirs, count)]


def _rate(ours: list[Passed], theirs: list[Passed], count: int, fault: str) -> Figure:
    rates, anchors = ([count / passed.seconds for passed in all_] for all_ in (ours, theirs))
    ratios = [rate / statistics.mean(pair) for rate, *pair in zip(rates, anchors, anchors[1:], strict=False)]
    more: dict[str, Any] = {"ratios": [round(ratio, 2) for ratio in ratios]}
    more["cpu_us"] = round(statistics.median(passed.processor for passed in ours) / count * 1e6, 1)
    if theirs:
        more["cpu_us_peer"] = round(statistics.median(passed.processor for passed in theirs) / count * 1e6, 1)
    of = f"thingsboard-gateway, NORMAL ({statistics.median(anchors):,.0f}/s)" if anchors else fault
    return Figure(
        name="events through the outbox, FULL",
        value=statistics.median(rates),
        unit="events/s",
        ratio=statistics.median(ratios) if ratios else None,
        ratio_of=of,
        goal=1.0,
        more=more | {"drift": drift(anchors) if len(anchors) > 1 else 0.0},
    )


def _lost(ours: list[Passed], theirs: list[Passed], count: int) -> list[Figure]:
    wrong = sum(abs(passed.came_out - count) for passed in ours)
    more = {"peer": [passed.came_out - count for passed in theirs]}
    return [Figure(name="outbox, lost + doubled", value=wrong, unit="events", more=more)]


# --- the same job for both: a thread puts, another one takes packs and has them deleted ---


def _pass(put_all: Callable[[], None], take: Callable[[], int], is_done: Callable[[int], bool]) -> Passed:
    began, spent = time.perf_counter(), time.process_time()
    putting = threading.Thread(target=put_all)
    putting.start()
    came_out = 0
    while not is_done(came_out) and time.perf_counter() - began < _PATIENCE:
        got = take()
        came_out += got
        if not got:
            time.sleep(0.001)
    passed = Passed(came_out, time.perf_counter() - began, time.process_time() - spent)
    putting.join()
    return passed


def _ours(folder: Path, count: int) -> Passed:
    outbox = Outbox.open(folder)
    events = [_event(number) for number in range(count)]
    first = outbox.oldest(1, GATEWAY_MAX_BYTES)
    if first is not None:
        # The event that tells of the start.
        outbox.delete(first.epoch, first.sequences)

    def put_all() -> None:
        for event in events:
            ticket = outbox.append(event)
        ticket.wait()

    def take() -> int:
        parcel = outbox.oldest(GATEWAY_MAX_EVENTS, GATEWAY_MAX_BYTES)
        return 0 if parcel is None else outbox.delete(parcel.epoch, parcel.sequences)

    try:
        return _pass(put_all, take, lambda came_out: came_out >= count)
    finally:
        outbox.close()


def _event(number: int) -> Event:
    serial = f"SER{number:05}"
    code, keys = f"]C10109506000134352\x1d21{serial}", {"gtin": "09506000134352", "serial": serial}
    return Event(
        sequence=0, kind=EventKind.CODE_SCANNED, observed_at=_AT, read_point="cut-1", reader="scanner-1", code=code,
        keys=keys,
    )  # fmt: skip


def _theirs(storage: Any, folder: Path, count: int) -> Passed:
    """As their service uses it (tb_gateway_service.py): data becomes JSON and is put; packs are read, then done."""
    folder.mkdir()
    store = storage({"data_file_path": f"{folder}/"}, _Log("peer", logging.CRITICAL), threading.Event())
    data = [_event(number).as_json() for number in range(count)]

    def put_all() -> None:
        for each in data:
            told = {"deviceName": "scanner-1", "telemetry": [{"ts": 1_763_798_400_000, "values": each}]}
            if not store.put(json.dumps(told, separators=(",", ":"))):
                raise RuntimeError("Failed to measure the peer: its store took an event not.")

    def take() -> int:
        pack = store.get_event_pack()
        if pack:
            store.event_pack_processing_done()
        return len(pack)

    try:
        return _pass(put_all, take, lambda came_out: came_out >= count)
    finally:
        store.stop()


# --- their package ---


class _Log(logging.Logger):
    """A logger as theirs, which has one level more."""

    def trace(self, _message: str, *_values: object) -> None:
        """Nothing: their gateway does not log at this level either, as it comes."""


def _storage(target: Path) -> tuple[Any, str]:
    """The class of their store, or None and why there is none. Their other dependencies are not needed for it."""
    wanted = ["install", "--quiet", "--no-deps", "--target", str(target), PEER]
    tools = [str(Path(sys.executable).with_name("uv")), "pip", *wanted], [sys.executable, "-m", "pip", *wanted]
    said = ""
    for command in tools:
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        except (OSError, subprocess.SubprocessError) as error:
            said = f"{PEER} cannot be installed ({str(getattr(error, 'stderr', None) or error).strip()[-120:]})"
            continue
        sys.path.append(str(target))
        from thingsboard_gateway.storage.sqlite.sqlite_event_storage import SQLiteEventStorage

        return SQLiteEventStorage, ""
    return None, said
