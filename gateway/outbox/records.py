"""The values that the outbox hands out."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Parcel:
    """Undelivered events of one epoch, oldest first; `bodies[i]` is the JSON of event `sequences[i]`."""

    epoch: str
    sequences: tuple[int, ...]
    bodies: tuple[bytes, ...] = field(repr=False)

    def first(self, count: int) -> "Parcel":
        """The oldest `count` events of this parcel."""
        return Parcel(self.epoch, self.sequences[:count], self.bodies[:count])


@dataclass(frozen=True, slots=True)
class SetAside:
    """One event that the server refused to take in any batch, kept with the server's words."""

    epoch: str
    sequence: int
    reason: str
    at: float  # seconds since 1970, UTC, by the gateway's clock


@dataclass(frozen=True, slots=True)
class Shed:
    """A run of tag events that was given up to keep room for scans."""

    epoch: str
    first_sequence: int
    last_sequence: int
    count: int
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something about the outbox that a person must know of; kept over restarts."""

    at: float
    sentence: str


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    """The outbox at one moment, for the status page and the heartbeat."""

    epoch: str
    last_sequence: int
    backlog: int
    bytes_used: int
    max_bytes: int
    oldest_stored_at: float | None
    set_aside: int
    set_aside_bytes: int  # of bytes_used; room that new events do not have
    shed: int
    refused: int
    full: str | None  # the sentence that says why, while the outbox refuses events
