"""Print jobs on both engines and a simulated printer: in order, tried again while nothing left, never twice."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from server.db import Database
from server.labels.designs import card_label
from server.labels.own import own_symbol
from server.labels.queue import repository, service, turns
from server.labels.queue.models import PrintJob
from server.labels.queue.schemas import PrinterIn, PrintIn
from server.labels.queue.states import MOST_TRIES, JobAction, JobState, Trouble
from server.labels.queue.turns import LEASE
from server.labels.queue.worker import PrintWorker
from server.labels.sheets import Card
from server.labels.wanted import LabelKind
from simulators.devices.zebra import ZebraPrinter


@dataclass
class Bench:
    """A printer, its queue, and a clock that the test moves."""

    database: Database
    zebra: ZebraPrinter
    now: datetime = datetime(2026, 1, 5, 8, tzinfo=UTC)
    worker: PrintWorker = field(init=False)
    printer_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.worker = PrintWorker(self.database, clock=lambda: self.now)
        body = PrinterIn(
            key="dock", name="Dock", host="127.0.0.1", port=self.zebra.port, width_mm=Decimal(70), height_mm=Decimal(37)
        )
        made = self.database.write(lambda session: service.create_printer(session, body, actor="test", now=self.now))
        self.printer_id = made.id

    def queue(self, *names: str) -> list[int]:
        """Queue a card for each name; gives the jobs."""
        labels = [card_label(Card(name, "station", own_symbol("S", name)), name) for name in names]
        asked = PrintIn(printer="dock", kind=LabelKind.STATION, reference="all")
        with self.database.read() as session:
            printer = service.found_printer(session, "dock")
        order = service.lay_out(printer, asked, labels, lambda *_: ["1"])
        return self.database.write(
            lambda session: [
                job.id
                for job in service.print_labels(
                    session, service.found_printer(session, "dock"), order, actor="test", now=self.now
                )
            ]
        )

    def print_all(self) -> None:
        """Print what is due."""
        while self.worker.print_next(self.printer_id):
            pass

    def act(self, job_id: int, action: JobAction) -> int:
        """Decide about a job; gives the job that stands now."""
        return self.database.write(
            lambda session: (
                service.act_on_job(session, service.found_job(session, job_id), action, actor="test", now=self.now).id
            )
        )

    def job(self, job_id: int) -> PrintJob:
        """How the job stands."""
        with self.database.read() as session:
            return service.found_job(session, job_id)

    def states(self) -> list[tuple[str, str | None]]:
        """(state, trouble) of every job in its order."""
        with self.database.read() as session:
            jobs = repository.newest_jobs(session, printer_id=None, state=None, before=None, limit=50).items
        return [(job.state, job.trouble) for job in reversed(jobs)]

    def came_out(self) -> list[str]:
        """The names on the labels that came out."""
        assert self.zebra.faults == []
        return [label.texts[0] for label in self.zebra.printed]


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    with ZebraPrinter() as zebra:
        yield Bench(database, zebra)


def test_labels_come_out_in_their_order_and_once(bench: Bench) -> None:
    bench.queue("CUT", "WELD", "PACK")

    bench.print_all()

    assert bench.came_out() == ["CUT", "WELD", "PACK"]
    assert bench.states() == [("done", None)] * 3


def test_a_printer_that_is_off_is_tried_again_later_and_nothing_overtakes(bench: Bench) -> None:
    bench.zebra.turn_off()
    bench.queue("CUT", "WELD")

    bench.print_all()
    assert bench.states() == [("queued", "unreachable"), ("queued", None)]
    bench.zebra.turn_on()
    bench.print_all()
    assert bench.came_out() == []

    bench.now += timedelta(seconds=3)
    bench.print_all()
    assert bench.came_out() == ["CUT", "WELD"]


def test_a_printer_that_stays_off_is_given_up_and_can_be_tried_by_hand(bench: Bench) -> None:
    bench.zebra.turn_off()
    (job,) = bench.queue("CUT")
    for _ in range(MOST_TRIES):
        bench.print_all()
        bench.now += timedelta(minutes=2)
    assert bench.states() == [("failed", "unreachable")]

    bench.zebra.turn_on()
    bench.act(job, JobAction.RETRY)
    bench.print_all()
    assert bench.came_out() == ["CUT"]


def test_without_paper_nothing_is_sent_and_the_reason_is_seen(bench: Bench) -> None:
    bench.zebra.condition.paper = 1
    bench.queue("CUT", "WELD")

    bench.print_all()
    assert bench.states() == [("done", None), ("queued", "paper_out")]

    bench.zebra.add_paper(100)
    bench.now += timedelta(seconds=3)
    bench.print_all()
    assert bench.came_out() == ["CUT", "WELD"]


def test_a_label_that_was_cut_off_waits_for_a_person_and_the_next_one_does_not(bench: Bench) -> None:
    bench.zebra.condition.cut_after = 40
    first, _second = bench.queue("CUT", "WELD")

    bench.print_all()
    bench.now += timedelta(hours=1)
    bench.print_all()

    assert bench.states() == [("unknown", "cut"), ("done", None)]
    assert bench.came_out() == ["WELD"]

    again = bench.act(first, JobAction.REPRINT)
    bench.print_all()
    assert bench.came_out() == ["WELD", "CUT"]
    assert (bench.job(first).state, bench.job(again).reprint_of) == ("cancelled", first)


def test_a_person_can_say_that_a_label_of_unknown_fate_came_out(bench: Bench) -> None:
    bench.zebra.condition.cut_after = 40
    (job,) = bench.queue("CUT")
    bench.print_all()

    bench.act(job, JobAction.CONFIRM)

    assert bench.states() == [("done", None)]


def test_what_was_in_a_dead_process_is_printed_only_if_nothing_had_left(bench: Bench) -> None:
    bench.queue("CUT", "WELD")
    taken = bench.database.write(lambda session: turns.take_next(session, bench.printer_id, bench.now))
    assert taken is not None
    # Nobody else takes anything while the process may live.
    bench.print_all()
    assert bench.came_out() == []

    bench.now += LEASE * 2
    taken = bench.database.write(lambda session: turns.take_next(session, bench.printer_id, bench.now))
    assert taken is not None
    assert bench.database.write(lambda session: turns.note_sending(session, taken.id, bench.now))
    bench.now += LEASE * 2
    bench.print_all()

    assert bench.states() == [("unknown", Trouble.STOPPED.value), ("done", None)]
    assert bench.came_out() == ["WELD"]


def test_a_queue_is_looked_at_when_its_next_job_is_due(bench: Bench) -> None:
    bench.zebra.turn_off()
    bench.queue("CUT")
    bench.print_all()

    with bench.database.read() as session:
        assert turns.next_turns(session, bench.now) == (set(), bench.now + timedelta(seconds=2))
        assert turns.next_turns(session, bench.now + timedelta(seconds=2)) == ({bench.printer_id}, None)


def test_ended_jobs_are_forgotten_and_open_ones_are_kept(bench: Bench) -> None:
    bench.queue("CUT")
    bench.print_all()
    bench.zebra.turn_off()
    bench.queue("WELD")
    bench.now += turns.KEPT * 2

    bench.database.write(lambda session: turns.forget_old(session, bench.now))

    assert [state for state, _ in bench.states()] == [JobState.QUEUED]


def test_a_worker_prints_what_is_queued_and_ends_when_it_is_told(bench: Bench) -> None:
    changed = threading.Event()
    bench.database.on_commit(bench.worker.woken)
    bench.database.on_commit(lambda _versions: changed.set())
    bench.worker.start()
    bench.queue("CUT", "WELD")
    while bench.states() != [("done", None)] * 2:
        assert changed.wait(20)
        changed.clear()
    bench.worker.close()

    assert bench.came_out() == ["CUT", "WELD"]
