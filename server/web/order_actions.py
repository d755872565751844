"""What a person may do to an order on its page: where the state and his role allow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from server.auth.permissions import Permission, Role
from server.auth.principal import Principal
from server.crm.access import visible_orders
from server.crm.order_page import OrderPage
from server.erp.billing.credit import check_loaded
from server.erp.logistics import service as logistics
from server.erp.logistics.service import Carriage
from server.erp.orders import repository, service
from server.erp.orders.lifecycle import Action, possible
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from server.messages import N_
from server.tracking.states import Fulfilment, OrderLifecycle, ShipmentState
from server.web.forms import Form
from server.web.page import Page


@dataclass(frozen=True, slots=True)
class Offer:
    """A button of the page; `asks` names the one field its form has, if any."""

    key: str
    label: str
    icon: str
    done: str
    permission: Permission
    asks: str | None = None
    look: str = ""


_OFFERS = (
    Offer("confirm", N_("Confirm"), "badge-check", N_("%(number)s is confirmed for %(promise)s."),
          Permission.ORDERS_WRITE, asks="promise_date", look="primary"),
    Offer("release-credit", N_("Release credit"), "badge-check", N_("%(number)s is confirmed for %(promise)s."),
          Permission.CREDIT_RELEASE, asks="reason", look="primary"),
    Offer("revise", N_("Back to draft"), "pencil", N_("%(number)s is a draft again."), Permission.ORDERS_WRITE),
    Offer("release", N_("Release to the floor"), "play", N_("%(number)s is released. Its units can be scanned now."),
          Permission.ORDERS_RELEASE, look="primary"),
    Offer("resume", N_("Lift the hold"), "play", N_("%(number)s goes on."), Permission.ORDERS_WRITE, look="primary"),
    Offer("hold", N_("Hold"), "pause", N_("%(number)s is on hold. Stations refuse its units until the hold is lifted."),
          Permission.ORDERS_WRITE, asks="reason"),
    Offer("ship", N_("Ship closed boxes"), "truck", N_("The closed boxes of %(number)s have left: %(shipments)s."),
          Permission.SHIPMENTS_WRITE, asks="carrier", look="primary"),
    Offer("deliver", N_("It has arrived"), "package-check", N_("What had left for %(number)s has arrived."),
          Permission.SHIPMENTS_WRITE, look="primary"),
    Offer("cancel", N_("Cancel the order"), "ban", N_("%(number)s is cancelled."),
          Permission.ORDERS_WRITE, asks="reason", look="danger"),
)  # fmt: skip

ACTIONS: Mapping[str, Offer] = {offer.key: offer for offer in _OFFERS}
#: No steps of the order itself: its boxes leave, its shipments arrive, and it is done with the last of them.
_SHIP, _DELIVER = "ship", "deliver"
#: A carrier and his number are stored with so many letters at most.
SHORT = 80
_MANAGERS = (Role.MANAGER, Role.ADMIN)


class Overtaken(Conflict):
    """409: the button stood on a page from before somebody else changed the order."""

    default_reason = "stale"


def offered(order: OrderPage, principal: Principal) -> list[Offer]:
    """The buttons for this person now, in the order of use."""
    here = {action.value for action in possible(OrderLifecycle(order.lifecycle), on_hold=order.on_hold)}
    # What has left cannot be called off, and once all has, nothing can be kept from moving.
    if order.fulfilment in (Fulfilment.PARTIALLY_SHIPPED, Fulfilment.SHIPPED, Fulfilment.DELIVERED):
        here.discard(Action.CANCEL.value)
    if order.fulfilment in (Fulfilment.SHIPPED, Fulfilment.DELIVERED):
        here.discard(Action.HOLD.value)
    if order.can_ship and order.lifecycle == OrderLifecycle.PROCESSING and not order.on_hold:
        here.add(_SHIP)
    if any(shipment.state == ShipmentState.SHIPPED for shipment in order.shipments):
        here.add(_DELIVER)
    return [
        offer
        for offer in _OFFERS
        if offer.key in here
        and principal.may(offer.permission)
        and (offer.key != "cancel" or order.lifecycle != OrderLifecycle.PROCESSING or principal.role in _MANAGERS)
    ]


def perform(page: Page, principal: Principal, number: str, *, action: str, form: Form) -> tuple[str, str]:
    """Do it in one transaction; returns the sentence that says so and its signal.

    Raises Forbidden, Refused, Overtaken, Invalid, NotFound.
    """
    offer = ACTIONS[action]
    if not principal.is_staff or not principal.may(offer.permission):
        raise Forbidden(extra={"permission": offer.permission.value})

    def work(session: Session) -> tuple[str, str]:
        order = repository.order(session, number, visible=visible_orders(principal), lock=True)
        if order is None:
            raise NotFound
        if form.text("row_version", str(order.row_version)) != str(order.row_version):
            raise Overtaken(extra={"expected": form.text("row_version")[:20], "row_version": order.row_version})
        told = _apply(session, order, offer=offer, form=form, by=(principal, page))
        if order.lifecycle == OrderLifecycle.CREDIT_HOLD:
            return _waits(page, session, order, principal), "warn"
        promise = page.formats.long_day(order.promise_date) if order.promise_date else ""
        return page.say(offer.done, number=number, promise=promise, shipments=told), "ok"

    return page.database.write(work)


def _apply(session: Session, order: SalesOrder, *, offer: Offer, form: Form, by: tuple[Principal, Page]) -> str:
    """Do it; the answer is what the sentence names beside the order."""
    principal, page = by
    actor, now = principal.actor, page.now
    if offer.key == Action.CONFIRM:
        service.confirm_order(session, order, actor=actor, now=now, promise_date=_date(page, form))
    elif offer.key == Action.RELEASE_CREDIT:
        service.release_credit(session, order, reason=_reason(page, form), actor=actor, now=now)
    elif offer.key == Action.REVISE:
        service.revise_order(session, order, actor=actor, now=now)
    elif offer.key == Action.RELEASE:
        release_order(session, order, actor=actor, now=now, reels=_reels(form))
    elif offer.key == Action.RESUME:
        service.resume_order(session, order, actor=actor, now=now)
    elif offer.key == Action.HOLD:
        service.hold_order(session, order, reason=_reason(page, form), actor=actor, now=now)
    elif offer.key == _SHIP:
        carriage = Carriage(*(_short(page, form, name) for name in ("carrier", "tracking_reference")))
        return ", ".join(logistics.ship_order(session, order, carriage, actor=actor, now=now))
    elif offer.key == _DELIVER:
        logistics.deliver_order(session, order, actor=actor, now=now)
    else:
        by_manager = principal.role in _MANAGERS
        reason = _reason(page, form)
        service.cancel_order(session, order, reason=reason, by_manager=by_manager, actor=actor, now=now)
    return ""


def _waits(page: Page, session: Session, order: SalesOrder, principal: Principal) -> str:
    """Why the order waits for credit; the figures are for those who see credit."""
    if principal.may(Permission.CREDIT_READ):
        return check_loaded(session, order, order.customer, now=page.now).sentence(order.number)
    return page.say(N_("%(number)s waits for credit. Finance or a manager can release it."), number=order.number)


def _reason(page: Page, form: Form) -> str:
    reason = form.text("reason")[:300]
    if not reason or not all(letter.isprintable() for letter in reason):
        message = page.say(N_("Say why in a few words; the stations show it."))
        raise Invalid(errors=[FieldError("reason", message, "missing")])
    return reason


def _reels(form: Form) -> dict[int, str]:
    """The reels that were chosen, by the position of the line."""
    found = {name.removeprefix("reel."): form.text(name) for name in form.values if name.startswith("reel.")}
    return {int(line): reel for line, reel in found.items() if reel and line.isdecimal() and len(line) < 5}


def _short(page: Page, form: Form, name: str) -> str | None:
    text = form.get(name)
    if text is not None and (len(text) > SHORT or not text.isprintable()):
        message = page.say(
            N_("Expected at most %(most)s letters on one line, got %(text)s."), most=SHORT, text=text[:40]
        )
        raise Invalid(errors=[FieldError(name, message, "invalid")])
    return text


def _date(page: Page, form: Form) -> date | None:
    text = form.get("promise_date")
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = page.say(N_("%(text)s is no date. Write it as 2026-11-27."), text=text[:40])
        raise Invalid(errors=[FieldError("promise_date", message, "invalid")]) from error
