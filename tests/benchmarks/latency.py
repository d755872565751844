"""From the scanner's last byte to the customer's page, and what the two programs need of memory.

A simulated scanner types codes into a pseudo-terminal; the gateway's process stores and sends them; the server's
process judges and commits; the customer waits at /live for the frames of some of his orders. Scans go round over many
orders, so that no viewer is held back by its own limit of five frames a second.

The unit is U = two fsyncs (the gateway's outbox and the server's commit) and one bare loopback round trip, measured
in the same run on the same disk.
"""

import contextlib
import os
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import factory
from figures import Figure, percentile, resident_mib
from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode
from server.auth import gateways, keys, sessions, users
from server.auth.permissions import Permission
from server.auth.users import NewUser
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.migrations import upgrade
from server.parties.models import Customer
from server.settings.clock import utc_now
from simulators.api import Api
from simulators.day.hands import ScannerHand
from simulators.devices.scanner import ScannerSettings
from simulators.rig import Rig
from simulators.services import free_port

RATES = (10, 100)
ORDERS = 40
#: How many scans a second an order gets, well below the five frames a second of its viewers.
SCANS_OF_AN_ORDER = 2.5
#: So many of them are looked at; what nobody looks at is not drawn.
WATCHED = 4
#: What is asked for: the median at 100 scans a second.
GOAL = {10: None, 100: 8.0}
POINT = "cut-1"
PAYLOAD = b"x" * 200


@dataclass(frozen=True, slots=True)
class Yardstick:
    """U and its parts, in milliseconds: the median and the 99th percentile."""

    u: float
    u99: float
    fsync: float
    round_trip: float


@dataclass(frozen=True, slots=True)
class Ready:
    """A prepared database."""

    gateway_key: str
    api_key: str
    session: str
    #: Order number -> printed codes of its units.
    codes: dict[str, list[str]]


@dataclass(slots=True)
class Viewers:
    """One open stream for each order; when the next frame of each came."""

    arrivals: dict[str, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def measure(folder: Path, *, seconds: int) -> list[Figure]:
    """Latency at each rate, and resident memory after it."""
    url = f"sqlite:///{folder / 'orderlight.db'}"
    ready = _prepare(url, units_of_an_order=seconds * round(SCANS_OF_AN_ORDER * len(RATES)) + 2)
    unit = _unit(folder)
    with Rig(folder, database_url=url, port=free_port()) as rig:
        server = rig.start_server()
        api = Api(rig.url, ready.api_key)
        rig.set_up_line(api, broker=None, seed=1, only={POINT}, scanners=ScannerSettings(ack=False))
        rig.write_gateway_config(factory.GATEWAY, ready.gateway_key)
        gateway = rig.start_gateway()
        idle = {"gateway": resident_mib(gateway.process.pid), "server": resident_mib(server.process.pid)}
        figures = [_at_rate(rig, ready, unit, rate, seconds) for rate in RATES]
        for name, child in (("gateway", gateway), ("server", server)):
            figures.append(
                Figure(
                    name=f"resident memory of the {name}",
                    value=resident_mib(child.process.pid),
                    unit="MiB",
                    more={"before": idle[name]},
                )
            )
    return [*figures, *_units(unit)]


def _units(unit: Yardstick) -> list[Figure]:
    return [
        Figure(name="U: two fsyncs and a round trip", value=unit.u, unit="ms", more={"p99": unit.u99}),
        Figure(name="fsync of 200 bytes", value=unit.fsync, unit="ms"),
        Figure(name="bare loopback round trip", value=unit.round_trip, unit="ms"),
    ]


def _prepare(url: str, *, units_of_an_order: int) -> Ready:
    database = Database(url)
    upgrade(database.engine)
    now = utc_now()
    factory.build(database, units=ORDERS * units_of_an_order, now=now, units_of_an_order=units_of_an_order)
    made = database.write(_access)
    with database.read() as session:
        rows = session.execute(
            select(SalesOrder.number, Unit.number).join(Unit, Unit.order_id == SalesOrder.id).order_by(Unit.id)
        ).all()
    database.close()
    codes: dict[str, list[str]] = {}
    for order, number in rows:
        codes.setdefault(order, []).append(str(OwnCode("U", number.partition("-")[2])))
    return Ready(*made, codes)


def _access(session: Session) -> tuple[str, str, str]:
    now, actor = utc_now(), "bench"
    gateway = gateways.create_gateway(session, key=factory.GATEWAY, name="Bench", actor=actor, now=now)
    scopes = [Permission.FLOOR_READ.value, Permission.ORDERS_READ.value]
    program = keys.create_key(session, name="bench", scopes=scopes, actor=actor, now=now)
    customer = session.scalars(select(Customer.id)).one()
    new = NewUser(login="buyer", name="Buyer", role="customer", customer_id=customer)
    user = users.add_user(session, new, actor=actor, now=now)
    return gateway.text, program.text, sessions.open_session(session, user.id, now=now, days=1)


# --- the unit ---


def _unit(folder: Path) -> Yardstick:
    fsyncs, trips = _fsyncs(folder / "fsync"), _round_trips()
    return Yardstick(
        u=2 * statistics.median(fsyncs) + statistics.median(trips),
        u99=2 * percentile(fsyncs, 0.99) + percentile(trips, 0.99),
        fsync=statistics.median(fsyncs),
        round_trip=statistics.median(trips),
    )


def _fsyncs(path: Path, count: int = 300) -> list[float]:
    found = []
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(PAYLOAD)
            os.fsync(file.fileno())
            found.append((time.perf_counter() - began) * 1000)
    return found


def _round_trips(count: int = 1000) -> list[float]:
    """A byte string there and back between two threads over TCP on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_echo, args=(listener,), daemon=True)
        thread.start()
        found = []
        with socket.create_connection(listener.getsockname()) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(count):
                began = time.perf_counter()
                client.sendall(PAYLOAD)
                _receive(client, len(PAYLOAD))
                found.append((time.perf_counter() - began) * 1000)
        thread.join()
    return found


def _echo(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := peer.recv(4096):
            peer.sendall(data)


def _receive(client: socket.socket, size: int) -> None:
    while size:
        size -= len(client.recv(size))


# --- one rate ---


def _at_rate(rig: Rig, ready: Ready, unit: Yardstick, rate: int, seconds: int) -> Figure:
    assert rig.line is not None
    hand = rig.line.hands[POINT]
    assert isinstance(hand, ScannerHand)
    orders = list(ready.codes)[: round(rate / SCANS_OF_AN_ORDER)]
    sent: dict[str, list[float]] = {order: [] for order in orders}
    watched = orders[:: len(orders) // WATCHED]
    with _watching(rig.url, ready.session, watched) as viewers:
        began = time.perf_counter()
        for number in range(rate * seconds):
            order = orders[number % len(orders)]
            pause = began + number / rate - time.perf_counter()
            if pause > 0:
                time.sleep(pause)
            code = ready.codes[order].pop(0)
            sent[order].append(time.perf_counter())
            hand.scanner.scan(code)
        time.sleep(2)
    latencies, missing = _latencies({order: sent[order] for order in watched}, viewers.arrivals)
    return _figure(unit, rate, latencies, missing, viewers.problems)


def _latencies(sent: dict[str, list[float]], arrivals: dict[str, list[float]]) -> tuple[list[float], int]:
    """Each scan with the first frame of its order after it and before the next scan of the same order."""
    found, missing = [], 0
    for order, times in sent.items():
        ends = [*times[1:], float("inf")]
        for began, end in zip(times, ends, strict=True):
            after = [at for at in arrivals.get(order, ()) if began < at < end]
            if after:
                found.append((after[0] - began) * 1000)
            else:
                missing += 1
    return found, missing


def _figure(unit: Yardstick, rate: int, latencies: Sequence[float], missing: int, problems: list[str]) -> Figure:
    p50 = statistics.median(latencies) if latencies else float("inf")
    p99 = percentile(latencies, 0.99) if latencies else float("inf")
    more: dict[str, Any] = {"p99": p99, "p99_ratio": p99 / unit.u99, "scans": len(latencies) + missing}
    return Figure(
        name=f"scan to screen at {rate} scans/s, p50",
        value=p50,
        unit="ms",
        ratio=p50 / unit.u,
        ratio_of=f"U ({unit.u:.2f} ms); p99 {p99:.0f} ms = {p99 / unit.u99:.1f} U99",
        goal=GOAL[rate],
        higher_is_better=False,
        more=more | {"missing": missing, "problems": problems[:3], "load": os.getloadavg()[0]},
    )


# --- viewers ---


@contextlib.contextmanager
def _watching(url: str, session: str, orders: Sequence[str]) -> Iterator[Viewers]:
    """A stream for each watched order, all read by one thread with bare sockets."""
    viewers = Viewers({order: [] for order in orders})
    host, port = url.removeprefix("http://").split(":")
    chooser = selectors.DefaultSelector()
    for order in orders:
        client = socket.create_connection((host, int(port)))
        path = f"/live?t=order:{order}@0"
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: sid={session}\r\n\r\n"
        client.sendall(request.encode())
        client.setblocking(False)
        chooser.register(client, selectors.EVENT_READ, order)
    stop = threading.Event()
    thread = threading.Thread(target=_listen, args=(chooser, viewers, stop), daemon=True)
    thread.start()
    time.sleep(1.5)
    for times in viewers.arrivals.values():
        # The first frames show what was there before.
        times.clear()
    try:
        yield viewers
    finally:
        stop.set()
        thread.join()
        for key in list(chooser.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        chooser.close()


def _listen(chooser: selectors.BaseSelector, viewers: Viewers, stop: threading.Event) -> None:
    while not stop.is_set():
        for key, _ in chooser.select(timeout=0.1):
            data = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
            if not data:
                viewers.problems.append(f"the stream of {key.data} ended")
                chooser.unregister(key.fileobj)
            elif data.startswith(b"HTTP/") and b" 200 " not in data[:20]:
                viewers.problems.append(data[:80].decode("ascii", "replace"))
            elif b"event: fragment" in data:
                viewers.arrivals[key.data].append(time.perf_counter())
