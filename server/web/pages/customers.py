"""Customers: the list, and one customer by tabs: overview, timeline, people and places, terms and policies, orders."""

from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.customer_page import glanced_orders, latest_orders, order_figures
from server.crm.customer_timeline import Wanted, customer_timeline
from server.crm.here import Here
from server.crm.interactions import InteractionIn, write_down
from server.db.topics import versions
from server.errors import NotFound
from server.http.paging import After, Number, Text
from server.messages import N_
from server.parties import duplicates, repository, service
from server.parties.disclosure import CREDIT, PERSONAL, View, note_view
from server.parties.matching import traits_of
from server.parties.models import Customer
from server.parties.people_schemas import present
from server.web.entry import Fault, FormDep, checked, given
from server.web.forms import Form
from server.web.once import attempt_once
from server.web.page import Page, PageDep

router = APIRouter(prefix="/customers", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]
Noter = Annotated[Principal, Depends(require(Permission.PARTY_NOTE_WRITE))]
Cursor = Annotated[str | None, Query(max_length=60)]
Tab = Literal["timeline", "people", "terms", "orders"]
#: What the overview shows of the timeline and of the orders.
_GLANCE = 6


@router.get("")
def show_customers(
    page: PageDep, _principal: Reader, text: Text = None, segment: Text = None, show: Text = None, after: After = None
) -> Response:
    """A page of customers, found by number, tax number or a part of the name; the filters stand in the address."""
    kind = show if show in ("prospect", "customer") else None
    wanted = repository.CustomerFilter(text or None, kind, segment or None, "blocked" if show == "blocked" else None)
    with page.database.read() as session:
        version = versions(session, "customers")["customers"]
        found = repository.customers(session, wanted, after=after)
        segments = repository.segments(session)
    chosen = {"text": text or "", "segment": segment or "", "show": show or ""}
    return page.show(
        "customers/list.html",
        found=found,
        chosen=chosen,
        segments=segments,
        version=version,
        views=[(_address(chosen | {"show": key}), name, key == chosen["show"]) for key, name in _VIEWS],
        next_href=_address(chosen | {"after": found.items[-1].number}) if found.more else None,
        first_href=_address(chosen),
        is_first=after is None,
        export_href=_address(chosen, "/customers/export"),
    )


_VIEWS = (("", N_("All")), ("customer", N_("Customers")), ("prospect", N_("Prospects")), ("blocked", N_("Blocked")))


@router.get("/{number}")
def show_overview(page: PageDep, _principal: Reader, number: Number) -> Response:
    """Who he is, what is going on, and what was said last."""
    with page.database.read() as session:
        customer = _found(session, number)
        if customer.merged_into_id is not None:
            return _lead_on(page, session, customer)
        shared = around(session, customer, None)
        alike = _alike(session, customer) if page.principal and page.principal.may(Permission.PARTY_MERGE) else []
        timeline = customer_timeline(session, customer, Wanted(limit=_GLANCE, sees_credit=_sees_credit(page))).items
        rows = glanced_orders(session, customer.id, here=_here(page), limit=_GLANCE)
    return page.show("customers/overview.html", **shared, timeline=timeline, rows=rows, form=Form(), alike=alike)


@router.get("/{number}/{tab}")
def show_tab(page: PageDep, principal: Reader, number: Number, tab: Tab, after: Cursor = None) -> Response:
    """One of the other tabs. Whoever sees something sensitive leaves an entry in the audit."""

    def work(session: Session) -> dict[str, Any]:
        customer = _found(session, number)
        view = View.of(principal)
        shown = [field for field in view.shown(customer) if field in _SENSITIVE[tab]]
        note_view(session, customer, shown, actor=principal.actor, now=page.now)
        return around(session, customer, tab) | {"view": view} | _more(page, session, customer, (tab, after))

    # Noting a view is writing, so only what may hold something sensitive takes a writer.
    if tab in ("people", "terms"):
        context = page.database.write(work)
    else:
        with page.database.read() as session:
            context = work(session)
    return page.show(f"customers/{tab}.html", **context, form=Form())


_SENSITIVE = {
    "timeline": (),
    "orders": (),
    "people": tuple(f"contacts.{field}" for field in PERSONAL),
    "terms": CREDIT,
}


@router.post("/{number}/notes")
def add_note(page: PageDep, principal: Noter, number: Number, form: FormDep) -> Response:
    """Write down what was said; it stands at the head of the timeline."""
    try:
        body = checked(page, form, model=InteractionIn, data=given(form, "kind", "text", "direction", "contact"))

        def work(session: Session) -> None:
            customer = _found(session, number)
            service.require_not_merged(customer)
            write_down(session, customer, body, actor=principal.actor, now=page.now)

        attempt_once(page, principal, form, work)
    except Fault as fault:
        with page.database.read() as session:
            customer = _found(session, number)
            context = around(session, customer, "timeline")
            context |= _more(page, session, customer, ("timeline", None))
        return page.show("customers/timeline.html", status=fault.status, form=fault.form, **context)
    return page.go(f"/customers/{quote(number, safe='')}/timeline", page.say(N_("It is written down.")))


def _found(session: Session, number: str) -> Customer:
    customer = repository.customer(session, number)
    if customer is None:
        raise NotFound
    return customer


def _lead_on(page: Page, session: Session, customer: Customer) -> Response:
    survivor = repository.number_of(session, customer.merged_into_id or 0)
    text = page.say(N_("%(old)s was merged into %(new)s."), old=customer.number, new=survivor)
    return page.go(f"/customers/{quote(survivor, safe='')}", text, kind="info")


def around(session: Session, customer: Customer, tab: str | None) -> dict[str, Any]:
    """What every tab shows, of whatever feature."""
    topic = f"customer:{customer.number}"
    return {
        "customer": customer,
        "base": f"/customers/{quote(customer.number, safe='')}",
        "tab": tab,
        "topic": topic,
        "version": versions(session, topic)[topic],
        "figures": order_figures(session, customer.id),
        "contacts": present(customer),
    }


def _more(page: Page, session: Session, customer: Customer, asked: tuple[str, str | None]) -> dict[str, Any]:
    tab, after = asked
    if tab == "timeline":
        timeline = customer_timeline(session, customer, Wanted(after, sees_credit=_sees_credit(page)))
        return {"timeline": timeline, "after": after}
    if tab == "people":
        return {"consents": repository.consents(session, customer.id)}
    if tab == "orders":
        return {"rows": latest_orders(session, customer.id, here=_here(page))}
    return {}


def _sees_credit(page: Page) -> bool:
    return page.principal is not None and page.principal.may(Permission.CREDIT_READ)


def _alike(session: Session, customer: Customer) -> list[duplicates.Suspect]:
    traits = traits_of(customer.name, customer.vat_number, present(customer), customer.addresses)
    return duplicates.suspects(session, traits, but=customer.id)


def _here(page: Page) -> Here:
    return Here(page.site.zone, page.now)


def _address(fields: dict[str, str], path: str = "/customers") -> str:
    kept = {name: value for name, value in fields.items() if value}
    return path + ("?" + urlencode(kept) if kept else "")
