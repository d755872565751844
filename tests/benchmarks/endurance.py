"""A gateway with ten readers over a long time: three days without a server, then the drain, rest, and a flow of reads.

The gateway is a process of its own, with ten pseudo-terminals and an HTTP server of this process, which answers each
event as ours does and keeps count of what comes: in which order, how often, and what is missing.
"""

import json
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from figures import Figure, cpu_seconds, resident_mib
from ports import Module, Scanner
from receiver import Receiver

from gateway.outbox import Outbox, Quota
from orderlight.events import Event, EventKind
from simulators.processes import Child, Children, program

#: Barcode scanners and UHF modules: ten readers.
SCANNERS, MODULES = 8, 2
_NAME = "gw-bench"
#: What is asked for: megabytes, megabytes more over the second half of the flow, share of a core, events a second.
ASKED_MB, ASKED_GROWTH, ASKED_IDLE, ASKED_DRAIN = 40.0, 1.0, 0.01, 5_000.0
#: Five scans a second.
_PAUSE = timedelta(milliseconds=200)
_BEGAN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
#: As its systemd unit sets it.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
#: How long one stage may take for each scan and for each read of a tag, at the very most.
_PATIENCE, _TAG_PATIENCE = 0.002, 0.0002


@dataclass(frozen=True, slots=True)
class Size:
    """Scans of the three days, scans and reads of tags that flow afterwards, and seconds of rest.

    The flow comes in two halves, and each device has its share: scans in sixteenths, reads of tags in 8,000.
    """

    offline: int
    flow: int
    reads: int
    rest: float

    @property
    def half(self) -> int:
        """Scans and reads of tags of one half of the flow."""
        return (self.flow + self.reads) // 2


def measure(folder: Path, *, size: Size) -> list[Figure]:
    """The figures of one gateway's life."""
    _fill(folder / "data", size.offline)
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        scanners, modules = [Scanner(number) for number in range(SCANNERS)], [Module(n) for n in range(MODULES)]
        for port in (*scanners, *modules):
            stack.enter_context(port)
        children = stack.enter_context(Children(folder / "logs"))
        gateway = children.start("gateway", _command(folder, receiver.url, scanners, modules), _ENVIRONMENT)
        children.wait_until(lambda: receiver.refused > 0, "The gateway", seconds=120)
        time.sleep(2.0)
        queued = _megabytes(gateway)
        drained = _drain(receiver, children, size.offline)
        idle = _idle(gateway, size.rest)
        rested = _megabytes(gateway)
        flow = _Flow(receiver, children, _status_command(folder), scanners, modules)
        flow.half(size)
        early = _megabytes(gateway)
        flow.half(size)
        grown, peak = _megabytes(gateway) - early, _peak(gateway)
        read = flow.verdict(size)
    return [
        _memory(f"{size.offline:,} queued", queued),
        _memory("at rest", rested),
        _memory("most in a flood", peak),
        _growth(grown, size),
        _rest(idle, size),
        drained,
        read,
        *receiver.verdict(size.offline, size.flow, SCANNERS),
    ]


# --- stages ---


def _fill(folder: Path, count: int) -> None:
    """What ten scanners scanned while the server was away; the outbox has the clock of those days."""
    moment = _BEGAN
    outbox = Outbox.open(folder, Quota(), clock=lambda: moment.timestamp())  # noqa: PLW0108 - moment changes.
    for number in range(count):
        moment += _PAUSE
        code = f"]C10109506000134352\x1d21OFF{number:07}"
        event = Event(
            sequence=0, kind=EventKind.CODE_SCANNED, observed_at=moment, read_point=f"cut-{number % SCANNERS}",
            reader=f"scanner-{number % SCANNERS}", code=code, keys={"gtin": "09506000134352", "serial": code[-10:]},
        )  # fmt: skip
        ticket = outbox.append(event)
    ticket.wait()
    outbox.close()


def _drain(receiver: Receiver, children: Children, count: int) -> Figure:
    receiver.open()
    children.wait_until(lambda: receiver.codes > 0, "The drain")
    began, first = time.perf_counter(), receiver.codes
    children.wait_until(lambda: receiver.codes >= count, "The drain", seconds=30 + count * _PATIENCE)
    rate = (receiver.codes - first) / (time.perf_counter() - began)
    return Figure(
        name=f"{count * _PAUSE / timedelta(hours=1):.0f} h without a server, drained",
        value=rate,
        unit="events/s",
        ratio=rate / ASKED_DRAIN,
        ratio_of=f"what is asked for ({ASKED_DRAIN:,.0f}/s)",
        goal=1.0,
        more={"scans": count},
    )


def _idle(gateway: Child, seconds: float) -> float:
    """The share of a core that a gateway takes which has nothing to do."""
    time.sleep(2.0)
    before = cpu_seconds([gateway.process.pid])
    time.sleep(seconds)
    return (cpu_seconds([gateway.process.pid]) - before) / seconds


class _Flow:
    """Scans and reads of tags through all ports, as fast as they are taken."""

    def __init__(
        self, receiver: Receiver, children: Children, status: list[str], scanners: list[Scanner], modules: list[Module]
    ) -> None:
        self._receiver, self._children, self._status = receiver, children, status
        self._scanners, self._modules = scanners, modules
        self._seconds = 0.0

    def half(self, size: Size) -> None:
        """Half of it; returns when the scans have come and the reads were taken."""
        began, before = time.perf_counter(), self._receiver.codes
        codes, reads = size.flow // 2 // SCANNERS, size.reads // 2 // MODULES
        threads = [threading.Thread(target=port.send, args=(codes,)) for port in self._scanners]
        threads += [threading.Thread(target=port.send, args=(reads,)) for port in self._modules]
        for thread in threads:
            thread.start()
        patience = 30 + size.flow * _PATIENCE + size.reads * _TAG_PATIENCE
        self._children.wait_until(
            lambda: (
                self._receiver.codes - before >= size.flow // 2 and not any(thread.is_alive() for thread in threads)
            ),
            "The flow",
            seconds=patience,
        )
        self._seconds += time.perf_counter() - began

    def verdict(self, size: Size) -> Figure:
        """What the gateway counted as read, against what was sent."""
        found = json.loads(subprocess.run(self._status, check=True, capture_output=True, text=True).stdout)
        read = found["flow"]["read"]
        return Figure(
            name="reads of tags that did not arrive",
            value=abs(size.flow + size.reads - read),
            unit="events",
            more={"read": read, "reads_per_second": round(read / self._seconds), **found["flow"]},
        )


# --- figures ---


def _memory(name: str, value: float) -> Figure:
    return Figure(
        name=f"gateway with {SCANNERS + MODULES} readers, {name}",
        value=value,
        unit="MB",
        ratio=value / ASKED_MB,
        ratio_of=f"what is asked for ({ASKED_MB:.0f} MB)",
        goal=1.0,
        higher_is_better=False,
    )


def _growth(grown: float, size: Size) -> Figure:
    slope = grown / size.half * 1e6
    return Figure(
        name=f"memory's growth over {size.half:,} reads",
        value=grown,
        unit="MB",
        ratio=grown / ASKED_GROWTH,
        ratio_of=f"what is called flat ({ASKED_GROWTH:.0f} MB); {slope:+.2f} MB for a million",
        goal=1.0,
        higher_is_better=False,
        more={"mb_for_a_million": slope},
    )


def _rest(share: float, size: Size) -> Figure:
    return Figure(
        name="gateway with nothing to do",
        value=share * 100,
        unit="% of a core",
        ratio=share / ASKED_IDLE,
        ratio_of=f"what is asked for ({ASKED_IDLE:.0%}), over {size.rest:.0f} s",
        goal=1.0,
        higher_is_better=False,
    )


def _megabytes(child: Child) -> float:
    return resident_mib(child.process.pid) * 1.048576


def _peak(child: Child) -> float:
    for line in Path(f"/proc/{child.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"Failed to read the memory of process {child.process.pid}: expected a line VmHWM.")


# --- the gateway ---


def _command(folder: Path, url: str, scanners: list[Scanner], modules: list[Module]) -> list[str]:
    """The gateway's command, after its configuration was written."""
    key_file, config = folder / "gateway.key", folder / "gateway.toml"
    key_file.write_text("olg_" + "0" * 40, encoding="ascii")
    key_file.chmod(0o600)
    devices = [
        f'[[device]]\nname = "scanner-{number}"\ndriver = "serial_line"\nport = "{port.path}"\n'
        f'read_point = "cut-{number}"\n'
        for number, port in enumerate(scanners)
    ]
    devices += [
        f'[[device]]\nname = "shelf-{number}"\ndriver = "r200"\nport = "{port.path}"\nsilence_ms = 60000\n'
        # A module of today reads a thousand times a second; here its tags go as much sooner as reads come faster.
        f'read_point = "shelf-{number}"\n[device.smoothing]\ndeparted_after = 1.0\n'
        for number, port in enumerate(modules)
    ]
    head = (
        f'[gateway]\nname = "{_NAME}"\ndata_dir = "{folder / "data"}"\n'
        f'[server]\nurl = "{url}"\nkey_file = "{key_file}"\n'
    )
    config.write_text("\n".join([head, *devices]), encoding="utf-8")
    return [program("orderlight-gateway"), "run", "--config", str(config)]


def _status_command(folder: Path) -> list[str]:
    return [program("orderlight-gateway"), "status", "--json", "--config", str(folder / "gateway.toml")]
