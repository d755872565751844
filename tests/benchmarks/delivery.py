"""Many gateways at once, and one that comes back after a long absence.

The first figure shows that events share their commits: sixteen gateways post single events, each waiting for its
answer, so without sharing they could not be faster than one fsync after the other. The second is how fast a full
outbox drains through a real gateway into a real server, while another gateway's single scans still reach a screen.
"""

import json
import os
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import factory
from figures import Figure
from house import Piece, Ready, prepare
from raw import RawSqlite
from screens import Screens, watching
from yardstick import measure_unit

from gateway.outbox import Outbox
from gateway.uplink.http import HttpTransport
from orderlight.events import Event, EventKind
from server.db import Database
from server.migrations import upgrade
from server.settings.clock import utc_now
from simulators.api import Api
from simulators.devices.scanner import ScannerSettings
from simulators.rig import Rig
from simulators.services import free_port

CROWD = tuple(f"gw-crowd-{number}" for number in range(16))
LIVE = "gw-live"
EPOCH = "c0ffee0000000001"
POINT = "cut-1"
#: What is asked for: four times what one fsync after the other allows, and half of the bare insert.
GOAL_CROWD, GOAL_BACKLOG = 4.0, 0.5
LIVE_SCANS = 8
#: The viewer takes five frames a second.
LIVE_PAUSE = 0.25
#: The size of a gateway's request, and so of the anchor's commits.
BATCH = 500


@dataclass(slots=True)
class Sender:
    """One gateway with a request at a time, as a real one has."""

    name: str
    transport: HttpTransport
    sequence: int = 0

    def send(self, piece: Piece) -> None:
        """One scan, durable when this returns."""
        self.sequence += 1
        events = [event_of(piece).as_json() | {"sequence": self.sequence}]
        body = json.dumps({"gateway": self.name, "epoch": EPOCH, "events": events})
        reply = self.transport.post("/api/v1/events", body.encode())
        if reply.status != 200:
            raise RuntimeError(f"Failed to post an event: expected 200, got {reply.status}: {reply.body[:200]!r}.")


def event_of(piece: Piece) -> Event:
    """The scan of a unit."""
    return Event(
        sequence=0,
        kind=EventKind.CODE_SCANNED,
        observed_at=utc_now(),
        read_point=POINT,
        reader="scanner-1",
        code=piece.code,
        keys={"unit": piece.key},
    )


def measure(folder: Path, *, seconds: float, backlog: int) -> list[Figure]:
    """Both figures on SQLite."""
    url = f"sqlite:///{folder / 'orderlight.db'}"
    units = max(backlog // 30, 60)
    ready = prepare(url, orders=32, units_of_an_order=units, others=(*CROWD, LIVE))
    order, *others = ready.units
    pieces = [piece for name in others for piece in ready.units[name]]
    with Rig(folder, database_url=url, port=free_port()) as rig:
        rig.start_server()
        rig.set_up_line(
            Api(rig.url, ready.api_key), broker=None, seed=1, only={POINT}, scanners=ScannerSettings(ack=False)
        )
        rig.write_gateway_config(factory.GATEWAY, ready.gateway_key)
        crowd = _crowd(rig, ready, folder, pieces, seconds)
        with watching(rig.url, ready.session, [order]) as screens:
            live = _Live(Sender(LIVE, HttpTransport(rig.url, ready.others[LIVE], agent="bench")), screens, order)
            return [crowd, *_backlog(rig, folder, pieces[:backlog], live, iter(ready.units[order]))]


# --- sixteen at once ---


def _crowd(rig: Rig, ready: Ready, folder: Path, pieces: list[Piece], seconds: float) -> Figure:
    before = measure_unit(folder)
    until = time.perf_counter() + seconds
    senders = [Sender(name, HttpTransport(rig.url, ready.others[name], agent="bench")) for name in CROWD]
    # Each gateway has units of its own, taken from the end; the backlog takes them from the beginning.
    shares = [pieces[-1 - place :: -len(CROWD)] for place in range(len(CROWD))]

    def work(sender: Sender, share: list[Piece]) -> None:
        while time.perf_counter() < until:
            sender.send(share[sender.sequence % len(share)])

    threads = [threading.Thread(target=work, args=pair) for pair in zip(senders, shares, strict=True)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(sender.sequence for sender in senders) / (time.perf_counter() - began)
    unit = before.and_then(measure_unit(folder))
    return Figure(
        name=f"single events of {len(CROWD)} gateways",
        value=rate,
        unit="events/s",
        ratio=rate * unit.fsync / 1000,
        ratio_of=f"1/F, one fsync after the other ({1000 / unit.fsync:,.0f}/s)",
        goal=GOAL_CROWD,
        more={"drift": round(unit.drift, 3), "load": os.getloadavg()[0]},
    )


# --- a full outbox ---


@dataclass(slots=True)
class _Live:
    """Single scans of another gateway, each followed to the screen."""

    sender: Sender
    screens: Screens
    order: str

    def scan(self, pieces: Iterator[Piece], is_over: Callable[[int], bool]) -> list[float]:
        """Scan until it is over; the milliseconds of each scan that was shown."""
        sent: list[tuple[str, float]] = []
        while not is_over(len(sent)):
            piece = next(pieces)
            sent.append((piece.number, time.perf_counter()))
            self.sender.send(piece)
            time.sleep(LIVE_PAUSE)
        time.sleep(0.5)
        found = [self.screens.milliseconds(self.order, *scan) for scan in sent]
        return [one for one in found if one is not None]


def _backlog(rig: Rig, folder: Path, pieces: list[Piece], live: _Live, own: Iterator[Piece]) -> list[Figure]:
    idle = statistics.median(live.scan(own, lambda count: count >= LIVE_SCANS))
    outbox = Outbox.open(rig.gateway_dir)
    for piece in pieces:
        ticket = outbox.append(event_of(piece))
    ticket.wait()
    outbox.close()
    anchors = [_raw_rate(folder, pieces, "before")]
    progress = _Progress(folder / "orderlight.db")
    rig.start_gateway(wait=False)
    watch = threading.Thread(target=progress.follow, args=(len(pieces),))
    watch.start()
    meanwhile = live.scan(own, lambda count: count >= 2 and not watch.is_alive())
    watch.join()
    anchors.append(_raw_rate(folder, pieces, "after"))
    return [_drain_figure(progress, anchors), _live_figure(statistics.median(meanwhile), idle)]


class _Progress:
    """Follows how far the server has come with the gateway, by looking at its database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rate = 0.0

    def follow(self, count: int) -> None:
        """Return when so many events are in; the time runs from the first look at which some were."""
        reader = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        query = "SELECT coalesce(max(contiguous_sequence), 0) FROM event_source WHERE gateway = ?"
        began = first = 0.0
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            done = reader.execute(query, (factory.GATEWAY,)).fetchone()[0]
            now = time.perf_counter()
            if done and not began:
                began, first = now, done
            if done >= count:
                self.rate = (done - first) / (now - began) if now > began else float("inf")
                break
            time.sleep(0.005)
        reader.close()


def _raw_rate(folder: Path, pieces: list[Piece], name: str) -> float:
    """Events a second of the bare driver: the same rows in the same batches."""
    path = folder / f"raw-{name}.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    database.close()
    raw = RawSqlite(str(path))
    events = [event_of(piece).as_json() | {"sequence": number} for number, piece in enumerate(pieces, 1)]
    rows = raw.rows(events)
    began = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        raw.insert(rows[start : start + BATCH])
    rate = len(rows) / (time.perf_counter() - began)
    raw.close()
    return rate


def _drain_figure(progress: _Progress, anchors: list[float]) -> Figure:
    anchor = statistics.mean(anchors)
    return Figure(
        name="backlog of a gateway, drained",
        value=progress.rate,
        unit="events/s",
        ratio=progress.rate / anchor,
        ratio_of=f"raw executemany, sqlite3 ({anchor:,.0f}/s)",
        goal=GOAL_BACKLOG,
        more={"drift": round(abs(anchors[0] - anchors[1]) / anchor, 3), "load": os.getloadavg()[0]},
    )


def _live_figure(meanwhile: float, idle: float) -> Figure:
    return Figure(
        name="post to screen meanwhile, p50",
        value=meanwhile,
        unit="ms",
        ratio=meanwhile / idle,
        ratio_of=f"the same without a backlog ({idle:.1f} ms)",
        higher_is_better=False,
    )
