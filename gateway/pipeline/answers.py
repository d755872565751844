"""What the person at the scanner hears: ACK once stored, then the verdict, or "stored" when it takes too long."""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.outbox import OutboxError, Ticket
from gateway.protocols.reads import Read
from gateway.sources import Source
from orderlight.events import Answer, Signal

log = logging.getLogger(__name__)

#: A verdict within this time after the read needs no other tone before it.
VERDICT_SECONDS = 0.150
#: After this time whoever scanned has gone on; the verdict goes to screens only.
TOO_LATE_SECONDS = 60.0
#: Reads that may wait to be settled; whoever brings more waits.
MAX_QUESTIONS = 500
#: Verdicts that came before their read was settled: of all reads that may wait, and of events that no read waits for.
_MAX_EARLY = 2 * MAX_QUESTIONS
#: Reads whose verdict has not come: of ten scanners, three a second each for TOO_LATE_SECONDS. A scanner in a flood
#: hears none of them by itself.
_MAX_AWAITING = 2000

_SEVERITY = (Signal.OK, Signal.WARN, Signal.STOP)


@dataclass(frozen=True, slots=True)
class Question:
    """One read that waits: `ticket` is None for a repeat, which is acknowledged after all before it."""

    source: Source
    read: Read
    read_at: float  # monotonic seconds
    ticket: Ticket | None
    wants_tone: bool
    #: Told the sequence after the commit, or the error when there was none.
    settle: Callable[[int | OutboxError], None]


@dataclass(slots=True)
class _Awaiting:
    source: Source
    read_at: float
    told: bool = False


class Answerer:
    """One thread that settles reads in the order they were made. Sources queue what is sent to them."""

    def __init__(self, epoch: str, monotonic: Callable[[], float]) -> None:
        self._epoch, self._monotonic = epoch, monotonic
        self._condition = threading.Condition()
        self._questions: deque[Question] = deque()
        self._awaiting: OrderedDict[int, _Awaiting] = OrderedDict()
        self._untold: deque[int] = deque()
        self._early: OrderedDict[int, Signal] = OrderedDict()
        self._settled = 0
        self._stopping = False
        self._thread = threading.Thread(target=self.run, name="answerer", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Settle what is queued, then end."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join()

    def wait_for_room(self) -> None:
        """Return once few enough reads wait to be settled: many of them must not fill the memory.

        Not from within settle(), nor while holding what settle() needs.
        """
        if len(self._questions) < MAX_QUESTIONS:
            return
        with self._condition:
            while len(self._questions) >= MAX_QUESTIONS:
                self._condition.wait()

    def ask(self, question: Question) -> None:
        """Queue a read whose event is on its way to disk."""
        with self._condition:
            self._questions.append(question)
            self._condition.notify_all()

    def answer(self, epoch: str, answers: Sequence[Answer]) -> None:
        """The server's verdicts have come. Late ones of one device become one tone, the worst."""
        if epoch != self._epoch:
            return
        late: dict[str, tuple[Source, Signal]] = {}
        with self._condition:
            for answer in answers:
                self._take(answer, late)
        for source, signal in late.values():
            source.feedback(signal.value)

    # -- the thread

    def run(self) -> None:
        """Settle questions and give the "stored" tone where the time is up, until stop()."""
        while (turn := self._next()) is not None:
            question, patience = turn
            if question is None:
                self._tell_stored()
            elif question.ticket is None or question.ticket.group.settled.wait(patience):
                self._drop_first()
                self._settle(question)
            else:
                self._tell_stored()

    def _drop_first(self) -> None:
        with self._condition:
            self._questions.popleft()
            if len(self._questions) == MAX_QUESTIONS - 1:
                self._condition.notify_all()

    def _next(self) -> tuple[Question | None, float | None] | None:
        """The first question, if any, and how long the next tone can wait."""
        with self._condition:
            while not self._questions:
                patience = self._patience()
                if self._stopping and patience is None:
                    return None
                if patience is not None and patience <= 0:
                    return None, 0.0
                self._condition.wait(patience)
            return self._questions[0], self._patience()

    def _patience(self) -> float | None:
        """Seconds until the next "stored" tone is due; None when none is."""
        while self._untold:
            waiting = self._awaiting.get(self._untold[0])
            if waiting is not None and not waiting.told:
                return max(0.0, waiting.read_at + VERDICT_SECONDS - self._monotonic())
            self._untold.popleft()
        return None

    def _tell_stored(self) -> None:
        due: list[Source] = []
        with self._condition:
            while self._patience() == 0.0:
                waiting = self._awaiting[self._untold.popleft()]
                waiting.told = True
                due.append(waiting.source)
        for source in due:
            source.feedback("stored")

    def _settle(self, question: Question) -> None:
        try:
            sequence = question.ticket.wait(0) if question.ticket is not None else 0
        except OutboxError as error:
            question.settle(error)
            return
        question.settle(sequence)
        question.source.acknowledge(question.read)
        if sequence:
            self._expect(question, sequence)

    def _expect(self, question: Question, sequence: int) -> None:
        """From now on a verdict finds its way back to the scanner."""
        with self._condition:
            self._settled = sequence
            early = self._early.pop(sequence, None)
            self._forget_unasked()
            if question.wants_tone and early is None:
                self._awaiting[sequence] = _Awaiting(question.source, question.read_at)
                self._untold.append(sequence)
                self._forget_old()
        if question.wants_tone and early is not None:
            question.source.feedback(early.value)

    def _forget_unasked(self) -> None:
        """Verdicts on events that no read waited for, such as tags that left: reads are settled in their order."""
        while self._early and next(iter(self._early)) < self._settled:
            self._early.popitem(last=False)

    def _forget_old(self) -> None:
        oldest = self._monotonic() - TOO_LATE_SECONDS
        while self._awaiting and (
            len(self._awaiting) > _MAX_AWAITING or next(iter(self._awaiting.values())).read_at < oldest
        ):
            self._awaiting.popitem(last=False)

    def _take(self, answer: Answer, late: dict[str, tuple[Source, Signal]]) -> None:
        if answer.sequence is None:
            # Nobody can tell whose read it was.
            return
        waiting = self._awaiting.pop(answer.sequence, None)
        if waiting is None:
            if answer.sequence > self._settled:
                self._early[answer.sequence] = answer.signal
                while len(self._early) > _MAX_EARLY:
                    self._early.popitem(last=False)
            return
        if self._monotonic() - waiting.read_at > TOO_LATE_SECONDS:
            return
        if not waiting.told:
            waiting.source.feedback(answer.signal.value)
            return
        known = late.get(waiting.source.name)
        if known is None or _SEVERITY.index(known[1]) < _SEVERITY.index(answer.signal):
            late[waiting.source.name] = (waiting.source, answer.signal)
