"""What happened to an order, newest first, each entry with the read that proves it."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, select
from sqlalchemy.orm import Session, aliased

from server.crm.doers import Doers, doers
from server.db.prepared import Prepared
from server.erp.billing.states import MoneyFact
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


class _Told(NamedTuple):
    """A fact with the names it refers to and the event behind it."""

    id: int
    kind: str
    subject: str
    step: str | None
    station: str | None
    actor: str
    detail: Mapping[str, Any]
    observed_at: datetime
    recorded_at: datetime
    reverses_id: int | None
    reverses: str | None
    gateway: str | None
    event_kind: str
    sequence: int
    event_observed_at: datetime
    event_recorded_at: datetime
    clock_suspect: bool
    payload: Mapping[str, Any]


class _Brief(NamedTuple):
    """A fact as far as a customer may be told of it."""

    id: int
    kind: str
    subject: str
    work_order_id: int | None
    step: int | None
    observed_at: datetime
    recorded_at: datetime
    reverses_id: int | None


_Original = aliased(Fact)
#: Above every number of a fact.
_NEWEST = 2**62


def _told(of: ColumnElement[bool]) -> Prepared[_Told]:
    statement = (
        select(
            Fact.id,
            Fact.kind,
            Fact.subject,
            Operation.name.label("step_name"),
            Station.name.label("station_name"),
            Fact.actor,
            Fact.detail,
            Fact.observed_at,
            Fact.recorded_at,
            Fact.reverses_id,
            _Original.kind.label("original_kind"),
            EventSource.gateway,
            EventRecord.kind.label("event_kind"),
            EventRecord.sequence,
            EventRecord.observed_at.label("event_observed_at"),
            EventRecord.recorded_at.label("event_recorded_at"),
            EventRecord.clock_suspect,
            EventRecord.payload,
        )
        .outerjoin(Operation, (Operation.work_order_id == Fact.work_order_id) & (Operation.step == Fact.step))
        .outerjoin(Station, Station.id == Fact.station_id)
        .outerjoin(_Original, _Original.id == Fact.reverses_id)
        .outerjoin(EventRecord, EventRecord.id == Fact.event_id)
        .outerjoin(EventSource, EventSource.id == EventRecord.source_id)
    )
    return Prepared(_Told, _page(statement, of))


def _page(statement: Any, of: ColumnElement[bool]) -> Any:
    return statement.where(of, Fact.id < bindparam("before")).order_by(Fact.id.desc()).limit(PAGE_SIZE + 1)


_OF_ORDER, _OF_UNIT = Fact.order_id == bindparam("of"), Fact.unit_id == bindparam("of")
_TOLD_OF_ORDER, _TOLD_OF_UNIT = _told(_OF_ORDER), _told(_OF_UNIT)
_BRIEF_OF_ORDER = Prepared(
    _Brief,
    _page(
        select(
            Fact.id,
            Fact.kind,
            Fact.subject,
            Fact.work_order_id,
            Fact.step,
            Fact.observed_at,
            Fact.recorded_at,
            Fact.reverses_id,
        ),
        _OF_ORDER,
    ),
)


def order_timeline(session: Session, order_id: int, *, before: int | None = None) -> Timeline:
    """What happened to the order; at most three queries."""
    found = _TOLD_OF_ORDER.all(session, of=order_id, before=before or _NEWEST)
    return _timeline(session, found, Fact.order_id == order_id, before)


def unit_timeline(session: Session, unit_id: int, *, before: int | None = None) -> Timeline:
    """What happened to one unit; at most three queries."""
    found = _TOLD_OF_UNIT.all(session, of=unit_id, before=before or _NEWEST)
    return _timeline(session, found, Fact.unit_id == unit_id, before)


def brief_timeline(session: Session | Connection, order_id: int, steps: Mapping[tuple[int, int], str]) -> Timeline:
    """The newest entries without places, people and proofs, for those who are not told of them; one query.

    `steps` are the names of the order's operations by work order and step.
    """
    found = _BRIEF_OF_ORDER.all(session, of=order_id, before=_NEWEST)
    shown = found[:PAGE_SIZE]
    back = _taken_back_among(shown)
    entries = [
        Entry(
            id=fact.id,
            kind=fact.kind,
            subject=fact.subject,
            step=steps.get((fact.work_order_id or 0, fact.step or 0)),
            station=None,
            who=None,
            reason=None,
            observed_at=fact.observed_at,
            recorded_at=fact.recorded_at,
            taken_back=fact.id in back,
            reverses=None,
            proof=None,
        )
        for fact in shown
    ]
    return Timeline(entries, shown[-1].id if len(found) > PAGE_SIZE else None)


def _timeline(session: Session, found: Sequence[_Told], of: ColumnElement[bool], before: int | None) -> Timeline:
    shown = found[:PAGE_SIZE]
    people = doers(session, {fact.actor for fact in shown})
    # What takes back an entry is newer than it, so a page of the newest entries holds every reversal of its own.
    back = _taken_back_among(shown) if before is None else _taken_back(session, [fact.id for fact in shown], of)
    older = shown[-1].id if len(found) > PAGE_SIZE else None
    return Timeline([_entry(fact, people, back) for fact in shown], older)


def _taken_back_among(facts: Sequence[_Told | _Brief]) -> frozenset[int]:
    reversed_kind = FactKind.REVERSED.value
    return frozenset(fact.reverses_id for fact in facts if fact.kind == reversed_kind and fact.reverses_id is not None)


def _entry(fact: _Told, people: Doers, back: frozenset[int]) -> Entry:
    return Entry(
        id=fact.id,
        kind=fact.kind,
        subject=fact.subject,
        step=fact.step,
        station=fact.station,
        who=people.name(fact.actor, fact.observed_at),
        reason=_reason(fact),
        observed_at=fact.observed_at,
        recorded_at=fact.recorded_at,
        taken_back=fact.id in back,
        reverses=fact.reverses,
        proof=None if fact.gateway is None else _proof(fact, fact.gateway),
    )


def _reason(fact: _Told) -> str | None:
    if fact.kind == MoneyFact.CREDIT_RELEASED:
        # Everybody who reads orders is shown this; those who see credit read the reason beside its figures.
        return None
    if fact.kind == FactKind.LOT_SPLIT and "part" in fact.detail:
        return f"{fact.detail['pieces']} → {fact.detail['part']}"
    # Of a part that was split off, the lot that it was.
    reason = fact.detail.get("reason") or (fact.detail.get("from") if fact.kind == FactKind.LOT_SPLIT else None)
    return str(reason) if reason else None


def _proof(fact: _Told, gateway: str) -> Proof:
    told = fact.payload
    return Proof(
        kind=fact.event_kind,
        gateway=gateway,
        sequence=fact.sequence,
        read_point=told.get("read_point"),
        reader=told.get("reader"),
        antenna=told.get("antenna"),
        rssi_dbm=told.get("rssi_dbm"),
        reads=told.get("reads"),
        code=_readable(told),
        epc=told.get("epc"),
        observed_at=fact.event_observed_at,
        recorded_at=fact.event_recorded_at,
        reader_time=told.get("reader_time"),
        clock_suspect=fact.clock_suspect,
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


def _taken_back(session: Session, ids: Sequence[int], of: ColumnElement[bool]) -> frozenset[int]:
    statement = select(Fact.reverses_id).where(of, Fact.reverses_id.in_(ids), Fact.kind == FactKind.REVERSED.value)
    return frozenset(number for number in session.scalars(statement) if number is not None)
