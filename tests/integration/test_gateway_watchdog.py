"""The protocol of the systemd unit: a real gateway with a service manager of our own that hears what it tells."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from simulators.devices.scanner import Scanner, ScannerSettings
from simulators.devices.transport import PtyTransport
from simulators.services import free_port

pytestmark = pytest.mark.faults

#: The gateway looks every five seconds; a machine that does much else is slower.
PATIENCE: Final = 40.0
#: Longer than two looks with their patience for a read on its way: by then a free gateway has pinged.
TWO_LOOKS: Final = 16.0

#: A foreign driver of which one device never comes back from its source, and the other hands in a read that hangs.
STUCK = """
import threading
import time
from dataclasses import dataclass

from gateway.protocols import Driver
from gateway.protocols.options import DeviceOptions, option
from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckOptions(DeviceOptions):
    hangs: str = option("source", "What hangs.", choices=("source", "read"))


class NeverEnding(CodeRead):
    @property
    def raw(self):
        time.sleep(3600)


class StuckSource:
    def __init__(self, name, options):
        self.name, self._hangs = name, options.hangs

    def run(self, emit, stop, state):
        state(DeviceState(DevicePhase.READY))
        if self._hangs == "read":
            time.sleep(7)
            read = NeverEnding.__new__(NeverEnding)
            object.__setattr__(read, "reader", self.name)
            emit(read)
        threading.Event().wait()

    def feedback(self, signal): ...
    def acknowledge(self, read): ...
    def cancel(self): ...
    def counters(self): return {}


def make(name, options, around):
    return StuckSource(name, options)


def _machine(name, options):
    return lambda data: [CodeRead(name, data)]


DRIVER = Driver("stuck", "Hangs.", StuckOptions, ("code",), ("It hangs.",), "stuck_driver:make", _machine, {})
"""


class Manager:
    """A service manager's end of NOTIFY_SOCKET, and the gateway that it watches."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        self._folder, self._listener = folder, listener
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        environ = {
            **os.environ,
            "NOTIFY_SOCKET": str(self._folder / "notify"),
            "PYTHONPATH": os.pathsep.join([str(self._folder / "foreign"), os.environ.get("PYTHONPATH", "")]),
        }
        command = [sys.executable, "-m", "gateway", "run", "--config", str(self._folder / "gateway.toml")]
        with (self._folder / "gateway.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ)
        return self.process

    def hear(self, seconds: float = PATIENCE) -> str | None:
        """The next word; None where none comes in time."""
        self._listener.settimeout(seconds)
        try:
            return self._listener.recv(100).decode()
        except TimeoutError:
            return None

    def hear_nothing_more(self) -> bool:
        """Whether it falls silent: words that were under way may still come, and then none for two looks."""
        deadline = time.monotonic() + PATIENCE
        while self.hear(TWO_LOOKS) is not None:
            if time.monotonic() > deadline:
                return False
        return True

    def log(self) -> str:
        return (self._folder / "gateway.log").read_text()


def write_config(folder: Path, *devices: str) -> None:
    (folder / "gateway.key").write_text("glk_test\n")
    os.chmod(folder / "gateway.key", 0o600)
    head = (
        f'[gateway]\nname = "gw-watched"\ndata_dir = "{folder}/data"\n[server]\nurl = "http://127.0.0.1:{free_port()}"\n'
        f'key_file = "{folder}/gateway.key"\n[outbox]\nmin_free_bytes = 1000\n'
    )
    scanner = f'[[device]]\nname = "scanner-1"\ndriver = "serial_line"\nport = "{folder}/scanner"\nack = "ack"\n'
    text = "\n".join([head, scanner + 'read_point = "cut-1"\n', *devices])
    (folder / "gateway.toml").write_text(text)


def stuck_device(hangs: str) -> str:
    return f'[[device]]\nname = "stuck-1"\ndriver = "stuck"\nhangs = "{hangs}"\nread_point = "cut-2"\n'


def install_the_stuck_driver(folder: Path) -> None:
    foreign = folder / "foreign" / "stuck_driver-1.0.dist-info"
    foreign.mkdir(parents=True)
    (foreign / "METADATA").write_text("Metadata-Version: 2.1\nName: stuck-driver\nVersion: 1.0\n")
    (foreign / "entry_points.txt").write_text("[orderlight.drivers]\nstuck = stuck_driver:DRIVER\n")
    (folder / "foreign" / "stuck_driver.py").write_text(STUCK)


@contextmanager
def managed(folder: Path) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(folder / "notify"))
        manager = Manager(folder, listener)
        try:
            yield manager
        finally:
            if manager.process is not None and manager.process.poll() is None:
                manager.process.kill()
                manager.process.wait()


def test_a_gateway_is_ready_pings_while_it_can_read_and_says_when_it_ends(tmp_path: Path) -> None:
    write_config(tmp_path)
    scanner = Scanner(PtyTransport(tmp_path / "scanner"), ScannerSettings(ack=True, patience=10.0))
    scanner.plug()
    with managed(tmp_path) as manager:
        process = manager.start()

        assert manager.hear() == "READY=1", manager.log()
        assert [manager.hear(), manager.hear()] == ["WATCHDOG=1"] * 2
        assert scanner.wait_for_host(PATIENCE)
        assert scanner.scan("OLU0011P")
        process.send_signal(signal.SIGTERM)

        words = [manager.hear()]
        while words[-1] == "WATCHDOG=1":
            words.append(manager.hear())
        assert words[-1] == "STOPPING=1"
        assert process.wait(PATIENCE) == 0, manager.log()
    scanner.unplug()


def test_one_device_that_hangs_by_itself_keeps_nobody_from_reading(tmp_path: Path) -> None:
    install_the_stuck_driver(tmp_path)
    write_config(tmp_path, stuck_device("source"))
    scanner = Scanner(PtyTransport(tmp_path / "scanner"), ScannerSettings(ack=True, patience=10.0))
    scanner.plug()
    with managed(tmp_path) as manager:
        manager.start()

        assert [manager.hear() for _ in range(3)] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"], manager.log()
        assert scanner.wait_for_host(PATIENCE)
        assert scanner.scan("OLU0011P")
    scanner.unplug()


def test_a_read_that_hangs_on_its_way_stops_the_pings_and_a_new_life_reads_again(tmp_path: Path) -> None:
    install_the_stuck_driver(tmp_path)
    write_config(tmp_path, stuck_device("read"))
    scanner = Scanner(PtyTransport(tmp_path / "scanner"), ScannerSettings(ack=True, patience=10.0))
    scanner.plug()
    with managed(tmp_path) as manager:
        hung = manager.start()
        assert manager.hear() == "READY=1", manager.log()

        assert manager.hear_nothing_more()
        # What systemd does after WatchdogSec; meanwhile somebody has taken the driver out.
        hung.send_signal(signal.SIGABRT)
        assert hung.wait(PATIENCE) == -signal.SIGABRT
        write_config(tmp_path)
        manager.start()

        assert [manager.hear(), manager.hear()] == ["READY=1", "WATCHDOG=1"], manager.log()
        assert scanner.wait_for_host(PATIENCE)
        assert scanner.scan("OLU0011P")
    scanner.unplug()


def test_a_gateway_that_is_stopped_dead_pings_no_more(tmp_path: Path) -> None:
    write_config(tmp_path)
    with managed(tmp_path) as manager:
        process = manager.start()
        assert [manager.hear(), manager.hear()] == ["READY=1", "WATCHDOG=1"], manager.log()

        process.send_signal(signal.SIGSTOP)
        assert manager.hear_nothing_more()

        process.send_signal(signal.SIGCONT)
        assert manager.hear() == "WATCHDOG=1"
