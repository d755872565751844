"""Opening and closing passage checks. Services flush and note; the edge commits."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.floor.models import ReadPoint
from server.erp.passages import repository
from server.erp.passages.models import PassageCheck, PassageItem
from server.erp.passages.rules import Comparison, Kind, Level, Role, Verdict
from server.erp.passages.schemas import BY_TIME, PassageCheckIn, end_of
from server.erp.production.repository import unit as find_unit
from server.errors import Conflict, FieldError, Invalid
from server.journal.audit import write_audit
from server.messages import N_
from server.messages import translate as _
from server.tracking.states import HandlingUnitKind

_SENTENCES: Final[Mapping[Verdict, str]] = {
    Verdict.WAITING: N_("Nothing of it has passed yet. Expected: {expected}."),
    Verdict.COMPLETE: N_("Complete: all {expected} have passed."),
    Verdict.MISSING: N_("Missing: {missing} of {expected}."),
    Verdict.UNEXPECTED: N_("All {expected} have passed, and others that were not expected: {unexpected}."),
    Verdict.DIFFERENT: N_("Missing: {missing} of {expected}. Not expected: {unexpected}."),
}

_BOXES: Final[Mapping[Kind, Callable[[Session, str], Sequence[int]]]] = {
    Kind.SHIPMENT: repository.boxes_of_shipment,
    Kind.HANDLING_UNIT: repository.boxes_of_handling_unit,
    Kind.ORDER: repository.boxes_of_order,
}


def sentence_of(found: Comparison) -> str:
    """The verdict in words, in the reader's language."""
    counts = {"expected": found.expected, "missing": len(found.missing), "unexpected": len(found.unexpected)}
    return _(_SENTENCES[found.verdict]).format(**counts)


def open_check(session: Session, point: ReadPoint, body: PassageCheckIn, *, actor: str, now: datetime) -> PassageCheck:
    """Expect these things at a read point whose station is loaded, from now on.

    Raises Conflict where the read point compares nothing or is comparing, Invalid where nothing can be expected.
    """
    if not (point.checks_passages and point.active):
        said = _("{key} does not compare passages. Switch it on at Set-up, Stations.").format(key=point.key)
        raise Conflict(said, reason="not_checking")
    _end_one_that_is_over(session, point, now)
    items = _expected(session, body)
    check = PassageCheck(
        read_point=point, kind=body.kind.value, subject=body.subject, level=body.level.value, opened_at=now,
        opened_by=actor, items=items,
    )  # fmt: skip
    session.add(check)
    session.flush()
    write_audit(session, at=now, actor=actor, action="passage_check_opened", subject=f"{point.key} {check.id}")
    touch(session, f"station:{point.station.key}")
    return check


def close_check(session: Session, check: PassageCheck, *, actor: str, now: datetime) -> PassageCheck:
    """The passage is over; a check that is closed already stays as it is."""
    if check.closed_at is None:
        over = end_of(check, now)
        check.closed_at, check.closed_by = over or now, BY_TIME if over is not None else actor
        session.flush()
        write_audit(
            session, at=now, actor=actor, action="passage_check_closed", subject=f"{check.read_point.key} {check.id}"
        )
        touch(session, f"station:{check.read_point.station.key}")
    return check


def _end_one_that_is_over(session: Session, point: ReadPoint, now: datetime) -> None:
    going_on = repository.open_check_at(session, point.id)
    if going_on is None:
        return
    if end_of(going_on, now) is None:
        said = _("{key} is comparing {subject}. Close that check first.").format(
            key=point.key, subject=going_on.subject
        )
        raise Conflict(said, reason="check_is_open")
    close_check(session, going_on, actor=BY_TIME, now=now)


def _expected(session: Session, body: PassageCheckIn) -> list[PassageItem]:
    found = _listed(session, body) if body.kind is Kind.LIST else _packed(session, body)
    if not any(item.role == Role.EXPECTED for item in found):
        said = _("There is nothing to expect of {subject}: nothing of it is packed here.").format(subject=body.subject)
        raise Invalid(errors=[FieldError("subject", said, "nothing_expected")])
    return found


def _packed(session: Session, body: PassageCheckIn) -> list[PassageItem]:
    boxes = _BOXES[body.kind](session, body.subject.upper())
    units = body.level is Level.UNITS
    inside = [_item(unit_id, number, expected=units) for unit_id, number in repository.units_inside(session, boxes)]
    sides = [
        _item(box_id, number, expected=not units and kind == HandlingUnitKind.BOX)
        for box_id, number, kind in repository.sides_of(session, boxes)
    ]
    return [*sides, *inside]


def _listed(session: Session, body: PassageCheckIn) -> list[PassageItem]:
    found, unknown = {}, []
    for reference in body.items:
        row = find_unit(session, reference)
        if row is None:
            unknown.append(reference)
        else:
            found[row.unit.id] = _item(row.unit.id, row.unit.number, expected=True)
    if unknown:
        said = _("Nobody knows {codes}.").format(codes=", ".join(unknown[:5]))
        raise Invalid(errors=[FieldError("items", said, "unknown")])
    return list(found.values())


def _item(unit_id: int, number: str, *, expected: bool) -> PassageItem:
    return PassageItem(unit_id=unit_id, code=number, role=(Role.EXPECTED if expected else Role.BESIDE).value)
