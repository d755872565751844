"""What people do to units from a screen. Services flush, write facts and note topics; the edge commits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.floor.repository import station_keys
from server.erp.orders.repository import lock_order
from server.erp.production import repository
from server.erp.production.models import Unit
from server.erp.reasons.models import ReasonCode
from server.errors import Refused
from server.journal import facts
from server.messages import translate as _
from server.tracking.facts import FactKind, NewFact
from server.tracking.states import UnitState

#: So much of a reason is kept with the unit.
_LONGEST = 200
#: A unit that has left or is lost cannot be stopped any more.
_GONE = frozenset({UnitState.SHIPPED.value, UnitState.DELIVERED.value, UnitState.SCRAPPED.value})


@dataclass(frozen=True, slots=True)
class Why:
    """Why a unit is held: words for colleagues, and the code of a reason where one was chosen."""

    text: str
    code: str | None = None

    @classmethod
    def of(cls, text: str | None, reason: ReasonCode | None) -> Self:
        """Both together, cut to what the unit keeps."""
        words = [part for part in (reason.name if reason is not None else None, text) if part]
        return cls(": ".join(words)[:_LONGEST], reason.code if reason is not None else None)


def hold_unit(session: Session, unit_id: int, why: Why, *, actor: str, now: datetime) -> Unit:
    """Keep a unit from moving on until it is resumed; raises Refused when it is held or gone."""
    unit = repository.lock_unit(session, unit_id)
    if unit.held:
        raise Refused(
            _("{unit} is on hold already: {hold_reason}").format(unit=unit.number, hold_reason=unit.hold_reason),
            reason="already_on_hold",
        )
    if unit.state in _GONE:
        raise Refused(
            _("{unit} cannot be held: it is {state}.").format(unit=unit.number, state=unit.state),
            reason=f"is_{unit.state}",
        )
    return _set(session, unit, FactKind.UNIT_HELD, why, actor=actor, now=now)


def resume_unit(session: Session, unit_id: int, *, actor: str, now: datetime) -> Unit:
    """Let a held unit move on; raises Refused when it is not held."""
    unit = repository.lock_unit(session, unit_id)
    if not unit.held:
        raise Refused(_("{unit} is not on hold.").format(unit=unit.number), reason="not_on_hold")
    return _set(session, unit, FactKind.UNIT_RESUMED, None, actor=actor, now=now)


def _set(session: Session, unit: Unit, kind: FactKind, why: Why | None, *, actor: str, now: datetime) -> Unit:
    key = f"unit:{unit.id}"
    reason = why.text if why is not None else None
    detail: dict[str, Any] = {
        "before": {key: {"held": unit.held, "hold_reason": unit.hold_reason}},
        "after": {key: {"held": reason is not None, "hold_reason": reason}},
    }
    if why is not None:
        detail |= {"reason": why.text} | ({"reason_code": why.code} if why.code is not None else {})
    fact_id = facts.write(session, [_fact(unit, kind, detail, actor=actor, now=now)], recorded_at=now)[0]
    unit.held, unit.hold_reason, unit.last_fact_id = reason is not None, reason, fact_id
    session.flush()
    _touch(session, unit)
    return unit


def _fact(unit: Unit, kind: FactKind, detail: dict[str, Any], *, actor: str, now: datetime) -> NewFact:
    return NewFact(
        kind=kind,
        subject=unit.number,
        actor=actor,
        observed_at=now,
        order_id=unit.order_id,
        work_order_id=unit.work_order_id,
        unit_id=unit.id,
        step=unit.step,
        detail=detail,
    )


def _touch(session: Session, unit: Unit) -> None:
    if unit.order_id is None:
        return
    order = lock_order(session, unit.order_id)
    touch(session, f"order:{order.number}", f"customer:{order.customer.number}", "orders", "board")
    centers = repository.open_work_centers(session, order.id)
    touch(session, *(f"station:{key}" for key in station_keys(session, centers)))
