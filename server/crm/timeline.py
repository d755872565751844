"""What happened to an order, newest first, each entry with the read that proves it."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server.auth.models import User
from server.erp.floor.models import Station
from server.erp.production.models import Operation
from server.journal.models import EventRecord, EventSource, Fact
from server.tracking.facts import FactKind

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Proof:
    """The read behind an entry, as the gateway told it."""

    kind: str
    gateway: str
    sequence: int
    read_point: str | None
    reader: str | None
    antenna: int | None
    rssi_dbm: float | None
    reads: int | None
    #: The code as read; what cannot be printed is escaped.
    code: str | None
    epc: str | None
    observed_at: datetime
    recorded_at: datetime
    reader_time: str | None
    clock_suspect: bool
    operator: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact in the words of the page."""

    id: int
    kind: str
    subject: str
    step: str | None
    station: str | None
    #: Who did it; None for the program itself.
    who: str | None
    reason: str | None
    observed_at: datetime
    recorded_at: datetime
    #: This entry was taken back by a later one.
    taken_back: bool
    #: What a reversal takes back.
    reverses: str | None
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of entries; `older` leads to the next one."""

    entries: Sequence[Entry]
    older: int | None = None


def order_timeline(session: Session, order_id: int, *, before: int | None = None) -> Timeline:
    """What happened to the order; six queries."""
    return _timeline(session, Fact.order_id == order_id, before)


def unit_timeline(session: Session, unit_id: int, *, before: int | None = None) -> Timeline:
    """What happened to one unit; six queries."""
    return _timeline(session, Fact.unit_id == unit_id, before)


def _timeline(session: Session, of: ColumnElement[bool], before: int | None) -> Timeline:
    statement = select(Fact).where(of).order_by(Fact.id.desc()).limit(PAGE_SIZE + 1)
    if before is not None:
        statement = statement.where(Fact.id < before)
    found = list(session.scalars(statement))
    shown = found[:PAGE_SIZE]
    around = _Around.load(session, shown, of)
    older = shown[-1].id if len(found) > PAGE_SIZE else None
    return Timeline([_entry(fact, around) for fact in shown], older)


@dataclass(frozen=True, slots=True)
class _Around:
    """What the entries of one page refer to."""

    proofs: Mapping[int, Proof]
    stations: Mapping[int, str]
    steps: Mapping[tuple[int, int], str]
    people: Mapping[str, str]
    reversed_kinds: Mapping[int, str]
    taken_back: frozenset[int]

    @classmethod
    def load(cls, session: Session, facts: Sequence[Fact], of: ColumnElement[bool]) -> "_Around":
        ids = [fact.id for fact in facts]
        return cls(
            _proofs(session, _present(fact.event_id for fact in facts)),
            _stations(session, _present(fact.station_id for fact in facts)),
            _steps(session, _present(fact.work_order_id for fact in facts)),
            _people(session, {fact.actor for fact in facts}),
            _kinds(session, _present(fact.reverses_id for fact in facts)),
            _taken_back(session, ids, of),
        )


def _entry(fact: Fact, around: _Around) -> Entry:
    step = around.steps.get((fact.work_order_id or 0, fact.step or 0))
    return Entry(
        id=fact.id,
        kind=fact.kind,
        subject=fact.subject,
        step=step,
        station=around.stations.get(fact.station_id or 0),
        who=around.people.get(fact.actor),
        reason=_reason(fact),
        observed_at=fact.observed_at,
        recorded_at=fact.recorded_at,
        taken_back=fact.id in around.taken_back,
        reverses=around.reversed_kinds.get(fact.reverses_id or 0),
        proof=around.proofs.get(fact.event_id or 0),
    )


def _reason(fact: Fact) -> str | None:
    reason = fact.detail.get("reason")
    return str(reason) if reason else None


def _present(values: Iterable[int | None]) -> list[int]:
    return sorted({value for value in values if value is not None})


def _proofs(session: Session, event_ids: Sequence[int]) -> dict[int, Proof]:
    statement = (
        select(EventRecord, EventSource.gateway)
        .join(EventSource, EventSource.id == EventRecord.source_id)
        .where(EventRecord.id.in_(event_ids))
    )
    return {event.id: _proof(event, gateway) for event, gateway in session.execute(statement)}


def _proof(event: EventRecord, gateway: str) -> Proof:
    told: Mapping[str, Any] = event.payload
    return Proof(
        kind=event.kind,
        gateway=gateway,
        sequence=event.sequence,
        read_point=told.get("read_point"),
        reader=told.get("reader"),
        antenna=told.get("antenna"),
        rssi_dbm=told.get("rssi_dbm"),
        reads=told.get("reads"),
        code=_readable(told),
        epc=told.get("epc"),
        observed_at=event.observed_at,
        recorded_at=event.recorded_at,
        reader_time=told.get("reader_time"),
        clock_suspect=event.clock_suspect,
        operator=told.get("operator"),
    )


def _readable(told: Mapping[str, Any]) -> str | None:
    code = told.get("code")
    if code is None and told.get("raw"):
        try:
            code = base64.b64decode(str(told["raw"])).decode("latin-1")
        except (binascii.Error, ValueError):
            return str(told["raw"])
    if code is None:
        return None
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in str(code)[:200])


def _stations(session: Session, ids: Sequence[int]) -> dict[int, str]:
    return dict(session.execute(select(Station.id, Station.name).where(Station.id.in_(ids))).all())


def _steps(session: Session, work_order_ids: Sequence[int]) -> dict[tuple[int, int], str]:
    statement = select(Operation.work_order_id, Operation.step, Operation.name).where(
        Operation.work_order_id.in_(work_order_ids)
    )
    return {(work_order_id, step): name for work_order_id, step, name in session.execute(statement)}


def _people(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Actors by the names of people; a gateway or the program itself is nobody."""
    logins = [actor.removeprefix("user:") for actor in actors if actor.startswith("user:")]
    badges = [actor.removeprefix("operator:") for actor in actors if actor.startswith("operator:")]
    if not logins and not badges:
        return {}
    statement = select(User.login, User.badge, User.name).where(User.login.in_(logins) | User.badge.in_(badges))
    found: dict[str, str] = {f"user:{login}": login for login in logins}
    found |= {f"operator:{badge}": badge for badge in badges}
    for login, badge, name in session.execute(statement):
        found[f"user:{login}"] = name
        found[f"operator:{badge}"] = name
    return found


def _kinds(session: Session, ids: Sequence[int]) -> dict[int, str]:
    return dict(session.execute(select(Fact.id, Fact.kind).where(Fact.id.in_(ids))).all())


def _taken_back(session: Session, ids: Sequence[int], of: ColumnElement[bool]) -> frozenset[int]:
    statement = select(Fact.reverses_id).where(of, Fact.reverses_id.in_(ids), Fact.kind == FactKind.REVERSED.value)
    return frozenset(number for number in session.scalars(statement) if number is not None)
