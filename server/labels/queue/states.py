"""What may become of a print job, and what may be wrong with a printer."""

from enum import StrEnum


class JobState(StrEnum):
    """Where a job is. `unknown`: bytes were sent, and nobody here knows whether the label came out."""

    QUEUED = "queued"
    PRINTING = "printing"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Trouble(StrEnum):
    """Why a job does not go on. The first four are the printer's own words (~HS)."""

    PAPER_OUT = "paper_out"
    RIBBON_OUT = "ribbon_out"
    HEAD_OPEN = "head_open"
    PAUSED = "paused"
    UNREACHABLE = "unreachable"
    NO_STATUS = "no_status"
    CUT = "cut"
    SILENT = "silent"
    STOPPED = "stopped"
    SWITCHED_OFF = "switched_off"


class JobAction(StrEnum):
    """What a person may do with a job."""

    RETRY = "retry"
    REPRINT = "reprint"
    CONFIRM = "confirm"
    CANCEL = "cancel"


#: State -> what may be done in it.
ACTIONS = {
    JobState.QUEUED: (JobAction.CANCEL,),
    JobState.PRINTING: (),
    JobState.DONE: (JobAction.REPRINT,),
    JobState.FAILED: (JobAction.RETRY, JobAction.CANCEL),
    JobState.UNKNOWN: (JobAction.CONFIRM, JobAction.REPRINT),
    JobState.CANCELLED: (JobAction.REPRINT,),
}

#: Seconds until a job is tried again, after so many tries in vain; then the last one stands.
DELAYS = (2, 5, 10, 20, 40, 60)
#: About ten minutes: a label that comes out of a printer much later surprises people.
MOST_TRIES = 14


def delay_after(tries: int) -> int:
    """Seconds to wait after so many tries.

    >>> [delay_after(tries) for tries in (1, 2, 6, 13)]
    [2, 5, 60, 60]
    """
    return DELAYS[min(tries, len(DELAYS)) - 1]
