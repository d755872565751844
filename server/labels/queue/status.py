"""What a printer says of itself: the three strings of ~HS, Host Status Return (Zebra Programming Guide)."""

from dataclasses import dataclass
from typing import Final

from server.labels.queue.states import Trouble

STX, ETX = b"\x02", b"\x03"
#: The query, and how many strings answer it.
QUERY: Final = b"~HS"
STRINGS: Final = 3


@dataclass(frozen=True, slots=True)
class HostStatus:
    """A printer's state: `formats` wait in its buffer, `remaining` labels of the present one are to come."""

    paper_out: bool
    paused: bool
    head_open: bool
    ribbon_out: bool
    formats: int
    remaining: int

    @property
    def trouble(self) -> Trouble | None:
        """Why it does not print, the reason that a person can see first."""
        if self.head_open:
            return Trouble.HEAD_OPEN
        if self.paper_out:
            return Trouble.PAPER_OUT
        if self.ribbon_out:
            return Trouble.RIBBON_OUT
        return Trouble.PAUSED if self.paused else None

    @property
    def is_idle(self) -> bool:
        """Whether everything that was sent is printed; after the last label of a roll the paper is out, too."""
        return self.formats == 0 and self.remaining == 0


def parse_status(answer: bytes) -> HostStatus:
    """The answer to ~HS: three strings between STX and ETX; raises ValueError.

    >>> first, second = b"\\x02030,1,0,0245,000,0,0,0,000,0,0,0\\x03", b"\\x02000,0,0,0,0,2,4,0,00000000,1,000\\x03"
    >>> parse_status(first + second + b"\\x021234,0\\x03").trouble
    <Trouble.PAPER_OUT: 'paper_out'>
    """
    strings = [part.partition(STX)[2].decode("ascii", "replace").split(",") for part in answer.split(ETX)[:STRINGS]]
    try:
        first, second = strings[0], strings[1]
        return HostStatus(
            paper_out=first[1] == "1",
            paused=first[2] == "1",
            formats=int(first[4]),
            head_open=second[2] == "1",
            ribbon_out=second[3] == "1",
            remaining=int(second[8]),
        )
    except (IndexError, ValueError) as fault:
        raise ValueError(f"Failed to read {answer[:80]!r} as host status: expected three strings of ~HS.") from fault
