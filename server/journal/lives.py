"""Which programs speak as one gateway: each is known by its start and its address, and two at a time are one too many.

A restart ends one life before the next begins. A copied memory card, or a second program with the same key, makes two
that take turns. Pure: a heartbeat's facts and the moment in, what is remembered out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

#: A life that told nothing for so long is taken to be switched off.
QUIET: Final = timedelta(minutes=2)
#: More copies than these need no list.
MOST: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One program of a gateway: its start by its own clock, from where it speaks, first and last heard by ours."""

    started_at: str
    address: str
    since: str
    at: str
    version: str | None = None
    refused: str | None = None

    @property
    def heard_at(self) -> datetime:
        """When it was heard last."""
        return datetime.fromisoformat(self.at)

    def overlaps(self, other: "Life") -> bool:
        """Whether each was heard again after the other had begun to speak."""
        return self.since <= other.at and other.since <= self.at


def read_lives(stored: object) -> list[Life]:
    """The lives that a heartbeat left behind; what is none is left out."""
    entries = stored if isinstance(stored, Sequence) else ()
    return [Life(**entry) for entry in entries if isinstance(entry, Mapping) and set(entry) == set(Life.__slots__)]


def with_life(lives: Iterable[Life], told: Mapping[str, Any], address: str, now: datetime) -> list[Life]:
    """The lives of the last two minutes, the one that speaks now last.

    It is known by its start, for its address may change; one that does not say when it started, by its address.
    """
    started_at, moment = _text(told.get("started_at")) or "", now.isoformat()
    kept = [life for life in lives if life.at >= (now - QUIET).isoformat()]
    same = next((life for life in kept if (life.started_at or life.address) == (started_at or address)), None)
    speaking = Life(
        started_at=started_at,
        address=address,
        since=moment if same is None else same.since,
        at=moment,
        version=_text(told.get("version")),
        refused=_text(told.get("refused")),
    )
    return [*(life for life in kept if life is not same), speaking][-MOST:]


def doubles(lives: Sequence[Life], now: datetime) -> tuple[Life, ...]:
    """Those that go on side by side, the one that spoke first in front; empty where there is one alone."""
    recent = [life for life in lives if life.at >= (now - QUIET).isoformat()]
    beside = [one for one in recent if any(one.overlaps(other) for other in recent if other is not one)]
    return tuple(sorted(beside, key=lambda life: life.since))


def sentence(name: str, beside: Sequence[Life]) -> str | None:
    """What both devices are told; None where there is one."""
    if not beside:
        return None
    addresses = " and ".join(life.address for life in beside)
    return (
        f"{len(beside)} devices speak as {name}, from {addresses}. Stop one, and give it a name and a key of its own."
    )


def as_stored(lives: Iterable[Life]) -> list[dict[str, Any]]:
    """As they are kept in the gateway's health."""
    return [asdict(life) for life in lives]


def _text(value: object) -> str | None:
    return value[:400] if isinstance(value, str) and value else None
