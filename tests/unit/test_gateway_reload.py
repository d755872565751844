"""Another gateway.toml while the gateway runs: what changed is taken up, mistakes change nothing."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import words
from gateway.pipeline import Gateway, devices, health, plan
from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState, Read
from gateway.sources import Emit, Report, SourceLost

HEAD = """
[gateway]
name = "gw-hall-1"
data_dir = "data"
[server]
url = "http://127.0.0.1:9"
key_file = "gateway.key"
[outbox]
min_free_bytes = 1
ballast_bytes = 1
"""


def scanner(name: str, port: str = "/dev/null", place: str = "cut-1", more: str = "") -> str:
    return f'[[device]]\nname = "{name}"\ndriver = "serial_line"\nport = "{port}"\nread_point = "{place}"\n{more}\n'


@dataclass
class Wire:
    """A device that is there unless its port says otherwise; the test scans at it."""

    name: str
    port: str
    ready: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    emit: Emit | None = None
    acknowledged: list[Read] = field(default_factory=list)

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        if self.port == "/dev/absent":
            raise SourceLost("It is not plugged in.")
        self.emit = emit
        state(DeviceState(DevicePhase.READY))
        self.ready.set()
        stop.wait()
        self.ended.set()

    def scan(self, code: str) -> None:
        assert self.ready.wait(5)
        assert self.emit is not None
        self.emit(CodeRead(self.name, code.encode()))

    def feedback(self, signal: str) -> None:
        pass

    def acknowledge(self, read: Read) -> None:
        self.acknowledged.append(read)

    def cancel(self) -> None:
        pass

    def counters(self) -> dict[str, int]:
        return {}


class Hall:
    """A running gateway without an uplink, whose devices are wires."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "gateway.toml"
        self.made: list[Wire] = []
        self.missing = ""

    def begin(self, text: str) -> None:
        self.write(text)
        self.gateway = Gateway(plan(self.path))
        self.gateway.start(uplink=False)

    def write(self, text: str, head: str = HEAD) -> None:
        self.path.write_text(head + text)

    def make(self, name: str, options: object, **around: object) -> Wire:
        if self.missing:
            raise ImportError(f"No module named '{self.missing}'")
        wire = Wire(name, getattr(options, "port", ""))
        self.made.append(wire)
        return wire

    def wire(self, name: str) -> Wire:
        return next(wire for wire in reversed(self.made) if wire.name == name)

    def look(self) -> str:
        self.gateway.reloader.look()
        return self.gateway.reloader.state.phase.value

    def status(self) -> dict[str, Any]:
        return health.status(self.gateway._parts)

    def events(self) -> list[dict[str, Any]]:
        parcel = self.gateway.outbox.oldest(500, 512 * 1024)
        return [json.loads(body) for body in parcel.bodies] if parcel else []

    def stored(self) -> list[tuple[str, str]]:
        return [(event["read_point"], event["code"]) for event in self.events() if event["kind"] == "code_scanned"]


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    (tmp_path / "gateway.key").write_text("glk_secret\n")
    made = Hall(tmp_path)
    monkeypatch.setattr(devices, "make_source", made.make)
    yield made
    made.gateway.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_only_what_changed_is_touched_and_no_stored_read_is_lost(hall: Hall) -> None:
    hall.begin(
        scanner("same") + scanner("moved", "/dev/zero") + scanner("other", "/dev/ttyS1") + scanner("gone", "/dev/ttyS2")
    )
    before = {wire.name: wire for wire in hall.made}
    for wire in hall.made:
        wire.scan(f"{wire.name}-1")

    # The lines move too, which is no change.
    hall.write(
        "\n\n" + scanner("new", "/dev/ttyS3") + scanner("same") + scanner("moved", "/dev/zero", "weld-1")
        + scanner("other", "/dev/ttyS4")
    )  # fmt: skip

    assert hall.look() == "current"
    changes = hall.gateway.reloader.state.changes
    assert (changes.started, changes.restarted, changes.stopped, changes.moved) == (
        ("new",), ("other",), ("gone",), ("moved",),
    )  # fmt: skip
    assert {name: wire.ended.is_set() for name, wire in before.items()} == {
        "same": False, "moved": False, "other": True, "gone": True,
    }  # fmt: skip
    for name in ("same", "moved", "other", "new"):
        hall.wire(name).scan(f"{name}-2")
    until(lambda: hall.status()["flow"]["stored"] == 8)
    assert hall.stored() == [
        ("cut-1", "same-1"), ("cut-1", "moved-1"), ("cut-1", "other-1"), ("cut-1", "gone-1"),
        ("cut-1", "same-2"), ("weld-1", "moved-2"), ("cut-1", "other-2"), ("cut-1", "new-2"),
    ]  # fmt: skip
    assert hall.status()["flow"]["read"] == 8
    assert {device.name: device.counters.stored for device in hall.gateway.devices.health()} == {
        "new": 1, "same": 2, "moved": 2, "other": 2,
    }  # fmt: skip


def test_a_file_with_mistakes_changes_nothing_and_is_told_once(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    hall.begin(scanner("scanner-1"))
    hall.write(scanner("scanner-1", more="bawd = 9600") + scanner("scanner-2", "/dev/ttyS1", more='suffix = "crfl"'))

    with caplog.at_level(logging.INFO):
        assert [hall.look(), hall.look(), hall.look()] == ["refused"] * 3

    assert [record.message for record in caplog.records if record.message.startswith("config_")] == ["config_refused"]
    config = hall.status()["config"]
    assert "bawd" in str(config["mistakes"])
    assert "crfl" in str(config["mistakes"])
    assert "2 mistakes; the gateway goes on as before" in words.status(hall.status())
    hall.wire("scanner-1").scan("A")
    hall.write(scanner("scanner-1"))
    assert hall.look() == "current"
    assert len(hall.made) == 1


def test_a_file_that_is_refused_for_another_file_is_taken_when_that_is_mended(hall: Hall) -> None:
    hall.begin(scanner("scanner-1"))
    key = hall.path.with_name("gateway.key")
    key.rename(key.with_name("away"))
    hall.write(scanner("scanner-1", place="weld-1"))
    assert hall.look() == "refused"

    key.with_name("away").rename(key)

    assert hall.look() == "current"
    hall.wire("scanner-1").scan("A")
    until(lambda: hall.stored() == [("weld-1", "A")])


def test_a_file_that_is_gone_is_a_mistake_and_no_end(hall: Hall) -> None:
    hall.begin(scanner("scanner-1"))

    hall.path.unlink()

    assert hall.look() == "refused"
    assert "is not there" in str(hall.gateway.reloader.state.mistakes[0])
    hall.write(scanner("scanner-1"))
    assert hall.look() == "current"


def test_what_the_outbox_and_the_server_rest_on_waits_for_a_restart(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    hall.begin(scanner("scanner-1"))
    other = HEAD.replace("gw-hall-1", "gw-hall-2").replace(":9", ":10").replace("min_free_bytes = 1", "max_bytes = 7")
    hall.write(scanner("scanner-1", place="weld-1"), other)

    with caplog.at_level(logging.INFO):
        assert [hall.look(), hall.look()] == ["waiting"] * 2

    state = hall.gateway.reloader.state
    assert state.restart_for == ("gateway.name", "server.url", "outbox.max_bytes", "outbox.min_free_bytes")
    assert state.sentence is not None
    assert state.sentence.endswith("changed in gateway.toml: restart the gateway to use that.")
    assert [record.message for record in caplog.records if record.message.startswith("config_")] == ["config_taken"]
    assert hall.status()["gateway"] == "gw-hall-1"
    # What can be taken up is.
    hall.wire("scanner-1").scan("A")
    until(lambda: hall.stored() == [("weld-1", "A")])
    hall.write(scanner("scanner-1", place="weld-1"))
    assert hall.look() == "current"


def test_a_device_that_cannot_be_made_leaves_all_as_it_was(hall: Hall) -> None:
    hall.begin(scanner("scanner-1"))
    hall.missing = "serial"
    hall.write(scanner("scanner-2", "/dev/ttyS1"))

    assert hall.look() == "refused"

    assert "scanner-2 needs a package that is not installed" in str(hall.gateway.reloader.state.mistakes[0])
    assert not hall.wire("scanner-1").ended.is_set()
    hall.missing = ""
    assert hall.look() == "current"
    assert hall.wire("scanner-1").ended.is_set()


def test_a_loss_that_was_told_is_told_over_when_the_device_is_found_under_another_port(hall: Hall) -> None:
    hall.begin(scanner("scanner-1", "/dev/absent"))
    until(lambda: hall.gateway.devices.health()[0].phase is DevicePhase.LOST)

    hall.write(scanner("scanner-1"))
    hall.look()

    assert hall.wire("scanner-1").ready.wait(5)
    until(lambda: [event["kind"] for event in hall.events()] == ["gateway_started", "reader_lost", "reader_recovered"])
