"""Work orders: the list of the planner, one beside what has changed since its release, and what may be done."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.measures import measure
from server.crm.work_list import VIEWS, shortages, work_list
from server.erp.orders.access import is_customer, visible_orders
from server.erp.orders.present import present_snapshot
from server.erp.orders.snapshot import difference
from server.erp.production import repository, work_repository
from server.erp.production.for_stock import cancel_work, make_for_stock, make_replacement
from server.erp.production.models import WorkOrder
from server.erp.production.operator_time import work_of
from server.erp.production.schemas import CancelBody, StockWorkIn
from server.erp.reels.repository import reels as free_reels
from server.errors import NotFound, Refused
from server.http.paging import Before, Number, Text
from server.messages import N_
from server.web.admin_words import word
from server.web.entry import Fault, FormDep, checked, given, rows_of
from server.web.forms import Form
from server.web.once import attempt_once
from server.web.option_fields import chosen, offers, option_columns
from server.web.page import Page, PageDep
from server.web.pages.pieces import offered
from server.web.product_choice import MADE, product_choices, with_products

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
#: So many of its units stand on the page of a work order.
MOST_UNITS = 200
Planner = Annotated[Principal, Depends(require(Permission.ORDERS_RELEASE))]


@router.get("/work-orders")
def show_work_orders(page: PageDep, principal: Reader, show: Text = None, before: Before = None) -> Response:
    """The list, newest first; its filter stands in the address."""
    if is_customer(principal):
        raise NotFound
    view = show if show in VIEWS else "open"
    with page.database.read() as session:
        found = work_list(session, view or "open", visible=visible_orders(principal), before=before)
    return page.show("pages/work_orders.html", found=found, view=view, views=VIEWS, is_first=before is None)


@router.get("/work-orders/new")
def new_work_order(page: PageDep, principal: Planner, product: Text = None) -> Response:
    """A form for pieces that are made for stock."""
    if is_customer(principal):
        raise NotFound
    return _show_new(page, Form({"lines.0.product": product or ""}))


@router.post("/work-orders/new")
def add_work_order(page: PageDep, form: FormDep, principal: Planner) -> Response:
    """Release it at once."""
    try:
        form = with_products(page, form, ["lines.0.product"], MADE)
        if form.get("more"):
            return _show_new(page, form)
        line = next(iter(rows_of(form, "lines", ("product", "quantity", *option_columns(form, "lines")))), {})
        data = {name: line[name] for name in ("product", "quantity") if name in line} | given(form, "reel")
        body = checked(page, form, model=StockWorkIn, data=data | {"configuration": chosen(line)})

        def work(session: Session) -> str:
            return make_for_stock(session, body, actor=principal.actor, now=page.now).number

        number = attempt_once(page, principal, form, work)
    except Fault as fault:
        return _show_new(page, _renamed(fault.form), status=fault.status)
    return page.go(f"/work-orders/{number}", page.say(N_("%(number)s is released. Print its labels."), number=number))


@router.get("/work-orders/{number}")
def show_work_order(page: PageDep, number: Number, principal: Reader) -> Response:
    """The snapshot with its operations, and the differences from the present truth."""
    with page.database.read() as session:
        found = _found(session, principal, number)
        present, problems = present_snapshot(session, found)
        line_id = found.order_line_id
        people = work_of(session, found.id)
        units = work_repository.pieces(session, found.id, limit=MOST_UNITS)
        reasons = offered(session, principal)
        short = shortages(session, [line_id]).get(line_id, 0) if line_id is not None else 0
    changes = [] if present is None else difference(*(_in_measures(page, each) for each in (found.snapshot, present)))
    return page.show(
        "pages/work_order.html",
        work_order=found,
        snapshot=found.snapshot,
        changes=changes,
        problems=problems,
        short=short,
        people=people,
        units=units,
        reasons=reasons,
        is_lot=any(unit.quantity is not None for unit in units),
        step_names={operation.step: operation.name for operation in found.operations},
        measure=lambda code: page.say(measure(code)),
        area=lambda code: page.say(word("area", code)),
    )


@router.post("/work-orders/{number}/replace")
def replace(page: PageDep, number: Number, principal: Planner) -> Response:
    """Make again what the order is short of."""

    def work(session: Session) -> str:
        found = _found(session, principal, number)
        return make_replacement(session, found, actor=principal.actor, now=page.now).number

    try:
        made = page.database.write(work)
    except Refused as refusal:
        return page.go(f"/work-orders/{number}", refusal.detail, kind="stop")
    return page.go(f"/work-orders/{made}", page.say(N_("%(number)s is released. Print its labels."), number=made))


@router.post("/work-orders/{number}/cancel")
def cancel(page: PageDep, number: Number, form: FormDep, principal: Planner) -> Response:
    """End work for stock."""
    try:
        body = checked(page, form, model=CancelBody, data=given(form, "reason"))

        def work(session: Session) -> None:
            found = _found(session, principal, number)
            cancel_work(session, found, reason=body.reason, actor=principal.actor, now=page.now)

        page.database.write(work)
    except Fault:
        return page.go(f"/work-orders/{number}", page.say(N_("Say why in a few words.")), kind="warn")
    except Refused as refusal:
        return page.go(f"/work-orders/{number}", refusal.detail, kind="stop")
    return page.go(f"/work-orders/{number}", page.say(N_("%(number)s is cancelled."), number=number))


def _in_measures(page: Page, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The snapshot with its units of measure as people write them."""
    parts = [part | {"uom": page.say(measure(part.get("uom") or ""))} for part in snapshot.get("bom") or ()]
    return {**snapshot, "bom": parts, "uom": page.say(measure(snapshot.get("uom") or ""))}


def _found(session: Session, principal: Principal, number: str) -> WorkOrder:
    found = repository.work_order(session, number, visible=visible_orders(principal))
    if found is None or is_customer(principal):
        raise NotFound
    return found


def _show_new(page: Page, form: Form, *, status: int = 200) -> Response:
    with page.database.read() as session:
        products = product_choices(session, *MADE)
        options = offers(session, form, "lines", count=1)
        reels, _more = free_reels(session, free=True)
    return page.show(
        "pages/work_order_new.html", status=status, form=form, products=products, offers=options, reels=reels
    )


def _renamed(form: Form) -> Form:
    """The faults under the names that the fields of the form have."""
    names = {"product": "lines.0.product", "quantity": "lines.0.quantity", "configuration": "lines.0.options"}
    return form.with_faults({names.get(name, name): said for name, said in form.faults.items()}, form.fault)
