"""An order and a unit for the customer, the same by his login and by a private link."""

from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.principal import Principal
from server.crm.cases import repository as cases
from server.crm.cases.access import may_speak, visible_cases
from server.crm.customer_unit import CustomerUnit, customer_unit
from server.crm.here import Here
from server.crm.links import visited_order
from server.crm.order_page import order_page
from server.db.topics import versions
from server.erp.changes.rules import may_be_changed
from server.errors import NotFound
from server.tracking.states import UnitState
from server.web.case_view import order_cases
from server.web.money_view import customer_account
from server.web.order_view import customer_context, milestone_rows, story_words, unit_words
from server.web.page import Page
from server.web.quote_view import quote_path
from server.web.sentences import Say

_LAMPS = {
    UnitState.SHIPPED: ("ok", "truck"),
    UnitState.DELIVERED: ("ok", "package-check"),
    UnitState.SCRAPPED: ("stop", "x"),
}


def track_path(order: str) -> str:
    """Where the order of a visit stands; a browser may follow several."""
    return f"/track/of/{quote(order, safe='')}"


def ordered_path(number: str) -> str:
    """Where the order stands that was placed by the quote of a visit."""
    return f"{quote_path(number)}/order"


class Way(NamedTuple):
    """How the reader came, so that links lead him on and never out."""

    #: The page of the order.
    order: str
    #: Below this address his cases stand; there he writes a new one.
    cases: str
    new_case: str
    #: The cookie that the live stream counts; None for whoever is signed in.
    live_as: str | None = None


def way_of(principal: Principal, number: str) -> Way:
    """The reader's way to his order; each private link has its own, however many are open in his browser."""
    if principal.kind != "visit":
        name = quote(number, safe="")
        return Way(f"/orders/{name}", "/cases", f"/cases/new?order={name}")
    by_quote = principal.quote_id is not None
    path = ordered_path(principal.quote_number or "") if by_quote else track_path(number)
    return Way(path, f"{path}/cases", f"{path}/cases/new", "quote" if by_quote else "visit")


def order_of(page: Page, visitor: Principal) -> str:
    """The number of the order that the visit opens; raises NotFound."""
    if visitor.order_id is None:
        raise NotFound
    with page.database.read() as session:
        return visited_order(session, visitor.order_id)


def show_customer_order(page: Page, principal: Principal, number: str) -> Response:
    """The order as its customer may know it; raises NotFound."""
    topic, way = f"order:{number}", way_of(principal, number)
    with page.database.read() as session:
        shown = versions(session, topic)[topic]
        found = order_page(session, principal, number, here=Here(page.site.zone, page.now))
        account = customer_account(session, principal, now=page.now)
        known = order_cases(session, principal, number)
    page.principal = principal
    context = customer_context(found, page.formats, version=shown, where=way.order) | known
    context |= {"cases_href": way.cases, "new_case_href": way.new_case}
    is_login = principal.kind == "user"
    return page.show(
        "pages/customer_order.html",
        by_link=not is_login,
        live_as=way.live_as,
        account=account,
        may_change=may_be_changed(found.lifecycle, found.fulfilment),
        has_confirmation=is_login and found.confirmed_at is not None and context["order"].promise is not None,
        **context,
    )


def show_customer_unit(page: Page, principal: Principal, order: str, number: str) -> Response:
    """The unit of this order as its customer may know it; raises NotFound."""
    topic, way = f"order:{order}", way_of(principal, order)
    with page.database.read() as session:
        version = versions(session, topic)[topic]
        unit = customer_unit(session, principal, number)
        known = _unit_cases(session, principal, number)
    if unit.order != order:
        raise NotFound
    page.principal = principal
    say = Say(page.language)
    return page.show(
        "pages/customer_unit.html",
        unit=unit,
        topic=topic,
        version=version,
        live_as=way.live_as,
        order_href=way.order,
        words=unit_words(unit.row, say, for_customer=True),
        lamp=_lamp(unit),
        steps=milestone_rows(unit.milestones, say),
        story=[(line.at, story_words(line, say), page.site.zone) for line in unit.story],
        unit_cases=known,
        may_report=may_speak(principal),
        cases_href=way.cases,
        new_case_href=f"{way.new_case}{'&' if '?' in way.new_case else '?'}{urlencode({'unit': number})}",
    )


def _lamp(unit: CustomerUnit) -> tuple[str, str]:
    if unit.row.held:
        return "warn", "pause"
    return _LAMPS.get(UnitState(unit.row.state), ("lamp", "package"))


def _unit_cases(session: Session, principal: Principal, number: str) -> Any:
    wanted = cases.CaseFilter(unit=number)
    return cases.newest(session, wanted, visible=visible_cases(principal), limit=10).items
