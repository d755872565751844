"""A customer's one place, and the papers of his orders."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import select
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.access import sees_prices, visible_orders
from server.crm.customer_home import customer_home, has_left
from server.crm.here import Here
from server.db.topics import versions
from server.erp.billing.addresses import buyer_address
from server.erp.orders import estimates, repository
from server.erp.orders.access import hides_the_promise
from server.erp.orders.configured import options_in_words
from server.erp.orders.pricing import totals
from server.errors import Forbidden, NotFound
from server.http.paging import Number
from server.labels import sheets
from server.parties.models import Customer
from server.parties.repository import customer as find_customer
from server.parties.repository import site
from server.web.home_view import home_context
from server.web.money_view import customer_account
from server.web.navigation import home
from server.web.page import PageDep

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]


@router.get("/home")
def show_home(page: PageDep, principal: Reader) -> Response:
    """The customer's home; whoever is none is led to where his own work begins."""
    if principal.kind != "user" or principal.customer_id is None:
        return page.go(home(principal))
    here = Here(page.site.zone, page.now)
    estimates.refresh(page.database, now=page.now)
    with page.database.read() as session:
        number, company = session.execute(
            select(Customer.number, Customer.name).where(Customer.id == principal.customer_id)
        ).one()
        topic = f"customer:{number}"
        version = versions(session, topic)[topic]
        found = customer_home(session, principal, here=here)
        account = customer_account(session, principal, now=page.now)
    context = home_context(found, account, page.formats)
    return page.show("pages/home.html", company=company, topic=topic, version=version, **context)


@router.get("/orders/{number}/confirmation")
def show_confirmation(page: PageDep, principal: Reader, number: Number) -> Response:
    """The confirmation of an order as a sheet to print; it has prices, so it is for those who see them."""
    if principal.kind == "visit":
        return page.go("/track")
    if not sees_prices(principal):
        raise Forbidden
    with page.database.read() as session:
        order = repository.order(session, number, visible=visible_orders(principal))
        if order is None or order.confirmed_at is None or hides_the_promise(order.lifecycle):
            raise NotFound
        ours, customer = site(session), find_customer(session, order.customer.number)
        buyer = order.customer.name if customer is None else buyer_address(customer)
    chosen = [options_in_words(line.configuration or {}, line.configuration_summary) for line in order.lines]
    worth = totals(order.lines, order.currency)
    return page.show("print/confirmation.html", order=order, chosen=chosen, worth=worth, ours=ours, buyer=buyer)


@router.get("/orders/{number}/shipments/{shipment}/note")
def show_note(page: PageDep, principal: Reader, number: Number, shipment: Number) -> Response:
    """The delivery note of what has left, for whoever may see the order."""
    if principal.kind == "visit":
        return page.go("/track")
    with page.database.read() as session:
        if not has_left(session, shipment, number, visible=visible_orders(principal)):
            raise NotFound
        note = sheets.make_delivery_note(session, shipment)
    return page.show("print/delivery_note.html", note=note)
