"""A device that goes away is a state: told once, tried again, and never a reason for others to stop."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState, Read
from gateway.sources import Emit, Report, SourceLost
from gateway.supervisor import Supervisor

Life = Callable[[Emit, threading.Event, Report], None]


class ScriptedSource:
    """Lives the lives of its script, one for each run(), then waits for stop."""

    name = "scanner-1"

    def __init__(self, *lives: Life) -> None:
        self.lives: Iterator[Life] = iter(lives)
        self.idle = threading.Event()
        self.cancelled = threading.Event()

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        state(DeviceState(DevicePhase.CONNECTING))
        life = next(self.lives, None)
        if life is not None:
            life(emit, stop, state)
            return
        state(DeviceState(DevicePhase.READY))
        self.idle.set()
        stop.wait()

    def feedback(self, signal: str) -> None:
        pass

    def acknowledge(self, read: Read) -> None:
        pass

    def cancel(self) -> None:
        self.cancelled.set()

    def counters(self) -> dict[str, int]:
        return {"noise_bytes": 3}


def lost(reason: str) -> Life:
    def life(emit: Emit, stop: threading.Event, state: Report) -> None:
        raise SourceLost(reason)

    return life


def explodes(emit: Emit, stop: threading.Event, state: Report) -> None:
    raise ZeroDivisionError("oops")


def returns_early(emit: Emit, stop: threading.Event, state: Report) -> None:
    state(DeviceState(DevicePhase.READY))


class Watched:
    """A supervisor with its news."""

    def __init__(self, source: ScriptedSource, emit: Emit = lambda read: None) -> None:
        self.news: list[tuple[str, ...]] = []
        self.away: list[str] = []
        self.source = source
        self.supervisor = Supervisor(
            source,
            "serial_line",
            emit=emit,
            on_lost=lambda name, reason: self.news.append(("lost", name, reason)),
            on_recovered=lambda name: self.news.append(("recovered", name)),
            on_away=self.away.append,
            share=lambda: 0.0,
        )

    def live(self) -> None:
        self.supervisor.start()
        assert self.source.idle.wait(10)
        self.supervisor.stop()
        assert self.supervisor.join(5)


def test_a_lost_reader_is_told_once_however_often_it_fails_and_its_return_once() -> None:
    watched = Watched(ScriptedSource(lost("gone"), lost("gone"), lost("still gone")))

    watched.live()

    assert watched.news == [("lost", "scanner-1", "gone"), ("recovered", "scanner-1")]


def test_a_loss_is_logged_once_in_whatever_words_the_next_attempts_fail(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    watched = Watched(ScriptedSource(lost("It was unplugged."), lost("It is not there."), lost("It is not there.")))

    watched.live()

    assert [record.message for record in caplog.records] == ["device_lost"]
    assert caplog.records[0].__dict__["sentence"] == "It was unplugged."


def test_a_reader_that_was_never_away_makes_no_news() -> None:
    watched = Watched(ScriptedSource())

    watched.live()

    assert watched.news == []


def test_any_fault_of_a_driver_is_a_lost_reader_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(ScriptedSource(explodes))

    watched.live()

    assert watched.news[0] == ("lost", "scanner-1", "The driver has a fault: oops.")
    assert "device_fault" in caplog.messages


def test_a_driver_that_ends_by_itself_is_started_again() -> None:
    watched = Watched(ScriptedSource(returns_early))

    watched.live()

    assert [kind for kind, *_ in watched.news] == ["lost", "recovered"]


def connects_twice(emit: Emit, stop: threading.Event, state: Report) -> None:
    for phase in (DevicePhase.READY, DevicePhase.CONNECTING, DevicePhase.READY):
        state(DeviceState(phase))
    raise SourceLost("gone")


def test_each_end_of_reading_is_told_whether_it_connects_anew_is_lost_or_stopped() -> None:
    watched = Watched(ScriptedSource(connects_twice))

    watched.live()

    assert watched.away == ["scanner-1"] * 3


def test_a_read_that_cannot_be_handled_is_counted_and_the_reader_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Read] = []

    def emit(read: Read) -> None:
        seen.append(read)
        if len(seen) == 1:
            raise ValueError("unheard of")

    def reads_twice(give: Emit, stop: threading.Event, state: Report) -> None:
        give(CodeRead("scanner-1", b"A"))
        give(CodeRead("scanner-1", b"B"))
        raise SourceLost("end of script")

    watched = Watched(ScriptedSource(reads_twice), emit)
    watched.live()

    assert [read.raw for read in seen if isinstance(read, CodeRead)] == [b"A", b"B"]
    health = watched.supervisor.health()
    assert (health.counters.read, health.counters.failed) == (2, 1)
    assert "read_failed" in caplog.messages


def test_a_reader_that_complains_is_degraded_and_no_lost_one(caplog: pytest.LogCaptureFixture) -> None:
    phases: list[DevicePhase] = []

    def complains(emit: Emit, stop: threading.Event, state: Report) -> None:
        for detail in (None, "Antenna 2 is missing.", "Antenna 2 is missing.", None):
            state(DeviceState(DevicePhase.READY, detail))
            phases.append(watched.supervisor.health().phase)
        raise SourceLost("end of script")

    watched = Watched(ScriptedSource(complains))
    with caplog.at_level(logging.INFO):
        watched.live()

    assert [phase.value for phase in phases] == ["ready", "degraded", "degraded", "ready"]
    assert caplog.messages.count("device_degraded") == 1
    assert [kind for kind, *_ in watched.news] == ["lost", "recovered"]


def test_stop_ends_a_supervisor_in_its_pause_and_cancels_the_source() -> None:
    watched = Watched(ScriptedSource(*[lost("gone")] * 1000))
    watched.supervisor.start()
    while not watched.news:
        time.sleep(0.001)

    watched.supervisor.stop()

    assert watched.supervisor.join(5)
    assert watched.source.cancelled.is_set()
    assert watched.supervisor.health().phase is DevicePhase.STOPPED


def test_health_names_phase_reason_and_the_sources_own_counters() -> None:
    watched = Watched(ScriptedSource(*[lost("The cable is out.")] * 1000))
    watched.supervisor.start()
    while not watched.news:
        time.sleep(0.001)

    health = watched.supervisor.health()
    watched.supervisor.stop()
    watched.supervisor.join(5)

    assert (health.phase, health.detail) == (DevicePhase.LOST, "The cable is out.")
    assert health.source == {"noise_bytes": 3}
