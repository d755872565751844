"""Who worked on a work order, step by step: pieces, and the time between start and end of what he did."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.auth.models import User
from server.erp.billing.labour import Told, measured, working_minutes
from server.erp.orders.estimates import site_calendar
from server.erp.orders.prediction import Calendar
from server.erp.production.models import Unit
from server.journal.models import Fact
from server.tracking.facts import FactKind

#: So many of the newest facts are looked at; a longer history shows its newest part.
MOST: Final = 5_000
_STARTED, _COMPLETED = FactKind.OPERATION_STARTED.value, FactKind.OPERATION_COMPLETED.value
_KINDS: Final = (
    _STARTED,
    _COMPLETED,
    FactKind.OPERATION_PAUSED.value,
    FactKind.OPERATION_RESUMED.value,
)


class Deed(NamedTuple):
    """A fact about a unit at a step, with everybody who was there."""

    kind: str
    step: int
    unit_id: int
    at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """What one person did at one step. Without a start there is no time, only pieces."""

    step: int
    #: `operator:17` or `user:anna`.
    who: str
    pieces: int
    minutes: Decimal | None
    name: str = ""


def shares(deeds: Iterable[Deed], calendar: Calendar) -> list[Share]:
    """By step and person. Pure: times overlap once for each person, without pauses and hours outside of work.

    Who was there at the start or at the end of a piece has worked on it; two people both have its whole time.
    """
    by_step: dict[int, list[Deed]] = defaultdict(list)
    for deed in deeds:
        by_step[deed.step].append(deed)
    found = []
    for step, told in sorted(by_step.items()):
        people = dict.fromkeys(person for deed in sorted(told, key=lambda deed: deed.at) for person in deed.people)
        found += [_share(step, person, told, calendar) for person in people]
    return found


def _share(step: int, person: str, told: Sequence[Deed], calendar: Calendar) -> Share:
    mine = {deed.unit_id for deed in told if person in deed.people and deed.kind in (_STARTED, _COMPLETED)}
    about = [deed for deed in told if deed.unit_id in mine or deed.kind not in (_STARTED, _COMPLETED)]
    both, spans = measured(Told(deed.kind, deed.unit_id, deed.at) for deed in about)
    pieces = {deed.unit_id for deed in about if deed.kind == _COMPLETED and deed.unit_id in mine}
    return Share(step, person, len(pieces), working_minutes(spans, calendar) if both else None)


def work_of(session: Session, work_order_id: int) -> list[Share]:
    """Who worked on a work order, with names; four queries."""
    found = shares(_deeds(session, work_order_id), site_calendar(session))
    names = _names(session, {share.who for share in found})
    return [
        Share(share.step, share.who, share.pieces, share.minutes, names.get(share.who, share.who.partition(":")[2]))
        for share in found
    ]


def _deeds(session: Session, work_order_id: int) -> list[Deed]:
    units = select(Unit.id).where(Unit.work_order_id == work_order_id)
    taken_back = select(Fact.reverses_id).where(Fact.unit_id.in_(units), Fact.reverses_id.is_not(None))
    statement = (
        select(Fact.kind, Fact.step, Fact.unit_id, Fact.observed_at, Fact.actor, Fact.detail)
        .where(Fact.unit_id.in_(units), Fact.kind.in_(_KINDS), Fact.id.not_in(taken_back))
        .order_by(Fact.id.desc())
        .limit(MOST)
    )
    return [
        Deed(row.kind, row.step or 0, row.unit_id or 0, row.observed_at, _people(row.actor, row.detail))
        for row in session.execute(statement)
    ]


def _people(actor: str, detail: Mapping[str, object]) -> tuple[str, ...]:
    """Everybody who was there; what a reader tells without a badge was done by nobody we know."""
    crew = detail.get("operators")
    if isinstance(crew, list):
        return tuple(f"operator:{badge}" for badge in crew)
    return (actor,) if actor.startswith(("operator:", "user:")) else ()


def _names(session: Session, people: Iterable[str]) -> dict[str, str]:
    badges = [who.partition(":")[2] for who in people if who.startswith("operator:")]
    logins = [who.partition(":")[2] for who in people if who.startswith("user:")]
    statement = select(User.badge, User.login, User.name).where(or_(User.badge.in_(badges), User.login.in_(logins)))
    names: dict[str, str] = {}
    for badge, login, name in session.execute(statement):
        names[f"user:{login}"] = name
        if badge is not None:
            names[f"operator:{badge}"] = name
    return names
