"""A quote by its private link: a button first, then the one quote, for as long as the link lives."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.authenticate import Credentials
from server.auth.cookies import set_cookie
from server.auth.http import QuoteVisitor, get_authenticator
from server.auth.principal import Principal
from server.auth.visits import with_visit
from server.crm.private_links import VISIT_DAYS
from server.crm.quotes.links import begin_visit, link_works
from server.crm.quotes.repository import number_of
from server.errors import NotFound
from server.http.paging import Number
from server.messages import N_
from server.web.customer_pages import order_of, show_customer_order, show_customer_unit
from server.web.entry import FormDep
from server.web.page import Page, PageDep
from server.web.pages.quotes import act_on, show_quote, show_version
from server.web.quote_view import quote_path

router = APIRouter(include_in_schema=False)

ENDED = N_("This link opens nothing any more. Ask us for a new one.")
VersionAt = Annotated[int, Path(ge=1, le=100_000)]


@router.get("/quote")
@router.get("/quote/of/{visited}")
def quote(page: PageDep, visitor: QuoteVisitor) -> Response:
    """The quote of whoever came by its link, whoever else is signed in at this browser."""
    return show_quote(page, visitor, _visited(page, visitor))


@router.get("/quote/versions/{version}")
@router.get("/quote/of/{visited}/versions/{version}")
def one_version(page: PageDep, visitor: QuoteVisitor, version: VersionAt) -> Response:
    """A version that was sent before, and what differs."""
    return show_version(page, visitor, _visited(page, visitor), version)


@router.get("/quote/order")
@router.get("/quote/of/{visited}/order")
def ordered(page: PageDep, visitor: QuoteVisitor) -> Response:
    """What was ordered by the quote that the visitor's link opens."""
    return show_customer_order(page, visitor, order_of(page, visitor))


@router.get("/quote/order/units/{unit}")
@router.get("/quote/of/{visited}/order/units/{unit}")
def ordered_unit(page: PageDep, visitor: QuoteVisitor, unit: Number) -> Response:
    """One unit of what was ordered."""
    return show_customer_unit(page, visitor, order_of(page, visitor), unit)


@router.get("/quote/{token}")
def door(page: PageDep, token: str) -> Response:
    """A button and no more, for mail programs load every link they see. Raises NotFound."""
    with page.database.read() as session:
        if not link_works(session, token, now=page.now):
            raise NotFound(page.say(ENDED))
    return page.show("pages/quote_door.html")


@router.post("/quote/act/{action}")
@router.post("/quote/of/{visited}/act/{action}")
def act(page: PageDep, visitor: QuoteVisitor, action: str, form: FormDep) -> Response:
    """Write, propose, accept or decline."""
    return act_on(page, visitor, _visited(page, visitor), action=action, form=form)


@router.post("/quote/{token}")
def enter(page: PageDep, token: str) -> Response:
    """Let the browser in and lead it on, so that the token does not stay in the address."""

    def work(session: Session) -> str:
        return begin_visit(session, token, now=page.now)

    began = Credentials(quote=page.database.write(work))
    authenticator = get_authenticator(page.request)
    visitor = authenticator.authenticate(began)
    response = page.go("/quote" if visitor is None else quote_path(visitor.quote_number or ""))
    known = with_visit(page.request, page.settings, authenticator, began)
    set_cookie(response, "quote", known, page.settings, max_age=VISIT_DAYS * 86_400)
    return response


def _visited(page: Page, visitor: Principal) -> str:
    """The number of the quote the visit leads to; the page is then the visitor's. Raises NotFound."""
    if visitor.quote_id is None:
        raise NotFound
    page.principal = visitor
    with page.database.read() as session:
        number = number_of(session, visitor.quote_id)
    if number is None:
        raise NotFound
    return number
