"""The customer's side: his private link, his order, and what the code on a product says."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from server.auth.cookies import set_cookie
from server.auth.http import VisitPrincipal, find_principal
from server.auth.principal import Principal
from server.crm.here import Here
from server.crm.links import VISIT_DAYS, begin_visit, link_works, visited_order
from server.crm.order_page import order_page
from server.crm.public import owned_unit, product_code
from server.db.topics import versions
from server.errors import NotFound
from server.http.paging import Number
from server.messages import N_
from server.web.case_view import order_cases
from server.web.money_view import customer_account
from server.web.order_view import customer_context
from server.web.page import Page, PageDep

router = APIRouter(include_in_schema=False)

ENDED = N_("This link opens nothing any more. Ask us for a new one.")


@router.get("/track")
def track(page: PageDep, visitor: VisitPrincipal) -> Response:
    """The order of whoever came by a private link."""
    if visitor.order_id is None:
        if visitor.quote_id is not None:
            return page.go("/quote")
        raise NotFound
    with page.database.read() as session:
        number = visited_order(session, visitor.order_id)
        version = versions(session, f"order:{number}")[f"order:{number}"]
        found = order_page(session, visitor, number, here=Here(page.site.zone, page.now))
        account = customer_account(session, visitor, now=page.now)
        cases = order_cases(session, visitor, number)
    page.principal = visitor
    context = customer_context(found, page.formats, version=version) | cases
    return page.show("pages/customer_order.html", by_link=True, account=account, **context)


@router.get("/track/{token}")
def door(page: PageDep, token: str) -> Response:
    """A button and no more, for mail programs load every link they see. Raises NotFound."""
    with page.database.read() as session:
        if not link_works(session, token, now=page.now):
            raise NotFound(page.say(ENDED))
    return page.show("pages/track_door.html")


@router.post("/track/{token}")
def enter(page: PageDep, token: str) -> Response:
    """Let the browser in and lead it on, so that the token does not stay in the address."""
    visit = page.database.write(lambda session: begin_visit(session, token, now=page.now))
    response = page.go("/track")
    set_cookie(response, "visit", visit, page.settings, max_age=VISIT_DAYS * 86_400)
    return response


@router.get("/01/{gtin}/21/{serial:path}")
async def scanned(page: PageDep, gtin: Number, serial: Number) -> Response:
    """The code on a product (GS1 Digital Link): it leads its owner to his order, a stranger to a public page."""
    callers = [page.principal, await find_principal(page.request, only="visit")]
    known = [caller for caller in callers if caller is not None]
    return await run_in_threadpool(_lead, page, known, gtin=gtin, serial=serial)


def _lead(page: Page, callers: list[Principal], *, gtin: str, serial: str) -> Response:
    with page.database.read() as session:
        found = product_code(session, gtin, serial)
        for caller in callers:
            owned = owned_unit(session, caller, gtin, serial)
            if owned is not None:
                return page.go(_home_of(caller, *owned))
    return page.show("pages/product_code.html", found=found)


def _home_of(caller: Principal, order: str, unit: str) -> str:
    if caller.kind == "visit":
        return "/track"
    return f"/orders/{order}/units/{unit}" if caller.is_staff else f"/orders/{order}"
