"""What whoever scanned hears: ACK when stored, the verdict when it is quick, "stored" when it is not."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.outbox import OutboxError, OutboxFull, Ticket
from gateway.outbox.ticket import Group
from gateway.pipeline import answers
from gateway.pipeline.answers import Answerer, Question
from gateway.protocols.reads import CodeRead, Read
from gateway.sources import Emit, Report
from orderlight.events import Answer, Signal, Status

EPOCH = "00000000000000ab"


class Recorder:
    """A scanner that remembers what it was told."""

    def __init__(self, name: str = "scanner-1") -> None:
        self.name = name
        self.heard: list[str] = []

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        pass

    def feedback(self, signal: str) -> None:
        self.heard.append(signal)

    def acknowledge(self, read: Read) -> None:
        assert isinstance(read, CodeRead)
        self.heard.append(f"ack {read.raw.decode()}")

    def cancel(self) -> None:
        pass

    def counters(self) -> dict[str, int]:
        return {}


class Bench:
    """An answerer with a clock moved by hand, and tickets settled by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.answerer = Answerer(EPOCH, lambda: self.now)
        self.scanner = Recorder()
        self.outcomes: list[int | OutboxError] = []
        self._sequence = 1
        self.answerer.start()

    def scan(self, code: str, *, scanner: Recorder | None = None, tone: bool = True) -> Ticket:
        ticket = Ticket(b"{}", Group(), sheddable=False)
        read = CodeRead("scanner-1", code.encode())
        source = scanner or self.scanner
        self.answerer.ask(Question(source, read, self.now, ticket, tone, self.outcomes.append))
        return ticket

    def repeat(self, code: str) -> None:
        read = CodeRead("scanner-1", code.encode())
        self.answerer.ask(Question(self.scanner, read, self.now, None, False, self.outcomes.append))

    def commit(self, ticket: Ticket) -> int:
        self._sequence += 1
        ticket.sequence, ticket.stored = self._sequence, True
        ticket.group.settled.set()
        return self._sequence

    def refuse(self, ticket: Ticket) -> None:
        ticket.error = OutboxFull("Outbox is full.")
        ticket.group.settled.set()

    def verdict(self, sequence: int, signal: Signal = Signal.OK, epoch: str = EPOCH) -> None:
        self.answerer.answer(epoch, [self.an_answer(sequence, signal)])

    def an_answer(self, sequence: int, signal: Signal) -> Answer:
        return Answer(sequence, Status.APPLIED, None, None, "Done.", signal)

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
        # The answerer sleeps by the real clock; a new question makes it look at this one.
        with self.answerer._condition:
            self.answerer._condition.notify_all()


def eventually(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.now += 1000
    made.answerer.stop()


def test_nothing_is_acknowledged_before_its_commit(bench: Bench) -> None:
    ticket = bench.scan("A")
    time.sleep(0.05)
    before = list(bench.scanner.heard)

    bench.commit(ticket)

    eventually(lambda: bench.scanner.heard == ["ack A"])
    assert before == []


def test_a_quick_verdict_is_the_only_tone(bench: Bench) -> None:
    sequence = bench.commit(bench.scan("A"))
    eventually(lambda: bench.outcomes == [sequence])
    eventually(lambda: "ack A" in bench.scanner.heard)
    eventually(lambda: sequence in bench.answerer._awaiting)

    bench.verdict(sequence, Signal.WARN)
    bench.pass_seconds(1)
    bench.commit(bench.scan("B"))
    eventually(lambda: "ack B" in bench.scanner.heard)

    assert bench.scanner.heard[:2] == ["ack A", "warn"]
    assert "stored" not in bench.scanner.heard


def test_without_a_verdict_in_time_the_scanner_hears_stored(bench: Bench) -> None:
    bench.commit(bench.scan("A"))
    eventually(lambda: "ack A" in bench.scanner.heard)

    bench.pass_seconds(0.2)

    eventually(lambda: bench.scanner.heard == ["ack A", "stored"])


def test_late_verdicts_of_one_scanner_become_one_tone_the_worst(bench: Bench) -> None:
    sequences = [bench.commit(bench.scan(code)) for code in "ABC"]
    eventually(lambda: len(bench.outcomes) == 3)
    bench.pass_seconds(5)
    eventually(lambda: bench.scanner.heard.count("stored") == 3)

    signals = (Signal.OK, Signal.STOP, Signal.WARN)
    bench.answerer.answer(
        EPOCH, [bench.an_answer(number, signal) for number, signal in zip(sequences, signals, strict=True)]
    )

    assert bench.scanner.heard[-1] == "stop"
    assert bench.scanner.heard.count("ok") == 0


def test_a_verdict_on_a_read_of_more_than_a_minute_ago_never_reaches_the_scanner(bench: Bench) -> None:
    sequence = bench.commit(bench.scan("A"))
    eventually(lambda: bench.outcomes)
    bench.pass_seconds(61)
    eventually(lambda: "stored" in bench.scanner.heard)

    bench.verdict(sequence, Signal.STOP)

    assert bench.scanner.heard == ["ack A", "stored"]


def test_a_verdict_on_another_epoch_is_not_for_this_scanner(bench: Bench) -> None:
    sequence = bench.commit(bench.scan("A"))
    eventually(lambda: bench.outcomes)

    bench.verdict(sequence, Signal.STOP, epoch="00000000000000cd")

    assert "stop" not in bench.scanner.heard


def test_a_verdict_that_overtakes_the_commit_is_not_lost(bench: Bench) -> None:
    ticket = bench.scan("A")
    bench.verdict(2, Signal.STOP)

    assert bench.commit(ticket) == 2

    eventually(lambda: bench.scanner.heard == ["ack A", "stop"])


def test_verdicts_on_events_that_no_read_waits_for_are_forgotten_with_the_next_read(bench: Bench) -> None:
    before = bench.scan("A")
    for sequence in (2, 3, 4, 6):
        bench.verdict(sequence)
    bench.commit(before)
    eventually(lambda: bench.scanner.heard == ["ack A", "ok"])

    bench._sequence = 4
    bench.commit(bench.scan("B"))

    # What comes after this read may still be a read's.
    eventually(lambda: list(bench.answerer._early) == [6])


def test_a_repeat_is_acknowledged_after_the_scan_it_repeats(bench: Bench) -> None:
    ticket = bench.scan("A")
    bench.repeat("A2")
    time.sleep(0.02)
    before = list(bench.scanner.heard)

    bench.commit(ticket)

    eventually(lambda: bench.scanner.heard[:2] == ["ack A", "ack A2"])
    assert before == []


def test_a_refused_event_is_never_acknowledged(bench: Bench) -> None:
    bench.refuse(bench.scan("A"))

    eventually(lambda: bench.outcomes)
    assert isinstance(bench.outcomes[0], OutboxFull)
    assert bench.scanner.heard == []


def test_stop_settles_what_is_queued(bench: Bench) -> None:
    tickets = [bench.scan(str(number), tone=False) for number in range(20)]
    for ticket in tickets:
        bench.commit(ticket)

    bench.answerer.stop()

    assert len(bench.outcomes) == 20


def test_many_reads_that_nobody_settled_hold_up_the_next_one_until_there_is_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MAX_QUESTIONS", 2)
    tickets = [bench.scan(f"{number}") for number in range(2)]
    went_on = threading.Event()

    def wait_for_room() -> None:
        bench.answerer.wait_for_room()
        went_on.set()

    waiting = threading.Thread(target=wait_for_room, daemon=True)
    waiting.start()

    assert not went_on.wait(0.1)
    bench.commit(tickets[0])
    assert went_on.wait(5)
    bench.commit(tickets[1])


def test_reads_whose_verdict_never_comes_fill_no_memory(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_MAX_AWAITING", 10)
    sequences = [bench.commit(bench.scan(f"{number}")) for number in range(40)]
    eventually(lambda: len(bench.outcomes) == 40)

    assert len(bench.answerer._awaiting) <= 11
    bench.verdict(sequences[-1])
    eventually(lambda: "ok" in bench.scanner.heard)
