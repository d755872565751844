"""How gateways are, as a person reads it: one word for each, and the figures behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth import repository
from server.auth.gateways import gateways, get_gateway, is_silent
from server.auth.models import ApiKey
from server.journal.lives import Life, doubles, read_lives
from server.journal.models import EventIdentity, EventRecord, EventSource, Gateway

State = Literal["ok", "trouble", "silent", "new"]

#: Clocks that differ by more than this put events into a wrong order.
CLOCK_SECONDS = 2.0
#: An event that waits longer at the edge than this is told of.
LAG_SECONDS = 30.0
LAST_READS = 50
#: A gateway begins an epoch with each start; older ones than these do not matter for its last reads.
LAST_EPOCHS = 10


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """A reader or scanner as its gateway last told of it."""

    name: str
    driver: str
    state: str
    error: str | None
    since: datetime | None
    last_read_at: datetime | None
    reads: int

    @property
    def works(self) -> bool:
        """Whether it is open and able to read."""
        return self.state in ("ready", "ok", "connected")


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    """A gateway with its state in one word."""

    key: str
    name: str
    state: State
    #: What is wrong, as codes: double, refused, device, clock, lag, set_aside.
    troubles: tuple[str, ...]
    last_seen_at: datetime | None
    last_event_at: datetime | None
    version: str | None
    backlog: int | None
    lag_seconds: float | None
    clock_offset_seconds: float | None
    set_aside: int
    #: In the gateway's words, why its events are not taken; a second device of its name, for one.
    refused: str | None
    #: Programs that speak as this gateway side by side; empty where there is one, as there should be.
    doubles: tuple[Life, ...]
    devices: tuple[DeviceHealth, ...]
    keys: tuple[ApiKey, ...]

    @property
    def broken(self) -> tuple[DeviceHealth, ...]:
        """Its devices that do not read now."""
        return tuple(device for device in self.devices if not device.works)


@dataclass(frozen=True, slots=True)
class RawRead:
    """An event as a gateway told it, with its answer."""

    sequence: int
    kind: str
    observed_at: datetime
    recorded_at: datetime
    read_point: str | None
    reader: str | None
    antenna: int | None
    code: str | None
    status: str
    reason: str | None
    repeats: int = 1


def healths(session: Session, now: datetime) -> list[GatewayHealth]:
    """All gateways in use: those that need a person first, then by key."""
    rows = gateways(session)
    live = repository.live_gateway_keys(session, [row.key for row in rows], now)
    found = [health_of(row, live[row.key], now) for row in rows]
    rank = {"silent": 0, "trouble": 1, "new": 2, "ok": 3}
    return sorted(found, key=lambda gateway: (rank[gateway.state], gateway.key))


def health(session: Session, key: str, now: datetime) -> GatewayHealth:
    """One gateway; raises NotFound."""
    gateway = get_gateway(session, key)
    return health_of(gateway, repository.live_gateway_keys(session, [gateway.key], now)[gateway.key], now)


def health_of(gateway: Gateway, keys: Sequence[ApiKey], now: datetime) -> GatewayHealth:
    """The row with its living keys and its last heartbeat, read with care: a heartbeat is what the other side wrote."""
    told = gateway.health or {}
    devices = tuple(_device(entry) for entry in told.get("devices") or () if isinstance(entry, Mapping))
    lag = number(told.get("oldest_age_seconds"))
    set_aside = int(number(told.get("set_aside")) or 0)
    beside = doubles(read_lives(told.get("lives")), now)
    # Of two that take turns the one that is refused may have spoken before the other.
    refused = next((life.refused for life in beside if life.refused), None) or _text(told.get("refused"))
    troubles = (
        ("double",) * bool(beside)
        + ("refused",) * bool(refused)
        + _troubles(devices, offset=gateway.clock_offset_seconds, lag=lag, set_aside=set_aside)
    )
    backlog = number(told.get("backlog"))
    return GatewayHealth(
        key=gateway.key,
        name=gateway.name,
        state=_state(gateway, troubles, now),
        troubles=troubles,
        last_seen_at=gateway.last_seen_at,
        last_event_at=gateway.last_event_at,
        version=_text(told.get("version")),
        backlog=None if backlog is None else int(backlog),
        lag_seconds=lag,
        clock_offset_seconds=gateway.clock_offset_seconds,
        set_aside=set_aside,
        refused=refused,
        doubles=beside,
        devices=devices,
        keys=tuple(keys),
    )


def last_reads(session: Session, key: str, *, limit: int = LAST_READS) -> list[RawRead]:
    """What the gateway told last, newest first; found by identity, for the event table has no index by gateway."""
    ids: list[int] = []
    for source_id in _sources(session, key):
        statement = (
            select(EventIdentity.event_id)
            .where(EventIdentity.source_id == source_id)
            .order_by(EventIdentity.sequence.desc())
            .limit(limit - len(ids))
        )
        ids.extend(session.scalars(statement))
        if len(ids) >= limit:
            break
    rows = session.scalars(select(EventRecord).where(EventRecord.id.in_(ids)).order_by(EventRecord.id.desc()))
    return [_raw_read(row) for row in rows]


def _sources(session: Session, key: str) -> Sequence[int]:
    statement = (
        select(EventSource.id).where(EventSource.gateway == key).order_by(EventSource.id.desc()).limit(LAST_EPOCHS)
    )
    return session.scalars(statement).all()


def _raw_read(row: EventRecord) -> RawRead:
    payload = row.payload
    antenna = number(payload.get("antenna"))
    repeats = number(payload.get("reads"))
    return RawRead(
        sequence=row.sequence,
        kind=row.kind,
        observed_at=row.observed_at,
        recorded_at=row.recorded_at,
        read_point=_text(payload.get("read_point")),
        reader=_text(payload.get("reader")),
        antenna=None if antenna is None else int(antenna),
        code=_text(payload.get("code")) or _text(payload.get("epc")),
        status=row.status,
        reason=row.reason,
        repeats=int(repeats or 1),
    )


def _state(gateway: Gateway, troubles: tuple[str, ...], now: datetime) -> State:
    if gateway.last_seen_at is None:
        return "new"
    if is_silent(gateway, now):
        return "silent"
    return "trouble" if troubles else "ok"


def _troubles(
    devices: Sequence[DeviceHealth], *, offset: float | None, lag: float | None, set_aside: int
) -> tuple[str, ...]:
    found = {
        "device": any(not device.works for device in devices),
        "clock": offset is not None and abs(offset) > CLOCK_SECONDS,
        "lag": lag is not None and lag > LAG_SECONDS,
        "set_aside": set_aside > 0,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def _device(entry: Mapping[str, Any]) -> DeviceHealth:
    return DeviceHealth(
        name=_text(entry.get("name")) or "?",
        driver=_text(entry.get("driver")) or "?",
        state=_text(entry.get("state")) or "?",
        error=_text(entry.get("error")),
        since=_moment(entry.get("since")),
        last_read_at=_moment(entry.get("last_read_at")),
        reads=int(number(entry.get("reads")) or 0),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def number(value: object) -> float | None:
    """A figure of a heartbeat; None for what counts nothing."""
    # JSON knows whole numbers of any length; none that counts something is longer than this.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e15 else None  # type: ignore[arg-type]


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
