"""A customer asks that his order be packed or made otherwise."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.auth.talk_limit import count_message
from server.crm.access import visible_orders
from server.erp.changes import repository, rules, service
from server.erp.changes.closed import why_closed
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn
from server.erp.orders.models import SalesOrder
from server.erp.orders.snapshot import packaging_picture
from server.erp.production.models import WorkOrder
from server.errors import Invalid, NotFound
from server.http.paging import Number
from server.messages import N_
from server.tracking.states import Effectivity
from server.web.customer_pages import order_of, way_of
from server.web.entry import Fault, FormDep, checked
from server.web.forms import Form
from server.web.once import attempt_once
from server.web.page import Page, PageDep
from server.web.visitor import OrderVisitor
from server.web.words import word

router = APIRouter(include_in_schema=False)

Asker = Annotated[Principal, Depends(require(Permission.CHANGES_WRITE))]


@router.get("/orders/{number}/changes/new")
def ask_change(page: PageDep, principal: Asker, number: Number) -> Response:
    """The form, with how it is packed now; our own people have one of theirs."""
    if principal.customer_id is None:
        return page.go(f"/changes/new?order={quote(number)}")
    return _begin(page, principal, number)


@router.post("/orders/{number}/changes/new")
def add_change(page: PageDep, principal: Asker, number: Number, form: FormDep) -> Response:
    """Put the wish before whoever decides; a refusal says why, above what was typed."""
    if principal.customer_id is None:
        return page.go(f"/changes/new?order={quote(number)}")
    return _add(page, principal, number, form)


@router.get("/track/changes/new")
@router.get("/track/of/{visited}/changes/new")
@router.get("/quote/order/changes/new")
@router.get("/quote/of/{visited}/order/changes/new")
def ask_by_link(page: PageDep, visitor: OrderVisitor) -> Response:
    """The form for whoever came by the private link of his order, or of the quote that it was placed by."""
    return _begin(page, visitor, order_of(page, visitor))


@router.post("/track/changes/new")
@router.post("/track/of/{visited}/changes/new")
@router.post("/quote/order/changes/new")
@router.post("/quote/of/{visited}/order/changes/new")
def add_by_link(page: PageDep, visitor: OrderVisitor, form: FormDep) -> Response:
    """Put that visitor's wish before whoever decides."""
    return _add(page, visitor, order_of(page, visitor), form)


def _begin(page: Page, principal: Principal, number: str) -> Response:
    return _form(page, principal, number, Form({"effectivity": Effectivity.REMAINING.value}))


def _add(page: Page, principal: Principal, number: str, form: Form) -> Response:
    try:
        body = checked(page, form, model=ChangeIn, data=_typed(page, form))
        count_message(page.request, principal)
        made = attempt_once(page, principal, form, lambda session: _ask(session, page, principal, asked=(number, body)))
    except Fault as fault:
        return _form(page, principal, number, fault.form, status=fault.status)
    return page.go(
        f"{way_of(principal, number).order}#changes-head",
        page.say(N_("%(change)s is with us. Its answer stands here."), change=made),
    )


def _typed(page: Page, form: Form) -> dict[str, Any]:
    """What differs from what the form showed."""
    wanted = {field: form.text(field) or None for field in rules.CUSTOMER_FIELDS
              if form.text(field) != form.text(f"was_{field}")}  # fmt: skip
    if not wanted:
        raise Fault(form.with_faults({}, page.say(N_("Say what shall change: at least one field."))), 422)
    data = {"work_order": form.text("work_order"), "effectivity": form.text("effectivity"), "changes": wanted}
    return data | {"reason": form.get("reason")}


def _ask(session: Session, page: Page, principal: Principal, *, asked: tuple[str, ChangeIn]) -> str:
    number, body = asked
    work_order = repository.work_order(session, body.work_order, visible=visible_orders(principal))
    if work_order is None or work_order.order is None or work_order.order.number != number:
        raise Invalid(page.say(N_("There is no such work order.")))
    by: dict[str, Any] = {"actor": principal.actor, "now": page.now}
    change = service.create_change(session, work_order, body, origin=Origin.CUSTOMER, **by)
    service.submit_change(session, change, **by)
    return change.number


def _form(page: Page, principal: Principal, number: str, form: Form, *, status: int = 200) -> Response:
    with page.database.read() as session:
        order = repository.order(session, number, visible=visible_orders(principal))
        if order is None:
            raise NotFound
        work = repository.work_orders_of(session, number)
        closed = _why_not(session, page, order, work)
    way = way_of(principal, number)
    page.principal = principal
    open_work = [each for each in work if each.state in rules.OPEN_WORK]
    first = open_work[0] if open_work else None
    chosen = next((each for each in open_work if each.number == form.get("work_order")), first)
    return page.show(
        "pages/customer_change.html",
        status=status,
        form=form,
        order=order,
        where=way.order,
        new_case_href=way.new_case,
        closed=closed,
        work_orders=[(each.number, each.product.name) for each in open_work],
        fields=rules.CUSTOMER_FIELDS,
        now=_now(chosen) if chosen is not None else {},
        picture=packaging_picture(chosen.snapshot) if chosen is not None else None,
        effectivities=[(each.value, page.say(word("effectivity", each.value))) for each in Effectivity],
    )


def _why_not(session: Session, page: Page, order: SalesOrder, work: Sequence[WorkOrder]) -> str | None:
    """Why nothing can be asked for now, or None when it can."""
    if not work:
        return page.say(
            N_("%(number)s is not in work yet. Write to us, and we change the order itself."), number=order.number
        )
    return why_closed(session, work, rules.CUSTOMER_FIELDS)


def _now(work_order: WorkOrder) -> dict[str, str]:
    """How it is packed; what our people say to each other stays with them."""
    shown = [field for field in rules.CUSTOMER_FIELDS if field not in rules.OUR_WORDS]
    return {field: rules.value_of(work_order.snapshot, field) or "" for field in shown}
