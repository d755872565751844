"""The list of orders, one order, one unit, and what may be done to an order, as plain forms."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path
from sqlalchemy import select
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.customer_view import row_as_told
from server.crm.here import Here
from server.crm.links import create_link, links_of, revoke_link
from server.crm.order_page import order_page
from server.crm.order_since import decisions_since
from server.crm.orders_list import VIEWS, Wanted, order_list
from server.crm.units import unit_page
from server.db.topics import versions
from server.erp.orders import estimates
from server.erp.reels.repository import reels as free_reels
from server.errors import Invalid, Refused
from server.http.paging import Before, Number, Text
from server.messages import N_
from server.parties.models import Customer
from server.tracking.states import OrderLifecycle
from server.web.case_view import order_cases
from server.web.customer_pages import show_customer_order, show_customer_unit
from server.web.forms import Form, read_form
from server.web.money_view import FIGURES, SOURCES, note_view, order_money
from server.web.order_actions import ACTIONS, Overtaken, offered, perform
from server.web.order_since import told_since
from server.web.order_view import order_context
from server.web.page import Page, PageDep
from server.web.pages.pieces import around

router = APIRouter(include_in_schema=False)

FormDep = Annotated[Form, Depends(read_form)]
Reader = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
Earner = Annotated[Principal, Depends(require(Permission.PROFIT_READ))]
LinkId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Writer = Annotated[Principal, Depends(require(Permission.ORDERS_WRITE))]


@router.get("/orders")
def orders(page: PageDep, principal: Reader, show: Text = None, customer: Text = None, after: Text = None) -> Response:
    """The list; its filters stand in the address."""
    if principal.kind == "visit":
        return page.go("/track")
    view = show if show is not None and show in VIEWS else "open"
    wanted = Wanted(view, customer if not principal.customer_id else None, after)
    here = Here(page.site.zone, page.now)
    topic = _list_topic(page, principal)
    estimates.refresh(page.database, now=page.now)
    with page.database.read() as session:
        shown = versions(session, topic)
        found = order_list(session, principal, wanted, here=here)
    if not principal.is_staff:
        found = replace(found, rows=[row_as_told(row) for row in found.rows])
    return page.show(
        "pages/orders.html",
        found=found,
        wanted=wanted,
        topic=topic,
        version=shown[topic],
        views=_views(found.counts, wanted, is_staff=principal.is_staff),
        next_href=_address(wanted, found.next_after) if found.next_after else None,
        first_href=_address(wanted, None),
    )


@router.get("/orders/{number}")
def order(page: PageDep, principal: Reader, number: Number, before: Before = None) -> Response:
    """One order; a customer's login gets the customer's view of it."""
    if principal.kind == "visit":
        return page.go("/track")
    if not principal.is_staff:
        return show_customer_order(page, principal, number)
    return _show_order(page, principal, number, before=before)


def _show_order(
    page: Page, principal: Principal, number: str, *, before: int | None = None, overtaken: Form | None = None
) -> Response:
    """The order for our own people; for a button that somebody overtook, with what has changed since it was shown."""
    here, topic = Here(page.site.zone, page.now), f"order:{number}"
    form, since = overtaken or Form(), []
    with page.database.read() as session:
        shown = versions(session, topic)
        found = order_page(session, principal, number, here=here, before=before)
        if overtaken is not None:
            since = told_since(page, decisions_since(session, found.id, number, _shown_at(page, overtaken)))
        links = links_of(session, found.id)
        money = order_money(session, principal, number, now=page.now)
        cases = order_cases(session, principal, number)
        reels, _more = free_reels(session, free=True) if found.lifecycle == OrderLifecycle.CONFIRMED else ([], False)
    note_view(page.database, principal, money, now=page.now)
    context = order_context(found, page.formats, version=shown[topic], older=before is not None)
    context |= cases | {"order_money": money, "figure_names": FIGURES, "source_names": SOURCES}
    context |= {"overtaken": overtaken is not None, "since": since, "form": form, "seen": page.now.isoformat()}
    context["reels"] = reels
    status = 200 if overtaken is None else 409
    return page.show("pages/order.html", status=status, links=links, actions=offered(found, principal), **context)


def _shown_at(page: Page, form: Form) -> datetime:
    """When the page of the button was made; one that does not say it gets what is newest."""
    try:
        return datetime.fromisoformat(form.text("seen")).astimezone(UTC)
    except (ValueError, OverflowError):
        return page.now - timedelta(days=1)


@router.get("/orders/{number}/units/{unit}")
def unit(page: PageDep, principal: Reader, number: Number, unit: Number, before: Before = None) -> Response:
    """One unit with every read that moved it; a customer is shown it without people and places."""
    if principal.kind == "visit":
        return page.go("/track")
    if not principal.is_staff:
        return show_customer_unit(page, principal, number, unit)
    topic = f"order:{number}"
    with page.database.read() as session:
        shown = versions(session, topic)
        found = unit_page(session, principal, unit, before=before)
        more = around(session, page, principal, found)
    if found.order != number:
        return page.go(f"/units/{unit}")
    return page.show("pages/unit.html", **more, topic=topic, version=shown[topic])


@router.post("/orders/{number}/links")
def add_link(page: PageDep, principal: Writer, number: Number) -> Response:
    """Make a private link and show it this once."""
    link = page.database.write(lambda session: create_link(session, principal, number, now=page.now))
    address = f"{page.settings.base_url}/track/{link.token}"
    return page.show("pages/link_made.html", number=number, address=address)


@router.post("/orders/{number}/links/{link_id}/revoke")
def end_link(page: PageDep, principal: Writer, number: Number, link_id: LinkId) -> Response:
    """End a private link and whoever came by it."""
    page.database.write(lambda session: revoke_link(session, principal, number, link_id=link_id, now=page.now))
    return page.go(f"/orders/{number}#links", page.say(N_("The link is revoked. It opens nothing any more.")))


@router.get("/orders/{number}/profit")
def lead_to_profit(page: PageDep, _principal: Earner, number: Number) -> Response:
    """What the order earns stands on its own page."""
    return page.go(f"/orders/{quote(number, safe='')}#profit")


@router.post("/orders/{number}/{action}")
def act(page: PageDep, principal: Reader, number: Number, action: str, form: FormDep) -> Response:
    """Confirm, release, hold, resume or cancel; a refusal says why, on the order's own page."""
    if action not in ACTIONS:
        return page.go(f"/orders/{number}")
    try:
        done, kind = perform(page, principal, number, action=action, form=form)
    except Overtaken:
        return _show_order(page, principal, number, overtaken=Form({**form.values, "asked": action}))
    except (Refused, Invalid) as refusal:
        return page.go(f"/orders/{number}", refusal.detail, kind="stop")
    return page.go(f"/orders/{number}", done, kind=kind)


def _list_topic(page: Page, principal: Principal) -> str:
    if principal.customer_id is None:
        return "orders"
    with page.database.read() as session:
        number = session.scalar(select(Customer.number).where(Customer.id == principal.customer_id))
    return f"customer:{number}"


def _views(counts: Mapping[str, int], wanted: Wanted, *, is_staff: bool) -> list[tuple[str, str, int | None, bool]]:
    """The saved filters: address, words, how many, and whether it is this one."""
    names = {
        "open": N_("Open"),
        "late": N_("Late"),
        "at_risk": N_("At risk"),
        "blocked": N_("Blocked"),
        "mine": N_("Entered by me"),
        "draft": N_("Drafts"),
        "closed": N_("Closed"),
    }
    hidden = set() if is_staff else {"mine", "draft", "blocked"}
    return [
        (_address(Wanted(view, wanted.customer), None), names[view], counts.get(view), view == wanted.view)
        for view in VIEWS
        if view not in hidden
    ]


def _address(wanted: Wanted, after: str | None) -> str:
    fields = {"show": wanted.view, "customer": wanted.customer, "after": after}
    return "/orders?" + urlencode({name: value for name, value in fields.items() if value})
