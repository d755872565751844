"""Commands from the server, without a broker: what is done, and what is refused in words."""

import threading
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.pipeline.devices import Devices
from gateway.pipeline.reload import ConfigPhase, Reloader
from gateway.pipeline.remote import Remote
from gateway.protocols.reads import DevicePhase, DeviceState
from gateway.sources import SourceLost
from gateway.supervisor import Supervisor
from orderlight.events.commands import CommandResult
from server.broker.presence import Presences


class Patient:
    """A source that stays until it is told to stop, or lost while it is away."""

    name = "scanner-1"

    def __init__(self) -> None:
        self.lives, self.away = 0, False
        self.tones: list[str] = []
        self._woken = threading.Event()

    def run(self, emit: Any, stop: threading.Event, state: Any) -> None:
        if self.away:
            raise SourceLost("It is away.")
        self.lives += 1
        state(DeviceState(DevicePhase.READY))
        while not stop.is_set():
            self._woken.wait(2)
            self._woken.clear()

    def cancel(self) -> None:
        self._woken.set()

    def feedback(self, signal: str) -> None:
        self.tones.append(signal)

    def acknowledge(self, read: Any) -> None: ...

    def counters(self) -> dict[str, int]:
        return {}


def until(true: Any) -> bool:
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(true())


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(told: list[str]) -> Supervisor:
    return Supervisor(
        Patient(),
        "patient",
        emit=lambda _read: None,
        on_lost=lambda name, _reason: told.append(f"lost {name}"),
        on_recovered=lambda name: told.append(f"back {name}"),
        share=lambda: 0.0,
    )


def remote(supervisor: Supervisor | None = None, state: Any = None) -> Remote:
    chosen = [supervisor] if supervisor else []
    devices = SimpleNamespace(chosen=lambda name: [each for each in chosen if name in (None, each.name)])
    reloader = SimpleNamespace(reload=lambda: state)
    return Remote(cast(Devices, devices), cast(Reloader, reloader), sleep=lambda _seconds: None)


def test_a_paused_device_is_let_go_without_being_called_lost_and_opened_again_when_resumed(
    supervisor: Supervisor, told: list[str]
) -> None:
    source, asked = cast(Patient, supervisor.source), remote(supervisor)
    supervisor.start()
    assert until(lambda: supervisor.health().phase is DevicePhase.READY)

    paused = asked.act(b'{"command": "pause", "device": "scanner-1"}')
    assert until(lambda: supervisor.health().phase is DevicePhase.STOPPED)
    assert (paused.done, paused.say) == (True, "Paused scanner-1, until it is resumed.")
    assert "Paused by a command" in str(supervisor.health().detail)

    assert asked.act(b'{"command": "resume"}').done
    assert until(lambda: source.lives == 2)
    supervisor.pause()
    supervisor.stop()
    assert supervisor.join(2.0)
    assert told == []


def test_a_device_that_was_lost_before_its_pause_is_told_back_after_it(supervisor: Supervisor, told: list[str]) -> None:
    source = cast(Patient, supervisor.source)
    source.away = True
    supervisor.start()
    assert until(lambda: told == ["lost scanner-1"])

    supervisor.pause()
    assert until(lambda: supervisor.health().phase is DevicePhase.STOPPED)
    source.away = False
    supervisor.resume()

    assert until(lambda: told == ["lost scanner-1", "back scanner-1"])
    supervisor.stop()
    assert supervisor.join(2.0)


def test_identify_makes_a_device_signal_three_times(supervisor: Supervisor) -> None:
    assert remote(supervisor).act(b'{"command": "identify"}').done
    assert cast(Patient, supervisor.source).tones == ["ok", "ok", "ok"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "no JSON"),
        (b"[]", "expected an object, got list"),
        (b'{"command": "format"}', "expected one of identify, pause, resume, reload"),
        (b'{"command": "pause", "device": 7}', "expected one of"),
        (b'{"command": "pause", "device": "other"}', "There is no device other here."),
        (b" " * 5000, "expected at most 4096 bytes"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(supervisor: Supervisor, body: bytes, words: str) -> None:
    result = remote(supervisor).act(body)

    assert not result.done
    assert words in result.say


def test_reload_says_what_became_of_the_file() -> None:
    taken = SimpleNamespace(phase=ConfigPhase.CURRENT, sentence=None, mistakes=())
    refused = SimpleNamespace(phase=ConfigPhase.REFUSED, sentence="It has a mistake.", mistakes=("line 3: no",))

    assert remote(state=taken).act(b'{"command": "reload"}').done
    assert remote(state=refused).act(b'{"command": "reload"}') == CommandResult(False, "It has a mistake. line 3: no")


def test_one_command_too_many_is_refused_at_once_and_the_others_wait_their_turn() -> None:
    asked, results = remote(), []
    for _ in range(9):
        asked.take(b"{}", results.append)

    assert [CommandResult.parse(body).say for body in results] == [
        "The gateway is busy with other commands. Try again."
    ]


def test_what_the_broker_keeps_of_a_gateway_is_read_with_care() -> None:
    known = Presences()

    assert known.note("gw-1", b'{"state": "online", "since": "2026-11-22T08:00:00+00:00"}')
    assert not known.note("gw-1", b'{"state": "online", "since": "2026-11-22T08:00:00+00:00"}')
    for odd in (b"", b"[]", b'{"state": "away"}', b"{" * 5000, b"\xff"):
        assert not known.note("gw-1", odd)
    assert known.note("gw-1", b'{"state": "offline", "since": 7}')
    assert (known.of("gw-1"), known.of("gw-2")) == (known.of("gw-1"), None)
    known.clear()
    assert known.of("gw-1") is None
