"""`orderlight-sim demo`, as a person starts it: what it prints, that it lives, and that nothing of it stays behind."""

import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest
import urllib3

from simulators.api import Api
from simulators.demo import factory
from simulators.processes import program
from simulators.services import ServiceMissing, free_port

READY_SECONDS = 60.0


class Demo:
    """A running demo and what it printed."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [program("orderlight-sim"), "demo", "--data", str(folder), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._queue: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self._queue.put(line.rstrip("\n"))

    def wait_for(self, pattern: str, seconds: float = READY_SECONDS) -> str:
        """The first line from now on that matches; fails with everything printed when none comes."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.lines.append(self._queue.get(timeout=left))
            except Empty:
                break
            if re.search(pattern, self.lines[-1]):
                return self.lines[-1]
        raise AssertionError(f"No line matched {pattern!r} in:\n" + "\n".join(self.lines))

    def found(self, pattern: str) -> str:
        match = re.search(pattern, "\n".join(self.lines))
        assert match is not None, "\n".join(self.lines)
        return match[1]

    @property
    def url(self) -> str:
        return self.found(r"(http://127\.0\.0\.1:\d+)/board")

    def descendants(self) -> list[int]:
        """The processes that the demo started, and those they started."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                # After the name in parentheses come the state and the parent's number (proc(5)).
                parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
        found, fresh = [], [self.process.pid]
        while fresh:
            fresh = [child for child, parent in parents.items() if parent in fresh]
            found += fresh
        return found

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=5)
        return code

    def clean_up(self) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
        self._reader.join(timeout=5)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def taken_port() -> Iterator[int]:
    """A port that somebody else holds."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        yield holder.getsockname()[1]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, taken_port: int) -> Iterator[Demo]:
    """A demo with a brisk crew, asked to use a port that is taken."""
    started = Demo(tmp_path_factory.mktemp("demo") / "data", "--port", str(taken_port), "--speed", "300")
    try:
        started.wait_for("^Ready after")
        yield started
    finally:
        started.clean_up()


def test_it_tells_where_to_look_how_to_sign_in_and_what_to_try(demo: Demo) -> None:
    printed = "\n".join(demo.lines)

    for heading in ("Board", "Sales", "Station", "Customer", "Admin", "Simulated:", "Try:", "Ctrl+C stops"):
        assert heading in printed
    assert len(demo.found(r"admin / (\S+)")) >= 10
    assert "5 scanners, 2 RFID gates" in printed


@pytest.mark.parametrize("place", [r"(http\S+/track/\S+)", r"(http\S+)/board", r"Gateway +(http\S+)"])
def test_every_address_that_the_demo_prints_answers(demo: Demo, place: str) -> None:
    answer = urllib3.request("GET", demo.found(place), redirect=True)

    assert answer.status == 200


def test_orders_move_by_themselves(demo: Demo) -> None:
    def applied() -> int:
        return int(re.findall(r"applied (\d+)", demo.wait_for(r"^reads \d+  applied \d+", 30))[0])

    first = applied()

    assert until(lambda: applied() > first + 3, 30)


def test_a_scan_by_hand_moves_the_order_that_was_left_to_the_visitor(demo: Demo) -> None:
    code = demo.found(r"type (OLU\w+)")

    said = subprocess.run(
        [program("orderlight-sim"), "scan", code, "--data", str(demo.folder)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip

    assert said == f"{code} at cut-1 (scanner-cut-1): done.\n"


def test_a_taken_port_is_told_and_the_next_free_one_used(demo: Demo, taken_port: int) -> None:
    port = int(demo.url.rpartition(":")[2])

    assert port > taken_port
    assert f"Port {taken_port} is taken; the demo uses {port}." in demo.lines


def test_a_folder_with_a_database_is_left_as_it_is(demo: Demo) -> None:
    second = subprocess.run(
        [program("orderlight-sim"), "demo", "--data", str(demo.folder)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert second.returncode == 1
    assert "holds a database already" in second.stdout


def test_without_mosquitto_the_broker_is_left_out_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib

    def missing() -> None:
        raise ServiceMissing("mosquitto is not installed: apt-get install mosquitto")

    monkeypatch.setattr(factory, "private_mosquitto", missing)
    with contextlib.ExitStack() as stack:
        broker, note = factory._broker(stack)

    assert broker is None
    assert note is not None
    assert "apt-get install mosquitto" in note


def test_a_child_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    started = Demo(tmp_path / "data", "--port", str(free_port()), "--no-crew")
    try:
        started.wait_for("^Ready after")
        gateway = next(pid for pid in started.descendants() if "orderlight-gateway" in _command(pid))
        signal.pidfd_send_signal(_pidfd(gateway), signal.SIGKILL)
        started.wait_for("The demo ended: gateway was killed by SIGKILL", 30)

        assert started.process.wait(timeout=30) == 1
    finally:
        started.clean_up()


def test_nothing_stays_behind_when_the_demo_itself_is_killed(tmp_path: Path) -> None:
    started = Demo(tmp_path / "data", "--port", str(free_port()), "--speed", "300")
    try:
        started.wait_for("^Ready after")
        children = started.descendants()
        assert len(children) >= 3

        started.stop(signal.SIGKILL)

        assert until(lambda: not any(alive(pid) for pid in children), 15)
    finally:
        started.clean_up()


def test_ctrl_c_ends_it_cleanly(demo: Demo) -> None:
    children, port = demo.descendants(), int(demo.url.rpartition(":")[2])

    assert demo.stop(signal.SIGINT) == 0

    assert not any(alive(pid) for pid in children)
    assert not Api(f"http://127.0.0.1:{port}").is_ready()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _pidfd(pid: int) -> int:
    import os

    return os.pidfd_open(pid)
