"""A label goes to a printer once: what is not known is never taken for not sent."""

from dataclasses import dataclass, field

import pytest

from server.labels.queue.delivery import MOST_LOOKS, Hooks, NotKnown, NotSent, deliver
from server.labels.queue.states import Trouble
from server.labels.queue.status import HostStatus, parse_status

READY = HostStatus(paper_out=False, paused=False, head_open=False, ribbon_out=False, formats=0, remaining=0)
BUSY = HostStatus(paper_out=False, paused=False, head_open=False, ribbon_out=False, formats=1, remaining=0)
NO_PAPER = HostStatus(paper_out=True, paused=False, head_open=False, ribbon_out=False, formats=1, remaining=0)


@dataclass
class FakeLine:
    """A line that answers what it is told to; an exception among the answers is raised."""

    answers: list[HostStatus | Exception] = field(default_factory=list)
    breaks: bool = False
    sent: list[bytes] = field(default_factory=list)
    finished: bool = False

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        if self.breaks:
            raise ConnectionResetError

    def status(self) -> HostStatus:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def finish(self) -> None:
        self.finished = True


@dataclass
class Diary:
    """What the hooks were called for, in order."""

    notes: list[str] = field(default_factory=list)
    goes_on: bool = True

    def hooks(self) -> Hooks:
        return Hooks(
            lambda: self.notes.append("begins"), lambda trouble: self.notes.append(str(trouble)), lambda _: self.goes_on
        )


def print_on(line: FakeLine, diary: Diary | None = None, *, asks_status: bool = True) -> None:
    deliver(line, b"^XA^XZ", (diary or Diary()).hooks(), asks_status=asks_status)


def test_it_is_written_down_that_a_label_leaves_before_it_does() -> None:
    line, diary = FakeLine([READY, BUSY, READY]), Diary()

    print_on(line, diary)

    assert (line.sent, diary.notes) == ([b"^XA^XZ"], ["begins", "None"])


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [(NO_PAPER, Trouble.PAPER_OUT), (TimeoutError(), Trouble.NO_STATUS), (ValueError("no status"), Trouble.NO_STATUS)],
)
def test_nothing_is_sent_to_a_printer_that_is_not_ready(answer: HostStatus | Exception, trouble: Trouble) -> None:
    line, diary = FakeLine([answer]), Diary()

    with pytest.raises(NotSent) as why:
        print_on(line, diary)

    assert (why.value.trouble, line.sent, diary.notes) == (trouble, [], [])


def test_a_line_that_breaks_while_the_label_leaves_is_not_known() -> None:
    with pytest.raises(NotKnown) as why:
        print_on(FakeLine([READY], breaks=True))

    assert why.value.trouble is Trouble.CUT


def test_a_line_that_breaks_after_the_label_left_is_not_known() -> None:
    with pytest.raises(NotKnown) as why:
        print_on(FakeLine([READY, BUSY, ConnectionResetError()]))

    assert why.value.trouble is Trouble.CUT


def test_a_printer_that_runs_out_of_paper_is_waited_for_and_nothing_is_sent_again() -> None:
    line, diary = FakeLine([READY, *[NO_PAPER] * (MOST_LOOKS + 5), READY]), Diary()

    print_on(line, diary)

    assert line.sent == [b"^XA^XZ"]
    assert set(diary.notes[1:]) == {"paper_out"}


def test_a_program_that_ends_meanwhile_leaves_a_label_that_is_not_known() -> None:
    with pytest.raises(NotKnown) as why:
        print_on(FakeLine([READY, BUSY]), Diary(goes_on=False))

    assert why.value.trouble is Trouble.STOPPED


def test_a_printer_that_never_ends_and_names_no_reason_is_given_up() -> None:
    with pytest.raises(NotKnown) as why:
        print_on(FakeLine([READY, BUSY]))

    assert why.value.trouble is Trouble.SILENT


def test_a_printer_that_cannot_be_asked_gets_the_label_and_the_end_of_the_line() -> None:
    line = FakeLine([ValueError("never asked")])

    print_on(line, asks_status=False)

    assert line.finished


@pytest.mark.parametrize(
    "answer", [b"", b"\x02030\x03", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x02a,b,c,d,e\x03\x02\x03\x03"]
)
def test_what_is_no_host_status_is_refused_in_words(answer: bytes) -> None:
    with pytest.raises(ValueError, match="expected three strings"):
        parse_status(answer)
