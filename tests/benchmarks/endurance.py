"""A gateway with ten scanners over a long time: three days without a server, then the drain, rest, and a flow of scans.

The gateway is a process of its own, with ten pseudo-terminals and an HTTP server of this process, which answers each
event as ours does and keeps count of what comes: in which order, how often, and what is missing.
"""

import os
import threading
import time
import tty
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from figures import Figure, cpu_seconds, resident_mib
from receiver import Receiver

from gateway.outbox import Outbox, Quota
from orderlight.events import Event, EventKind
from simulators.processes import Child, Children, program

SCANNERS = 10
_NAME = "gw-bench"
#: What is asked for: megabytes, megabytes more for a million events, share of a core, events a second.
ASKED_MB, ASKED_GROWTH, ASKED_IDLE, ASKED_DRAIN = 40.0, 1.0, 0.01, 5_000.0
#: Five scans a second.
_PAUSE = timedelta(milliseconds=200)
_BEGAN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
#: A scanner's burst.
_BURST = 20
_MAX_BYTES = 2_000_000_000
#: How long one stage may take for each event, at the very most.
_PATIENCE = 0.002


@dataclass(frozen=True, slots=True)
class Size:
    """Scans of the three days, scans that flow afterwards, and seconds of rest."""

    offline: int
    flow: int
    rest: float


def measure(folder: Path, *, size: Size) -> list[Figure]:
    """The figures of one gateway's life."""
    _fill(folder / "data", size.offline)
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        ports = [stack.enter_context(_Port()) for _scanner in range(SCANNERS)]
        children = stack.enter_context(Children(folder / "logs"))
        gateway = children.start("gateway", _command(folder, receiver.url, ports))
        children.wait_until(lambda: receiver.refused > 0, "The gateway", seconds=120)
        time.sleep(2.0)
        queued = _megabytes(gateway)
        drained = _drain(receiver, children, size.offline)
        idle = _idle(gateway, size.rest)
        rested = _megabytes(gateway)
        grown = _flow(receiver, children, gateway, ports, size.flow)
        peak = _peak(gateway)
    return [
        _memory(f"{size.offline:,} queued", queued),
        _memory("at rest", rested),
        _memory("most in a flood", peak),
        _growth(grown, size),
        _rest(idle, size),
        drained,
        *receiver.verdict(size.offline, size.flow, SCANNERS),
    ]


# --- stages ---


def _fill(folder: Path, count: int) -> None:
    """What ten scanners scanned while the server was away; the outbox has the clock of those days."""
    moment = _BEGAN
    outbox = Outbox.open(folder, Quota(max_bytes=_MAX_BYTES), clock=lambda: moment.timestamp())  # noqa: PLW0108 - moment changes.
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


def _flow(receiver: Receiver, children: Children, gateway: Child, ports: list["_Port"], count: int) -> float:
    """Scans through all ports as fast as they are taken; megabytes more at the end than when half was through."""
    before = receiver.codes
    threads = [
        threading.Thread(target=port.send, args=(number, count // SCANNERS)) for number, port in enumerate(ports)
    ]
    for thread in threads:
        thread.start()
    patience = 30 + count * _PATIENCE
    children.wait_until(lambda: receiver.codes - before >= count // 2, "The flow", seconds=patience)
    early = _megabytes(gateway)
    children.wait_until(lambda: receiver.codes - before >= count, "The flow", seconds=patience)
    for thread in threads:
        thread.join()
    return _megabytes(gateway) - early


# --- figures ---


def _memory(name: str, value: float) -> Figure:
    return Figure(
        name=f"gateway with {SCANNERS} readers, {name}",
        value=value,
        unit="MB",
        ratio=value / ASKED_MB,
        ratio_of=f"what is asked for ({ASKED_MB:.0f} MB)",
        goal=1.0,
        higher_is_better=False,
    )


def _growth(grown: float, size: Size) -> Figure:
    slope = grown / (size.flow / 2) * 1e6
    return Figure(
        name=f"memory's growth over {size.flow // 2:,} events",
        value=grown,
        unit="MB",
        ratio=grown / ASKED_GROWTH,
        ratio_of=f"what is called flat ({ASKED_GROWTH:.0f} MB); {slope:+.2f} MB for a million events",
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


# --- devices ---


class _Port:
    """A scanner's end of a pseudo-terminal."""

    def __enter__(self) -> "_Port":
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._slave)
        os.close(self._master)

    def send(self, scanner: int, count: int) -> None:
        """Type so many codes, each one new, as fast as they are taken."""
        for start in range(0, count, _BURST):
            codes = (f"]C10109506000134352\x1d21S{scanner}N{number:07}\r\n" for number in range(start, start + _BURST))
            piece = "".join(codes).encode()
            while piece:
                piece = piece[os.write(self._master, piece) :]


def _command(folder: Path, url: str, ports: list[_Port]) -> list[str]:
    """The gateway's command, after its configuration was written."""
    key_file, config = folder / "gateway.key", folder / "gateway.toml"
    key_file.write_text("olg_" + "0" * 40, encoding="ascii")
    key_file.chmod(0o600)
    devices = [
        f'[[device]]\nname = "scanner-{number}"\ndriver = "serial_line"\nport = "{port.path}"\n'
        f'read_point = "cut-{number}"\n'
        for number, port in enumerate(ports)
    ]
    head = (
        f'[gateway]\nname = "{_NAME}"\ndata_dir = "{folder / "data"}"\n'
        f'[server]\nurl = "{url}"\nkey_file = "{key_file}"\n[outbox]\nmax_bytes = {_MAX_BYTES}\n'
    )
    config.write_text("\n".join([head, *devices]), encoding="utf-8")
    return [program("orderlight-gateway"), "run", "--config", str(config)]
