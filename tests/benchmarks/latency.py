"""From the scanner's last byte to the customer's page, and what the two programs need of memory.

A simulated scanner types codes into a pseudo-terminal; the gateway's process stores and sends them; the server's
process judges and commits; the customer waits at /live for the frames of some of his orders. A scan counts as shown
when a frame has come whole in which that very unit has moved. Scans go round over many orders, so that no viewer is
held back by its own limit of five frames a second.

The unit is U = two fsyncs (the gateway's outbox and the server's commit) and one bare loopback round trip, measured
in the same run on the same disk.
"""

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import factory
from figures import Figure, cpu_seconds, percentile, resident_mib
from house import Ready, prepare
from screens import watching
from yardstick import Yardstick, measure_unit

from simulators.api import Api
from simulators.day.hands import ScannerHand
from simulators.devices.scanner import ScannerSettings
from simulators.processes import Child
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


def measure(folder: Path, *, seconds: int) -> list[Figure]:
    """Latency at each rate, and resident memory after it."""
    url = f"sqlite:///{folder / 'orderlight.db'}"
    units_of_an_order = seconds * round(SCANS_OF_AN_ORDER * len(RATES)) + 2
    ready = prepare(url, orders=ORDERS, units_of_an_order=units_of_an_order)
    figures = []
    with Rig(folder, database_url=url, port=free_port()) as rig:
        server = rig.start_server()
        api = Api(rig.url, ready.api_key)
        rig.set_up_line(api, broker=None, seed=1, only={POINT}, scanners=ScannerSettings(ack=False))
        rig.write_gateway_config(factory.GATEWAY, ready.gateway_key)
        children = (rig.start_gateway(), server)
        idle = [resident_mib(child.process.pid) for child in children]
        for rate in RATES:
            # The disk has other users too, so the unit is measured on both sides of what it is the unit of.
            before = measure_unit(folder)
            found = _at_rate(rig, ready, rate, seconds, children)
            unit = before.and_then(measure_unit(folder))
            figures.append(_figure(unit, rate, *found))
        figures += [_memory(child, then) for child, then in zip(children, idle, strict=True)]
    return [*figures, *unit.figures()]


def _memory(child: Child, before: float) -> Figure:
    value = resident_mib(child.process.pid)
    return Figure(name=f"resident memory of the {child.name}", value=value, unit="MiB", more={"before": before})


def _at_rate(
    rig: Rig, ready: Ready, rate: int, seconds: int, children: Sequence[Child]
) -> tuple[list[float | None], dict[str, Any]]:
    """The milliseconds of each watched scan (None where it was not shown), and what else was seen."""
    assert rig.line is not None
    hand = rig.line.hands[POINT]
    assert isinstance(hand, ScannerHand)
    orders = list(ready.units)[: round(rate / SCANS_OF_AN_ORDER)]
    sent: list[tuple[str, str, float]] = []
    with watching(rig.url, ready.session, orders[:: len(orders) // WATCHED]) as screens:
        cpu = [cpu_seconds([child.process.pid]) for child in children]
        began = time.perf_counter()
        for number in range(rate * seconds):
            order = orders[number % len(orders)]
            pause = began + number / rate - time.perf_counter()
            if pause > 0:
                time.sleep(pause)
            piece = ready.units[order].pop(0)
            sent.append((order, piece.number, time.perf_counter()))
            hand.scanner.scan(piece.code)
        time.sleep(2)
        used = [cpu_seconds([child.process.pid]) - before for child, before in zip(children, cpu, strict=True)]
    found = [screens.milliseconds(*scan) for scan in sent if scan[0] in screens.frames]
    more = {f"cpu_{child.name}_us": round(spent / len(sent) * 1e6) for child, spent in zip(children, used, strict=True)}
    return found, more | {"problems": screens.problems[:3]}


def _figure(unit: Yardstick, rate: int, found: Sequence[float | None], more: dict[str, Any]) -> Figure:
    latencies = [one for one in found if one is not None]
    p50 = statistics.median(latencies) if latencies else float("inf")
    p99 = percentile(latencies, 0.99) if latencies else float("inf")
    more |= {"p99": p99, "p99_ratio": p99 / unit.u99, "scans": len(found), "missing": len(found) - len(latencies)}
    return Figure(
        name=f"scan to screen at {rate} scans/s, p50",
        value=p50,
        unit="ms",
        ratio=p50 / unit.u,
        ratio_of=f"U ({unit.u:.2f} ms); p99 {p99:.0f} ms = {p99 / unit.u99:.1f} U99",
        goal=GOAL[rate],
        higher_is_better=False,
        more=more | {"drift": round(unit.drift, 3), "load": os.getloadavg()[0]},
    )
