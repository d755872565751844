"""The customer's side: his private link, his order and its units, and what the code on a product says."""

from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from server.auth.authenticate import Credentials
from server.auth.cookies import set_cookie
from server.auth.http import VisitPrincipal, find_principals, get_authenticator
from server.auth.principal import Principal
from server.auth.visits import with_visit
from server.crm.links import begin_visit, link_works
from server.crm.private_links import VISIT_DAYS
from server.crm.public import checked_code, owned_unit
from server.errors import NotFound
from server.http.paging import Number
from server.messages import N_
from server.web.customer_pages import (
    order_of,
    ordered_path,
    show_customer_order,
    show_customer_unit,
    track_path,
    way_of,
)
from server.web.page import PRIVATE, Page, PageDep
from server.web.quote_view import quote_path

router = APIRouter(include_in_schema=False)

ENDED = N_("This link opens nothing any more. Ask us for a new one.")


@router.get("/track")
@router.get("/track/of/{visited}")
def track(page: PageDep, visitor: VisitPrincipal) -> Response:
    """The order of whoever came by its private link; who came by that of a quote is led on."""
    if visitor.quote_id is not None:
        number = visitor.quote_number or ""
        return page.go(quote_path(number) if visitor.order_id is None else ordered_path(number))
    return show_customer_order(page, visitor, order_of(page, visitor))


@router.get("/track/units/{unit}")
@router.get("/track/of/{visited}/units/{unit}")
def track_unit(page: PageDep, visitor: VisitPrincipal, unit: Number) -> Response:
    """One unit of that order."""
    return show_customer_unit(page, visitor, order_of(page, visitor), unit)


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
    began = Credentials(visit=page.database.write(lambda session: begin_visit(session, token, now=page.now)))
    authenticator = get_authenticator(page.request)
    visitor = authenticator.authenticate(began)
    response = page.go("/track" if visitor is None else track_path(visitor.order_number or ""))
    known = with_visit(page.request, page.settings, authenticator, began)
    set_cookie(response, "visit", known, page.settings, max_age=VISIT_DAYS * 86_400)
    return response


@router.get("/01/{gtin}/21/{serial:path}")
async def scanned(page: PageDep, gtin: Number, serial: Number) -> Response:
    """The code on a product (GS1 Digital Link): it leads its owner to his unit, a stranger to the maker's page."""
    known = await find_principals(page.request)
    return await run_in_threadpool(_lead, page, known, gtin=gtin, serial=serial)


def _lead(page: Page, callers: list[Principal], *, gtin: str, serial: str) -> Response:
    """What a stranger gets hangs on nothing that was asked for: not on the product, the serial or who he is."""
    value = checked_code(gtin, serial)
    with page.database.read() as session:
        owned = [(caller, owned_unit(session, caller, value)) for caller in callers]
    for caller, found in owned:
        if found is not None:
            order, unit = found
            return page.go(f"{way_of(caller, order).order}/units/{unit}")
    if "sign-in" in page.request.query_params:
        return RedirectResponse(f"/login?next={quote(page.request.url.path)}", status_code=303, headers=PRIVATE)
    return page.show("pages/maker.html")
