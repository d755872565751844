"""What a reader said, before anyone asks what it means."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class CodeRead:
    """One code as the scanner sent it, without its line ending; `fault` says why it cannot be trusted.

    `delivery` is the source's own mark, so that it can acknowledge this very read later; it means nothing
    to anyone else. `picture` names the kept picture that proves a camera's read.
    """

    reader: str
    raw: bytes
    truncated: bool = False
    fault: str | None = None
    delivery: int | None = None
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class TagRead:
    """One report of one RFID tag: `epc` and `tid` in upper-case hex, `rssi_dbm` as the reader measured it.

    `reader_time` is the reader's own clock, which may be wrong; `count` is how many reads it reported as one.
    """

    reader: str
    epc: str
    antenna: int | None = None
    rssi_dbm: float | None = None
    tid: str | None = None
    reader_time: datetime | None = None
    count: int = 1
    delivery: int | None = None


Read = CodeRead | TagRead


@dataclass(frozen=True, slots=True)
class InputChange:
    """One of the reader's inputs (GPI) changed: a light barrier, a button. It is a sign, no read: nothing is kept
    of it, and nobody acknowledges it."""

    reader: str
    pin: int
    high: bool
    reader_time: datetime | None = None


#: What a driver may tell.
Sign = CodeRead | TagRead | InputChange


class DevicePhase(StrEnum):
    """Where a device stands; a lost reader is a state, not an exception."""

    CONNECTING = "connecting"  # The port or the broker is being opened, or does not answer yet.
    READY = "ready"  # It is open and able to read; this says nothing about the last read.
    DEGRADED = "degraded"  # It reads, but complains, or something of it is missing; the detail says what.
    LOST = "lost"  # It went away; the supervisor opens it again.
    STOPPED = "stopped"  # The gateway closed it on purpose.


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A phase with the sentence a person needs to act on it."""

    phase: DevicePhase
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class CodeRules:
    """How a device's codes are to be understood; part of its options, used by decode.

    `gs_substitutes` holds the characters that this scanner sends instead of GS (0x1D). `code_ids` maps a
    vendor's one-letter code id to an AIM identifier ("]C1"); empty where the scanner sends none.
    `gcp_length` is the company prefix length where the standard cannot know it.
    """

    gs_substitutes: str = ""
    code_ids: tuple[tuple[str, str], ...] = ()
    gcp_length: int | None = None
