"""The gateway as a process: a scanner on a pty, a fake server, and the worst that may happen between them."""

import collections
import contextlib
import json
import os
import pty
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from orderlight.events import Event
from simulators.leaving import leave
from simulators.services import ServiceMissing, find_mosquitto, private_mosquitto

pytestmark = pytest.mark.faults

#: The newest version of the wire.
GOLDEN = max((Path(__file__).parents[1] / "golden").iterdir())
Answer = Callable[[dict[str, Any]], tuple[int, bytes, dict[str, str]]]


class FakeServer:
    """Takes batches as the real one does; remembers every event it answered; `rule` may say something else."""

    def __init__(self) -> None:
        self.rule: Callable[[dict[str, Any]], tuple[int, bytes, dict[str, str]] | None] = lambda batch: None
        self.events: dict[tuple[str, int], dict[str, Any]] = {}
        self.order: list[tuple[str, int]] = []
        self.requests = 0
        self.seen_keys: set[str] = set()
        self.heartbeats: list[dict[str, Any]] = []
        self.signal = "ok"
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.seen_keys.add(self.headers["Authorization"])
                status, answer, headers = fake.answer(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
        if path.endswith("/health"):
            self.heartbeats.append(body)
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            return 200, json.dumps({"server_time": now}).encode(), {}
        self.requests += 1
        return self.rule(body) or self.accept(body)

    def accept(self, batch: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
        results = []
        for event in batch["events"]:
            identity = (batch["epoch"], event["sequence"])
            status = "duplicate" if identity in self.events else "applied"
            if status == "applied":
                self.events[identity] = event
                self.order.append(identity)
            else:
                assert self.events[identity] == event, "A number was used twice."
            results.append({"sequence": event["sequence"], "status": status, "action": None, "subject": None,
                            "say": "Done.", "signal": self.signal, "reason": None, "undo": False})  # fmt: skip
        receipt = {"gateway": batch["gateway"], "epoch": batch["epoch"], "committed_sequence": 0, "results": results}
        return 200, json.dumps(receipt).encode(), {}

    def codes(self) -> list[str]:
        return [self.events[identity]["code"] for identity in self.order if "code" in self.events[identity]]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class Scanner:
    """A scanner on a pty that waits for ACK; `heard` collects what the gateway sent to it."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self.controller, self._device = pty.openpty()
        tty.setraw(self._device)
        os.set_blocking(self.controller, False)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._device))
        self.heard = b""

    def scan(self, code: str) -> None:
        os.write(self.controller, code.encode() + b"\r\n")

    def listen(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            self.heard += os.read(self.controller, 4096)
        return self.heard

    def close(self) -> None:
        self._link.unlink()
        os.close(self.controller)
        os.close(self._device)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"Waited in vain for: {what}"
        time.sleep(0.01)


class Process:
    """orderlight-gateway run, with its log."""

    def __init__(self, folder: Path, environ: dict[str, str] | None = None) -> None:
        self.log = folder / "gateway.log"
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "gateway", "run", "--config", str(folder / "gateway.toml")],
                stderr=log,
                stdout=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(environ or {})},
            )

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def messages(self) -> list[str]:
        return [line["msg"] for line in self.lines()]

    def stop(self) -> int:
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(10)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.close()


@pytest.fixture
def folder(tmp_path: Path, server: FakeServer) -> Path:
    (tmp_path / "gateway.key").write_text("glk_test\n")
    (tmp_path / "gateway.toml").write_text(f"""
[gateway]
name = "gw-test"
data_dir = "data"
[server]
url = "{server.url}"
key_file = "gateway.key"
[outbox]
min_free_bytes = 1000
[[device]]
name = "scanner-1"
driver = "serial_line"
port = "{tmp_path}/scanner"
suffix = "crlf"
ack = "ack"
feedback = "datalogic"
read_point = "cut-1"
""")
    return tmp_path


@pytest.fixture
def scanner(folder: Path) -> Iterator[Scanner]:
    device = Scanner(folder / "scanner")
    yield device
    device.close()


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(**environ: str) -> Process:
        started.append(Process(folder, environ))
        return started[-1]

    yield begin
    for process in started:
        if process.popen.poll() is None:
            process.popen.kill()
            process.popen.wait()


def backlog(folder: Path) -> int:
    connection = sqlite3.connect(folder / "data" / "outbox.db")
    try:
        return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])
    finally:
        connection.close()


def run_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", words[0], "--config", str(folder / "gateway.toml"), *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_scan_is_acknowledged_delivered_answered_and_forgotten(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    process = start()
    wait_until(lambda: "device_ready" in process.messages(), "an open port")

    scanner.scan("OLU0011P")

    wait_until(lambda: b"\x06" in scanner.listen(), "ACK")
    wait_until(lambda: b"\x1b[3q" in scanner.listen(), "the good tone")
    wait_until(lambda: backlog(folder) == 0, "an empty outbox")
    assert server.codes() == ["OLU0011P"]
    event = server.events[server.order[-1]]
    assert (event["read_point"], event["reader"], event["keys"]) == ("cut-1", "scanner-1", {"unit": "0011"})
    assert server.seen_keys == {"Bearer glk_test"}
    assert process.stop() == 0


def test_the_first_event_of_each_start_names_the_epoch_before(
    server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    def epochs() -> int:
        return len({epoch for epoch, _ in server.order})

    for _start in range(2):
        before = epochs()
        process = start()
        wait_until(lambda before=before: epochs() == before + 1, "gateway_started")
        assert process.stop() == 0

    (first, _), (second, _) = [identity for identity in server.order if identity[1] == 1]
    started = server.events[second, 1]
    assert started["kind"] == "gateway_started"
    assert started["previous_epoch"] == first
    assert started["previous_last_sequence"] == max(number for epoch, number in server.order if epoch == first)


def test_without_a_server_the_scanner_hears_stored_and_nothing_is_lost(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    server.rule = lambda batch: (503, b'{"detail": "Starting."}', {"Retry-After": "1"})
    process = start()
    wait_until(lambda: "device_ready" in process.messages(), "an open port")

    scanner.scan("OLU0011P")
    wait_until(lambda: b"\x1b[0q" in scanner.listen(), "the stored tone")
    waiting = backlog(folder)
    server.rule = lambda batch: None

    wait_until(lambda: server.codes() == ["OLU0011P"], "delivery")
    assert waiting >= 1
    wait_until(lambda: b"\x1b[3q" in scanner.listen(), "the late verdict")
    busy = [line for line in process.lines() if line["msg"] == "uplink_busy"]
    assert len(busy) == 1
    assert "Starting." in busy[0]["sentence"]


@pytest.mark.parametrize("status", [413, 422])
def test_one_event_that_no_request_can_carry_is_set_aside_and_the_rest_goes_on(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process], status: int
) -> None:
    def picky(batch: dict[str, Any]) -> tuple[int, bytes, dict[str, str]] | None:
        if any(event.get("code") == "BAD" for event in batch["events"]):
            return status, b'{"detail": "BAD is not welcome."}', {}
        return None

    server.rule = picky
    process = start()
    wait_until(lambda: "device_ready" in process.messages(), "an open port")
    for code in ("ONE", "BAD", "TWO", "THREE"):
        scanner.scan(code)

    wait_until(lambda: server.codes() == ["ONE", "TWO", "THREE"], "the other events")
    wait_until(lambda: backlog(folder) == 0, "an empty outbox")
    shown = json.loads(run_command(folder, "status", "--json").stdout)
    assert shown["outbox"]["set_aside"] == 1
    assert shown["outbox"]["events_set_aside"][0]["reason"] == f"{status}: BAD is not welcome."


@pytest.mark.parametrize(
    "nonsense", [b"", b"<html>", b'{"results": []}', b'{"gateway":"gw-test","epoch":"x","results":[{"sequence":1}]}']
)
def test_an_answer_that_makes_no_sense_loses_nothing(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process], nonsense: bytes
) -> None:
    server.rule = lambda batch: (200, nonsense, {})
    process = start()
    wait_until(lambda: {"uplink_confused", "device_ready"} <= set(process.messages()), "the confusion")
    scanner.scan("KEPT")
    wait_until(lambda: b"\x06" in scanner.listen(), "ACK")

    server.rule = lambda batch: None

    wait_until(lambda: server.codes() == ["KEPT"], "delivery")


@pytest.mark.parametrize("point", ["after_outbox_commit", "after_send", "before_delete"])
def test_a_kill_at_any_point_loses_no_acknowledged_scan_and_doubles_none(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process], point: str
) -> None:
    acknowledged: list[str] = []
    number = 0
    for cycle in range(6):
        process = start(ORDERLIGHT_CRASH_AT=point, ORDERLIGHT_CRASH_AFTER=str(3 + cycle * 2))
        until = time.monotonic() + 15
        while process.popen.poll() is None and time.monotonic() < until:
            if "device_ready" not in process.messages():
                time.sleep(0.01)
                continue
            before = scanner.listen().count(b"\x06")
            number += 1
            scanner.scan(f"CODE{number}")
            answered = time.monotonic() + 2
            while process.popen.poll() is None and time.monotonic() < answered:
                if scanner.listen().count(b"\x06") > before:
                    acknowledged.append(f"CODE{number}")
                    break
                time.sleep(0.002)
        assert process.popen.wait(10) == -signal.SIGKILL
        process.log.unlink()

    process = start()
    wait_until(lambda: set(acknowledged) <= set(server.codes()), "every acknowledged scan")
    wait_until(lambda: backlog(folder) == 0, "an empty outbox")

    counts = collections.Counter(server.codes())
    # A scan whose ACK never came may be sent again by its scanner; none of those here was.
    assert max(counts.values()) == 1
    assert len(acknowledged) > 6
    order = [int(code[4:]) for code in server.codes()]
    assert order == sorted(order)


def test_kills_of_the_gateway_lose_no_message_that_the_broker_took(
    folder: Path, server: FakeServer, start: Callable[..., Process]
) -> None:
    try:
        find_mosquitto()
    except ServiceMissing as missing:
        pytest.skip(str(missing))
    with private_mosquitto() as port:
        config = (folder / "gateway.toml").read_text().split("[[device]]")[0]
        (folder / "gateway.toml").write_text(f"""{config}
[[device]]
name = "bus"
driver = "mqtt"
topics = ["scans"]
port = {port}
read_point = "cut-1"
""")
        first = start()
        wait_until(lambda: "device_ready" in first.messages(), "a subscription")
        publisher = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        publisher.connect("127.0.0.1", port)
        publisher.loop_start()

        sent = 0
        for cycle in range(6):
            process = first if cycle == 0 else start()
            for _ in range(40):
                sent += 1
                publisher.publish("scans", json.dumps({"code": f"BUS{sent}"}), qos=1).wait_for_publish(5)
            wait_until(lambda least=cycle * 20: len(server.codes()) > least, "some deliveries")
            process.popen.kill()
            process.popen.wait()
        start()
        expected = {f"BUS{number}" for number in range(1, sent + 1)}
        wait_until(lambda: expected <= set(server.codes()), "every message")
        leave(publisher)

    # What was stored but not yet acknowledged to the broker comes again: at least once, never less.
    assert set(server.codes()) == expected


def test_whatever_a_scanner_sends_becomes_an_event_that_the_server_can_read(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    chance = random.Random(3)
    nasty = [
        b"A" * 10_000,
        b"NUL\x00NUL",
        b"\x1b[2J\x07\x08",
        b"<script>alert(1)</script>",
        b"'; DROP TABLE event; --",
        b"]C1010950600013435221\x1d\x1d\x1d",
        b"\xff\xfe\x80",
        b"\xed\xa0\x80",
        b'{"sequence":1}',
        *(bytes(chance.choices(range(256), k=chance.randrange(1, 300))) for _ in range(100)),
    ]
    process = start()
    wait_until(lambda: "device_ready" in process.messages(), "an open port")
    os.set_blocking(scanner.controller, True)
    for code in nasty:
        os.write(scanner.controller, code + b"\r\n")
    scanner.scan("THE-END")

    wait_until(lambda: "THE-END" in server.codes(), "the last code")

    read = [Event.parse(event) for event in server.events.values()]
    assert max(len(event.code or "") for event in read) == 4096
    assert any(event.raw for event in read)
    devices = json.loads(run_command(folder, "status", "--json").stdout)["devices"]
    assert (devices[0]["failed"], devices[0]["state"]) == (0, "ready")
    assert all(line.isprintable() for line in process.log.read_text().splitlines())


def test_status_tail_and_the_socket_belong_to_the_gateways_user(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    process = start()
    wait_until(lambda: "device_ready" in process.messages(), "an open port")
    assert stat.S_IMODE((folder / "data" / "status.sock").stat().st_mode) == 0o600
    tail = subprocess.Popen(
        [sys.executable, "-m", "gateway", "tail", "--config", str(folder / "gateway.toml")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert tail.stdout is not None
        lines: list[str] = []

        def hear() -> None:
            lines.append(tail.stdout.readline())  # type: ignore[union-attr]

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        for number in range(100):
            scanner.scan(f"TAIL{number}")
            thread.join(0.2)
            if lines:
                break
        shown = json.loads(lines[0])
        assert shown["device"] == "scanner-1"
        assert shown["event"]["code"] == shown["bytes"]
    finally:
        tail.kill()
        tail.communicate()

    status = json.loads(run_command(folder, "status", "--json").stdout)
    assert status["running"] is True
    assert status["server"]["state"] == "online"
    assert status["devices"][0]["state"] == "ready"
    assert status["flow"]["read"] == status["flow"]["stored"] + status["flow"]["filtered"]
    beat, golden = server.heartbeats[0], json.loads((GOLDEN / "health.json").read_bytes())
    assert beat["devices"][0]["name"] == "scanner-1"
    assert (set(beat), set(beat["devices"][0])) == (set(golden), set(golden["devices"][0]))
    assert "last read" in run_command(folder, "status").stdout


def test_a_lost_reader_is_told_once_and_so_is_its_return(
    folder: Path, server: FakeServer, start: Callable[..., Process]
) -> None:
    process = start()

    def kinds() -> list[str]:
        return [server.events[identity]["kind"] for identity in server.order]

    wait_until(lambda: "reader_lost" in kinds(), "reader_lost")
    time.sleep(1.0)
    device = Scanner(folder / "scanner")
    wait_until(lambda: "reader_recovered" in kinds(), "reader_recovered")
    device.close()

    assert kinds()[:3] == ["gateway_started", "reader_lost", "reader_recovered"]
    assert process.messages().count("device_lost") <= 2


def test_another_gateway_toml_is_taken_up_while_scans_go_on(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    process = start()
    wait_until(lambda: "device_ready" in process.messages(), "the scanner to open")
    path, text = folder / "gateway.toml", (folder / "gateway.toml").read_text()
    second = Scanner(folder / "second")
    table = f'[[device]]\nname = "second"\ndriver = "serial_line"\nport = "{folder}/second"\nread_point = "weld-1"\n'

    path.write_text(text + table)
    process.popen.send_signal(signal.SIGHUP)
    for number in range(20):
        scanner.scan(f"FIRST-{number}")
    wait_until(lambda: process.messages().count("device_ready") == 2, "the second scanner to open")
    second.scan("SECOND")
    path.write_text(text.replace("suffix", "sufix"))
    process.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: "config_refused" in process.messages(), "the mistake to be told")

    status = json.loads(run_command(folder, "status", "--json").stdout)
    assert status["config"]["state"] == "refused"
    assert 'sufix: there is no such option. Write "suffix" instead.' in str(status["config"]["mistakes"])
    path.write_text(text)
    process.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: "device_stopped" in process.messages(), "the second scanner to be let go")
    scanner.scan("LAST")
    expected = sorted([*(f"FIRST-{number}" for number in range(20)), "SECOND", "LAST"])
    wait_until(lambda: sorted(server.codes()) == expected, "every scan to be delivered once")
    second.close()
    assert process.stop() == 0


def test_a_stop_delivers_what_is_queued_and_leaves_with_zero(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    process = start()
    wait_until(lambda: "device_ready" in process.messages(), "an open port")
    for number in range(50):
        scanner.scan(f"STOP{number}")
    wait_until(lambda: scanner.listen().count(b"\x06") == 50, "50 ACKs")

    assert process.stop() == 0

    assert len(server.codes()) == 50
    assert not (folder / "data" / "status.sock").exists()
    at_rest = run_command(folder, "status", "--json")
    assert at_rest.returncode == 1
    assert json.loads(at_rest.stdout)["outbox"]["backlog"] == 0


def test_a_stop_with_a_silent_server_still_ends_soon(
    folder: Path, server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    release = threading.Event()

    def silent(batch: dict[str, Any]) -> None:
        release.wait(20)

    server.rule = silent
    process = start()
    wait_until(lambda: server.requests > 0, "a request")

    assert process.stop() == 0
    release.set()


def test_an_idle_gateway_uses_next_to_no_processor(
    server: FakeServer, scanner: Scanner, start: Callable[..., Process]
) -> None:
    process = start()
    wait_until(lambda: "device_ready" in process.messages() and server.heartbeats, "an idle gateway")

    def ticks() -> int:
        fields = Path(f"/proc/{process.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(2.0)

    used = (ticks() - before) / os.sysconf("SC_CLK_TCK")
    assert used / 2.0 < 0.05


def test_a_gateway_that_lost_a_thread_ends_so_that_it_can_be_started_anew(folder: Path, scanner: Scanner) -> None:
    script = (
        "import sys\n"
        "from gateway import cli\n"
        "from gateway.uplink.deliver import Deliverer\n"
        "def broken(self): raise ZeroDivisionError('no uplink')\n"
        "Deliverer.deliver_pending = broken\n"
        "sys.exit(cli.main(['run', '--config', sys.argv[1]]))"
    )

    command = [sys.executable, "-c", script, str(folder / "gateway.toml")]
    found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert found.returncode == 70
    fault = next(line for line in map(json.loads, found.stderr.splitlines()) if line["msg"] == "thread_fault")
    assert fault["part"] == "uplink"
    assert "no uplink" in fault["traceback"]


def test_the_gateway_loads_nothing_heavy(folder: Path) -> None:
    heavy = "fastapi sqlalchemy starlette pydantic cv2 numpy paho server"
    script = (
        "import sys, gateway.cli; from gateway.pipeline import plan, Gateway\n"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_replay_feeds_recorded_bytes_through_the_pipeline(folder: Path, server: FakeServer) -> None:
    recording = folder / "recording.jsonl"
    recording.write_text(
        '{"device": "scanner-1", "bytes": "OLU0011P\\r\\n"}\n{"device": "scanner-1", "hex": "4f4b32320d0a"}\n'
    )

    dry = run_command(folder, "replay", str(recording), "--dry-run")
    wet = run_command(folder, "replay", str(recording))

    assert [json.loads(line)["code"] for line in dry.stdout.splitlines()] == ["OLU0011P", "OK22"]
    assert server.codes() == ["OLU0011P", "OK22"]
    assert json.loads(wet.stdout)["stored"] == 2


def test_a_recording_with_a_mistake_is_a_sentence(folder: Path) -> None:
    (folder / "bad.jsonl").write_text('{"device": "scanner-9", "bytes": "x"}\n')

    found = run_command(folder, "replay", str(folder / "bad.jsonl"), "--dry-run")

    assert found.returncode == 1
    assert "device scanner-9 is not in gateway.toml; there are scanner-1" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_second_gateway_on_one_directory_is_refused_in_words(
    folder: Path, scanner: Scanner, start: Callable[..., Process]
) -> None:
    process = start()
    wait_until(lambda: "gateway_started" in process.messages(), "the first gateway")

    second = run_command(folder, "run")

    assert second.returncode == 1
    assert "Stop that one first" in second.stderr


def test_a_missing_file_ends_with_its_own_exit_code_and_a_sentence(tmp_path: Path) -> None:
    for command in ("run", "check", "status"):
        found = run_command(tmp_path, command)

        assert found.returncode == 78
        assert "is not there" in found.stdout + found.stderr
        assert "Traceback" not in found.stderr
