"""The gateway's times: corrected where the server's clock is known, doubted where nobody vouches for them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway.uplink.backoff import retry_after
from gateway.uplink.clock import GatewayClock
from gateway.uplink.heartbeat import Heartbeat
from gateway.uplink.http import Reply, TransportFault

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Time:
    """A wall clock and a monotonic one that a test moves by hand."""

    def __init__(self, wall: datetime) -> None:
        self.wall = wall.timestamp()
        self.monotonic = 100.0

    def clock(self) -> GatewayClock:
        return GatewayClock(lambda: self.wall, lambda: self.monotonic)

    def pass_seconds(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def test_a_time_that_nobody_confirmed_is_suspect() -> None:
    stamp = Time(NOON).clock().now()

    assert stamp.at == NOON
    assert stamp.suspect is True


def test_a_clock_that_agrees_with_the_server_stands_as_it_is() -> None:
    clock = Time(NOON).clock()
    clock.learn(NOON + timedelta(seconds=1), 100.0, 100.0)

    stamp = clock.now()

    assert stamp.at == NOON
    assert stamp.suspect is None


def test_a_clock_in_the_year_2000_is_corrected_by_the_server_and_says_so() -> None:
    clock = Time(datetime(2000, 1, 1, tzinfo=UTC)).clock()
    clock.learn(NOON, 100.0, 100.0)

    stamp = clock.now()

    assert stamp.at == NOON
    assert stamp.suspect is True


def test_a_step_of_the_wall_clock_after_the_heartbeat_does_not_move_events() -> None:
    time = Time(NOON)
    clock = time.clock()
    clock.learn(NOON, 100.0, 100.0)

    time.pass_seconds(60)
    time.wall += 7200

    assert clock.now().at == NOON + timedelta(seconds=60)


def test_the_offset_is_taken_in_the_middle_of_the_round_trip() -> None:
    time = Time(NOON)
    clock = time.clock()
    clock.learn(NOON + timedelta(seconds=30), 96.0, 100.0)

    assert clock.offset() == pytest.approx(32.0)


def test_a_server_with_a_broken_clock_teaches_nothing() -> None:
    clock = Time(NOON).clock()
    clock.learn(datetime(1970, 1, 1, tzinfo=UTC), 100.0, 100.0)

    assert clock.offset() is None


class FakeTransport:
    def __init__(self, answer: Reply | TransportFault) -> None:
        self.answer = answer
        self.sent: list[tuple[str, dict[str, object]]] = []

    def post(self, path: str, body: bytes, timeout: float = 10.0) -> Reply:
        self.sent.append((path, json.loads(body)))
        if isinstance(self.answer, TransportFault):
            raise self.answer
        return self.answer

    def close(self) -> None:
        pass


def test_a_heartbeat_tells_the_health_and_learns_the_time() -> None:
    clock = Time(datetime(2000, 1, 1, tzinfo=UTC)).clock()
    transport = FakeTransport(Reply(200, b'{"server_time": "2026-11-22T12:00:00Z"}'))
    heartbeat = Heartbeat(transport, lambda: {"backlog": 3}, gateway="gw hall", clock=clock)

    heartbeat.beat()

    assert transport.sent == [("/api/v1/gateways/gw%20hall/health", {"backlog": 3})]
    assert clock.now().at == NOON
    assert heartbeat.last_error is None


def test_what_the_keeper_should_know_is_told_until_it_is_over() -> None:
    clock = Time(datetime(2000, 1, 1, tzinfo=UTC)).clock()
    answer = b'{"server_time": "2026-11-22T12:00:00Z", "notice": %s}'
    for notice, shown in ((b'"Two devices."', "Two devices."), (b"null", None), (b"7", None)):
        heartbeat = Heartbeat(FakeTransport(Reply(200, answer % notice)), dict, gateway="gw", clock=clock)

        heartbeat.beat()

        assert heartbeat.last_error == shown
    assert clock.now().at == NOON


@pytest.mark.parametrize(
    "answer",
    [
        TransportFault("gone"),
        Reply(404),
        Reply(409),
        Reply(200, b"nonsense"),
        Reply(200, b"[]"),
        Reply(200, b'{"server_time": 3}'),
    ],
)
def test_a_failed_heartbeat_is_remembered_and_never_raised(answer: Reply | TransportFault) -> None:
    clock = Time(NOON).clock()
    heartbeat = Heartbeat(FakeTransport(answer), dict, gateway="gw", clock=clock)

    heartbeat.beat()

    assert heartbeat.last_error is not None
    assert clock.offset() is None


def test_retry_after_may_be_a_date() -> None:
    assert retry_after("Sun, 22 Nov 2026 12:00:30 GMT", NOON) == 30.0
    assert retry_after("Sun, 22 Nov 2026 11:00:00 GMT", NOON) == 0.0


def test_a_clock_that_is_set_is_noticed_once_and_events_keep_their_time() -> None:
    time = Time(NOON)
    clock = time.clock()
    clock.learn(NOON, 100.0, 100.0)
    time.pass_seconds(5)
    quiet = clock.notice_step()
    time.wall += 7200

    assert (quiet, clock.notice_step(), clock.notice_step()) == (None, 7200.0, None)
    assert (clock.steps, clock.last_step) == (1, 7200.0)
    assert clock.now().at == NOON + timedelta(seconds=5)


def test_a_clock_that_falls_back_is_noticed_too() -> None:
    time = Time(NOON)
    clock = time.clock()
    time.wall = 946_684_800.0

    assert (clock.notice_step() or 0) < -800_000_000
