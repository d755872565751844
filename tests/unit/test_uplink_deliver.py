"""Delivery in order: what the server names is forgotten, everything else is kept."""

import json
import threading
from collections.abc import Callable, Sequence

import pytest

from gateway.outbox import Parcel
from gateway.uplink.backoff import Backoff
from gateway.uplink.deliver import Deliverer
from gateway.uplink.http import Reply, TransportFault
from gateway.uplink.state import UplinkPhase
from orderlight.events import Answer, Receipt, Signal, Status

OLD, NEW = "0" * 15 + "1", "0" * 15 + "2"


class MemoryOutbox:
    """The outbox's door with a dict behind it."""

    def __init__(self, events: Sequence[tuple[str, int]]) -> None:
        self.stored = threading.Event()
        self.events = {(epoch, sequence): b'{"sequence":%d}' % sequence for epoch, sequence in events}
        self.aside: list[tuple[str, int, str]] = []

    def oldest(self, max_events: int, max_bytes: int) -> Parcel | None:
        keys = sorted(self.events)
        keys = [key for key in keys if key[0] == keys[0][0]][:max_events]
        if not keys:
            return None
        return Parcel(keys[0][0], tuple(key[1] for key in keys), tuple(self.events[key] for key in keys))

    def delete(self, epoch: str, sequences: Sequence[int]) -> int:
        return sum(self.events.pop((epoch, sequence), None) is not None for sequence in sequences)

    def set_aside(self, epoch: str, sequence: int, reason: str, at: float) -> None:
        self.aside.append((epoch, sequence, reason))
        del self.events[epoch, sequence]


class FakeServer:
    """Answers requests with `answer`, and remembers what it was sent."""

    def __init__(self, answer: Callable[[str, list[int]], Reply | Exception]) -> None:
        self.answer = answer
        self.requests: list[tuple[str, list[int]]] = []

    def post(self, path: str, body: bytes, timeout: float = 10.0) -> Reply:
        assert path == "/api/v1/events"
        data = json.loads(body)
        sequences = [event["sequence"] for event in data["events"]]
        self.requests.append((data["epoch"], sequences))
        answer = self.answer(data["epoch"], sequences)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        pass


def verdict(sequence: int) -> dict[str, object]:
    return {"sequence": sequence, "status": "applied", "action": None, "subject": None, "say": "Done.",
            "signal": "ok", "reason": None, "undo": False}  # fmt: skip


def receipt(epoch: str, sequences: Sequence[int], **changes: object) -> Reply:
    results = [verdict(sequence) for sequence in sequences]
    body = {"gateway": "gw", "epoch": epoch, "committed_sequence": 0, "results": results} | changes
    return Reply(200, json.dumps(body).encode())


def deliverer(outbox: MemoryOutbox, server: FakeServer, seen: list[tuple[str, Answer]] | None = None) -> Deliverer:
    def on_answers(epoch: str, answers: Sequence[Answer]) -> None:
        if seen is not None:
            seen.extend((epoch, answer) for answer in answers)

    return Deliverer(outbox, server, gateway="gw", on_answers=on_answers, backoff=Backoff(share=lambda: 1.0))


def events(epoch: str, count: int) -> list[tuple[str, int]]:
    return [(epoch, sequence) for sequence in range(1, count + 1)]


def test_older_epochs_go_first_and_never_share_a_request_with_newer_ones() -> None:
    outbox = MemoryOutbox(events(NEW, 2) + events(OLD, 3))
    server = FakeServer(receipt)

    pause = deliverer(outbox, server).deliver_pending()

    assert pause == 0
    assert server.requests == [(OLD, [1, 2, 3]), (NEW, [1, 2])]
    assert not outbox.events


def test_a_request_holds_at_most_five_hundred_events() -> None:
    outbox = MemoryOutbox(events(OLD, 1100))
    server = FakeServer(receipt)

    deliverer(outbox, server).deliver_pending()

    assert [len(sequences) for _epoch, sequences in server.requests] == [500, 500, 100]


def test_only_the_events_that_the_answer_names_are_forgotten() -> None:
    outbox = MemoryOutbox(events(OLD, 4))
    answers = iter([receipt(OLD, [1, 3]), TransportFault("gone")])
    server = FakeServer(lambda _epoch, _sequences: next(answers))

    deliverer(outbox, server).deliver_pending()

    assert sorted(outbox.events) == [(OLD, 2), (OLD, 4)]


def test_the_verdicts_reach_whoever_scanned() -> None:
    seen: list[tuple[str, Answer]] = []

    deliverer(MemoryOutbox(events(OLD, 2)), FakeServer(receipt), seen).deliver_pending()

    assert [(epoch, answer.sequence, answer.signal) for epoch, answer in seen] == [(OLD, 1, "ok"), (OLD, 2, "ok")]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b""),
        Reply(200, b"<html>captive portal</html>"),
        Reply(200, b"[]"),
        Reply(200, b'{"results": 3}'),
        receipt(OLD, [1, 2, 77]),
        receipt(OLD, []),
        receipt(NEW, [1, 2]),
        receipt(OLD, [1, 2], gateway="someone-else"),
        receipt(OLD, [1], results=[verdict(1) | {"status": "maybe"}]),
        receipt(OLD, [1], results=[verdict(1) | {"sequence": "1"}]),
        receipt(OLD, [1], results=[verdict(1) | {"sequence": True}]),
    ],
)
def test_an_answer_that_makes_no_sense_deletes_nothing(reply: Reply) -> None:
    outbox = MemoryOutbox(events(OLD, 2))
    worker = deliverer(outbox, FakeServer(lambda _epoch, _sequences: reply))

    pause = worker.deliver_pending()

    assert pause > 0
    assert len(outbox.events) == 2
    assert worker.state.phase is UplinkPhase.CONFUSED


@pytest.mark.parametrize(
    ("answer", "phase"),
    [
        (TransportFault("Server does not answer in time."), UplinkPhase.OFFLINE),
        (Reply(401), UplinkPhase.REFUSED),
        (Reply(403), UplinkPhase.REFUSED),
        (Reply(409, b'{"detail": "cloned"}'), UplinkPhase.REFUSED),
        (Reply(429), UplinkPhase.BUSY),
        (Reply(500), UplinkPhase.BUSY),
        (Reply(503), UplinkPhase.BUSY),
        (Reply(404), UplinkPhase.CONFUSED),
        (Reply(302), UplinkPhase.CONFUSED),
    ],
)
def test_whatever_the_server_says_instead_everything_is_kept(answer: Reply | Exception, phase: UplinkPhase) -> None:
    outbox = MemoryOutbox(events(OLD, 2))
    worker = deliverer(outbox, FakeServer(lambda _epoch, _sequences: answer))

    pause = worker.deliver_pending()

    assert pause > 0
    assert len(outbox.events) == 2
    assert worker.state.phase is phase


def test_the_pause_doubles_up_to_thirty_seconds_and_begins_anew_after_a_success() -> None:
    outbox = MemoryOutbox(events(OLD, 1))
    server = FakeServer(lambda _epoch, _sequences: TransportFault("gone"))
    worker = deliverer(outbox, server)

    pauses = [worker.deliver_pending() for _ in range(10)]
    server.answer = receipt
    worker.deliver_pending()
    outbox.events[OLD, 2] = b'{"sequence":2}'
    server.answer = lambda _epoch, _sequences: TransportFault("gone")

    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0])
    assert worker.deliver_pending() == pytest.approx(0.2)


def test_retry_after_is_the_least_pause() -> None:
    worker = deliverer(MemoryOutbox(events(OLD, 1)), FakeServer(lambda _epoch, _sequences: Reply(503, b"", "7")))

    assert worker.deliver_pending() == pytest.approx(7.2)


@pytest.mark.parametrize("status", [413, 422])
def test_a_bad_event_is_narrowed_down_and_set_aside_and_no_other_waits_for_it(status: int) -> None:
    outbox = MemoryOutbox(events(OLD, 300))

    def picky(epoch: str, sequences: list[int]) -> Reply:
        if 137 in sequences:
            return Reply(status, b'{"title": "Bad", "detail": "Sequence 137 is odd."}')
        return receipt(epoch, sequences)

    server = FakeServer(picky)
    worker = deliverer(outbox, server)

    pause = worker.deliver_pending()

    assert pause == 0
    assert not outbox.events
    assert outbox.aside == [(OLD, 137, f"{status}: Sequence 137 is odd.")]
    accepted = [sequences for _epoch, sequences in server.requests if 137 not in sequences]
    assert [sequence for sequences in accepted for sequence in sequences] == [n for n in range(1, 301) if n != 137]
    assert len(server.requests) < 40


UNREADABLE = Answer(None, Status.QUARANTINED, None, None, "This event holds no number.", Signal.STOP, "bad_field")


def without_number(epoch: str, named: Sequence[int]) -> Reply:
    told = tuple(Answer(number, Status.APPLIED, None, None, "Done.", Signal.OK) for number in named)
    return Reply(200, Receipt("gw", epoch, 0, (*told, UNREADABLE)).encode())


def test_an_event_in_which_the_server_reads_no_number_is_set_aside_and_no_other_waits_for_it() -> None:
    outbox = MemoryOutbox(events(OLD, 9))

    def reads_no_four(epoch: str, sequences: list[int]) -> Reply:
        named = [number for number in sequences if number != 4]
        return receipt(epoch, sequences) if named == sequences else without_number(epoch, named)

    worker = deliverer(outbox, FakeServer(reads_no_four))

    assert worker.deliver_pending() == 0
    assert not outbox.events
    assert outbox.aside == [(OLD, 4, "This event holds no number.")]
    assert worker.state.phase is UplinkPhase.ONLINE


def test_a_request_answered_without_any_number_is_halved_until_one_event_is_left() -> None:
    outbox = MemoryOutbox(events(OLD, 4))
    server = FakeServer(lambda epoch, _sequences: without_number(epoch, []))
    worker = deliverer(outbox, server)

    assert worker.deliver_pending() == 0

    assert [len(sequences) for _epoch, sequences in server.requests][:3] == [4, 2, 1]
    assert [sequence for _epoch, sequence, _reason in outbox.aside] == [1, 2, 3, 4]


def test_a_state_is_logged_when_it_changes_and_not_when_it_repeats(caplog: pytest.LogCaptureFixture) -> None:
    outbox = MemoryOutbox(events(OLD, 1))
    server = FakeServer(lambda _epoch, _sequences: TransportFault("gone"))
    worker = deliverer(outbox, server)

    with caplog.at_level("INFO"):
        for _ in range(5):
            worker.deliver_pending()
        server.answer = receipt
        worker.deliver_pending()

    assert [record.message for record in caplog.records] == ["uplink_offline", "uplink_online"]


def test_run_wakes_for_a_new_event_and_ends_when_told() -> None:
    outbox = MemoryOutbox([])
    delivered = threading.Event()

    def answer(epoch: str, sequences: list[int]) -> Reply:
        delivered.set()
        return receipt(epoch, sequences)

    worker = deliverer(outbox, FakeServer(answer))
    thread = threading.Thread(target=worker.run)
    thread.start()
    outbox.events[OLD, 1] = b'{"sequence":1}'
    outbox.stored.set()

    assert delivered.wait(5)
    worker.stop(1)
    thread.join(5)
    assert not thread.is_alive()


def test_a_stop_during_a_long_pause_tries_once_more_and_ends() -> None:
    outbox = MemoryOutbox(events(OLD, 1))
    held = threading.Event()

    def busy(_epoch: str, _sequences: list[int]) -> Reply:
        held.set()
        return Reply(503, b"", "300")

    server = FakeServer(busy)
    worker = deliverer(outbox, server)
    thread = threading.Thread(target=worker.run)
    thread.start()
    held.wait(5)
    server.answer = receipt
    worker.stop(2)
    thread.join(5)

    assert not thread.is_alive()
    assert not outbox.events


@pytest.mark.parametrize(
    ("fault", "comes_at_once"), [(TransportFault("gone"), True), (Reply(503, b"", "300"), False)], ids=["gone", "busy"]
)
def test_a_server_that_answers_again_ends_a_pause_that_it_did_not_ask_for(
    fault: Reply | Exception, comes_at_once: bool
) -> None:
    outbox, held, delivered = MemoryOutbox(events(OLD, 1)), threading.Event(), threading.Event()
    server = FakeServer(lambda _epoch, _sequences: fault)
    # Minutes of pause, of which the test waits for none.
    worker = Deliverer(
        outbox, server, gateway="gw", on_answers=lambda _epoch, _answers: delivered.set(),
        backoff=Backoff(share=lambda: held.set() or 600.0),
    )  # fmt: skip
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert held.wait(5)
    server.answer = receipt

    worker.try_soon()

    assert delivered.wait(5 if comes_at_once else 0.3) is comes_at_once
    worker.stop(2)
    thread.join(5)
    assert not outbox.events
