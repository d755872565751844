"""What the office does with pieces of a work order: scrap, send back, hold, release, put into stock, take apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy.orm import Session

from server.erp.orders.repository import lock_order
from server.erp.production import repository, service
from server.erp.production.acts import Wish, act_on, scrap_pieces
from server.erp.production.inside import Share
from server.erp.production.lots import part_of
from server.erp.production.models import Unit, WorkOrder
from server.erp.production.surplus import put_into_stock
from server.erp.reasons.service import chosen_reason
from server.errors import FieldError, Invalid, NotFound, Refused
from server.http.fields import plain
from server.messages import translate as _
from server.tracking.draft import Cause
from server.tracking.states import Command, ReasonKind
from server.tracking.world import ReasonCode


class DeedKind(StrEnum):
    """What is done."""

    SCRAP = "scrap"
    REWORK = "rework"
    HOLD = "hold"
    RESUME = "resume"
    STOCK = "stock"
    #: So many pieces of a lot are a lot of their own from now on, and nothing else happens to them.
    SPLIT = "split"


_COMMANDS: Mapping[DeedKind, tuple[Command, ReasonKind]] = {
    DeedKind.SCRAP: (Command.SCRAP, ReasonKind.SCRAP),
    DeedKind.REWORK: (Command.REWORK, ReasonKind.REWORK),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done, why, with how many pieces of the one unit that was chosen, and from which step on again."""

    kind: DeedKind
    code: str | None = None
    words: str | None = None
    quantity: Decimal | None = None
    step: int | None = None
    #: Numbers or codes of the units inside of a lot that go along with so many of its pieces.
    inside: Sequence[str] | None = None


def do(session: Session, work_order: WorkOrder, numbers: Sequence[str], deed: Deed, about: Cause) -> Sequence[str]:
    """Do it with the units of these numbers, or scrap so many of whichever; returns what was acted on."""
    if not numbers:
        if deed.kind is not DeedKind.SCRAP or deed.quantity is None:
            message = _("Choose the pieces, or say how many are scrapped.")
            raise Invalid(errors=[FieldError("pieces", message, "missing")])
        return scrap_pieces(session, work_order, deed.quantity, _wish(session, deed), about)
    if work_order.order_id is not None:
        lock_order(session, work_order.order_id)
    units = _parts(session, work_order, numbers, deed, about)
    if deed.kind is DeedKind.STOCK:
        put_into_stock(session, work_order, units, about)
    elif deed.kind in _COMMANDS:
        act_on(session, work_order, [unit.number for unit in units], _wish(session, deed), about)
    elif deed.kind is DeedKind.HOLD:
        code = None if deed.code is None else chosen_reason(session, deed.code, ReasonKind.HOLD)
        if code is None and not deed.words:
            raise Invalid(errors=[FieldError("words", _("Say why in a few words."), "missing")])
        why = service.Why.of(deed.words, code)
        for unit in units:
            service.hold_unit(session, unit.id, why, actor=about.actor, now=about.observed_at)
    elif deed.kind is DeedKind.RESUME:
        for unit in units:
            service.resume_unit(session, unit.id, actor=about.actor, now=about.observed_at)
    return [unit.number for unit in units]


def _wish(session: Session, deed: Deed) -> Wish:
    command, kind = _COMMANDS[deed.kind]
    found = chosen_reason(session, deed.code or "", kind)
    return Wish(command, ReasonCode(found.code, found.kind, found.name), deed.step)


def _parts(session: Session, work_order: WorkOrder, numbers: Sequence[str], deed: Deed, about: Cause) -> Sequence[Unit]:
    units = [each for each in repository.lock_units(session, numbers) if each.work_order_id == work_order.id]
    if len(units) < len(set(numbers)):
        raise NotFound
    if deed.kind is DeedKind.SPLIT:
        _require_less(units, deed)
    if deed.quantity is None:
        return units
    if len(units) > 1:
        message = _("A quantity is taken of one unit; {count} are chosen.").format(count=len(units))
        raise Invalid(errors=[FieldError("quantity", message, "too_many")])
    return [part_of(session, units[0], Share(deed.quantity, deed.inside), about)]


def _require_less(units: Sequence[Unit], deed: Deed) -> None:
    """Only a part of a lot is taken apart."""
    if deed.quantity is None:
        raise Invalid(errors=[FieldError("quantity", _("Say how many pieces are taken apart."), "missing")])
    lone = next((unit for unit in units if unit.quantity is None), None)
    if lone is not None:
        message = _("{unit} is one piece; it cannot be taken apart.")
        raise Refused(message.format(unit=lone.number), reason="not_whole")
    if len(units) == 1 and units[0].quantity == deed.quantity:
        message = _("{unit} is {quantity} pieces, all of it. Take fewer of it apart.")
        values = {"unit": units[0].number, "quantity": plain(deed.quantity)}
        raise Refused(message.format(**values), reason="over_quantity")
