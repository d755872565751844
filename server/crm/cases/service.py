"""What happens to cases. Services flush, write facts and note topics; the edge commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.orm import Session

from server.auth.permissions import ROLE_PERMISSIONS, Permission
from server.auth.principal import Principal
from server.crm.access import is_customer, visible_orders
from server.crm.cases import repository
from server.crm.cases.models import Case, CaseMessage
from server.crm.cases.rules import CaseAction, CasePriority, CaseState, after
from server.crm.cases.schemas import CaseIn, CasePatch
from server.db import touch
from server.errors import FieldError, Invalid, Refused
from server.http.numbers import fresh
from server.journal import facts
from server.messages import translate as _
from server.parties.models import Customer

#: The topic of the list of cases.
LIST_TOPIC = "cases"
CUSTOMER, SERVICE = "customer", "service"
#: Who may be given a case.
CARERS: Final = tuple(role for role, rights in ROLE_PERMISSIONS.items() if Permission.CASES_WRITE in rights)


class CaseFact(StrEnum):
    """What became true of a case. What was said stands in its thread and never in a fact."""

    CREATED = "case_created"
    CHANGED = "case_changed"
    OPENED = "case_opened"
    MESSAGE_WRITTEN = "case_message_written"
    RESOLVED = "case_resolved"
    CLOSED = "case_closed"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, for which side, and when."""

    side: str
    name: str
    actor: str
    now: datetime

    @classmethod
    def of(cls, principal: Principal, now: datetime) -> "Speaker":
        """The caller as one of the two sides."""
        side = CUSTOMER if is_customer(principal) else SERVICE
        return cls(side, principal.name[:120], principal.actor, now)


def create_case(session: Session, body: CaseIn, principal: Principal, *, now: datetime) -> Case:
    """A new case with its first message; raises Invalid for what the caller may not know of."""
    # Whoever came by a link knows one order and has no need to name it.
    number = body.order or principal.order_number
    order = repository.order(session, number, visible=visible_orders(principal)) if number else None
    if body.order is not None and order is None:
        raise _unknown("order", _("There is no order of this number."))
    if principal.kind == "visit" and order is None:
        raise _unknown("order", _("Say which order this is about."))
    unit = repository.unit(session, body.unit, order_id=order.id) if body.unit and order is not None else None
    if body.unit is not None and unit is None:
        raise _unknown("unit", _("The order has no unit of this number."))
    customer = _whose(session, body, principal, order.customer_id if order is not None else None)
    case = Case(
        number=fresh(session, "CS", Case.number),
        customer=customer,
        order=order,
        unit=unit,
        subject=body.subject,
        state=CaseState.NEW.value,
        # How soon we care is ours to say.
        priority=(CasePriority.NORMAL if is_customer(principal) else body.priority).value,
        created_at=now,
        created_by=principal.actor,
        moved_at=now,
    )
    session.add(case)
    session.flush()
    speaker = Speaker.of(principal, now)
    _say(session, case, body.body, speaker)
    detail = {"side": speaker.side, "order": order.number if order else None, "unit": unit.number if unit else None}
    _write(session, case, CaseFact.CREATED, speaker, detail)
    return case


def edit_case(session: Session, case: Case, patch: CasePatch, by: Speaker) -> Case:
    """Change subject, priority or who takes care of it; raises Refused once it is closed."""
    _require(case, CaseAction.CHANGE)
    changed = {name: value for name, value in patch.changed().items() if getattr(case, name) != value}
    login = changed.get("assigned_to")
    if login is not None and login not in repository.carers(session, CARERS):
        raise _unknown("assigned_to", _("Nobody of this login takes care of cases."))
    for name, value in changed.items():
        setattr(case, name, value)
    if changed:
        _write(session, case, CaseFact.CHANGED, by, {"fields": sorted(changed)})
    return case


def reply(session: Session, case: Case, text: str, by: Speaker, *, ask: bool = False) -> CaseMessage:
    """Say something; the customer's word opens the case again, ours may make it wait for him."""
    action = CaseAction.WRITE if by.side == CUSTOMER else CaseAction.ASK if ask else CaseAction.REPLY
    before = _move(case, action)
    message = _say(session, case, text, by)
    detail = {"message": message.id, "side": by.side, "was": before, "state": case.state}
    _write(session, case, CaseFact.MESSAGE_WRITTEN, by, detail)
    return message


def resolve(session: Session, case: Case, text: str, by: Speaker) -> None:
    """Put right what was complained of, with words for the customer."""
    before = _move(case, CaseAction.RESOLVE)
    case.resolved_at = by.now
    _say(session, case, text, by)
    _write(session, case, CaseFact.RESOLVED, by, {"was": before, "state": case.state})


def reopen(session: Session, case: Case, by: Speaker) -> None:
    """Take it into work, for the first time or again."""
    before = _move(case, CaseAction.OPEN)
    _write(session, case, CaseFact.OPENED, by, {"was": before, "state": case.state})


def close(session: Session, case: Case, by: Speaker) -> None:
    """Nothing more is said about a resolved case."""
    before = _move(case, CaseAction.CLOSE)
    case.closed_at = by.now
    _write(session, case, CaseFact.CLOSED, by, {"was": before, "state": case.state})


def _whose(session: Session, body: CaseIn, principal: Principal, of_order: int | None) -> Customer:
    own = of_order if principal.kind == "visit" else principal.customer_id
    if is_customer(principal):
        found = session.get(Customer, own) if own is not None else None
    elif body.customer is not None:
        found = repository.customer(session, body.customer)
    else:
        found = session.get(Customer, of_order) if of_order is not None else None
    if found is None:
        raise _unknown("customer", _("There is no customer of this number."))
    if of_order is not None and found.id != of_order:
        raise _unknown("order", _("This order is another customer's."))
    return found


def _say(session: Session, case: Case, text: str, by: Speaker) -> CaseMessage:
    message = CaseMessage(case_id=case.id, side=by.side, author=by.name, actor=by.actor, body=text, created_at=by.now)
    session.add(message)
    session.flush()
    return message


def _require(case: Case, action: CaseAction) -> CaseState:
    found = after(CaseState(case.state), action)
    if found is None:
        message = _("{case} is {state}, so this is not possible. Load it again.")
        told = message.format(case=case.number, state=case.state)
        raise Refused(told, reason="wrong_state", extra={"state": case.state})
    return found


def _move(case: Case, action: CaseAction) -> str:
    """Put the case into the state that the action leads to, and return the one before; raises Refused."""
    before, case.state = case.state, _require(case, action).value
    if case.state == CaseState.OPEN:
        case.resolved_at = None
    return before


def _write(session: Session, case: Case, kind: CaseFact, by: Speaker, detail: Mapping[str, Any]) -> None:
    case.moved_at = by.now
    session.flush()
    touch(session, f"case:{case.number}", f"customer:{case.customer.number}", LIST_TOPIC)
    if case.order is not None:
        touch(session, f"order:{case.order.number}")
    told = {"customer": case.customer.number, **detail}
    facts.write_about(session, kind, case.number, actor=by.actor, now=by.now, detail=told)


def _unknown(field: str, message: str) -> Invalid:
    return Invalid(errors=[FieldError(field, message, "unknown")])
