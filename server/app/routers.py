"""Every router of the server."""

from functools import cache

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from server.admin import devices, gateways, keys, session, users
from server.app import docs, health
from server.catalog import http as catalog
from server.catalog import revisions_http as revisions
from server.connectors import feed
from server.crm import customers_http as crm_customers
from server.crm import http as crm
from server.crm import search_http as search
from server.crm import station_list_http as station_list
from server.crm.cases import http as cases
from server.crm.quotes import http as quotes
from server.crm.quotes import talk_http as talk
from server.erp import customers_http as customers
from server.erp import imports_http as imports
from server.erp.billing import http as billing
from server.erp.billing import rates_http as rates
from server.erp.changes import http as changes
from server.erp.floor import http as floor
from server.erp.logistics import http as logistics
from server.erp.orders import http as orders
from server.erp.passages import http as passages
from server.erp.production import acts_http as acts
from server.erp.production import http as production
from server.erp.products import http as products
from server.erp.products import packaging_http as packaging
from server.erp.products import pictures_http as pictures
from server.erp.reasons import http as reasons
from server.erp.reels import http as reels
from server.erp.reservations import http as reservations
from server.erp.stock import http as stock
from server.erp.stock import lots_http as lots
from server.ingest import http as ingest
from server.ingest import inbox_http as inbox
from server.labels import http as labels
from server.labels.queue import http as printing
from server.parties import http as parties
from server.parties import people_http as people
from server.web.http import PAGES

#: A request looks for its route from the top, so the door that is knocked at most often comes first.
ROUTERS = (
    ingest.router,
    inbox.router,
    health.router,
    docs.router,
    session.router,
    users.router,
    keys.router,
    devices.router,
    gateways.router,
    feed.router,
    catalog.router,
    revisions.router,
    products.router,
    packaging.router,
    pictures.router,
    parties.router,
    people.router,
    customers.router,
    floor.router,
    passages.router,
    reasons.router,
    orders.router,
    production.router,
    acts.router,
    logistics.router,
    changes.router,
    billing.router,
    rates.router,
    reservations.router,
    reels.router,
    stock.router,
    lots.router,
    imports.router,
    labels.router,
    printing.router,
    search.router,
    crm.router,
    crm_customers.router,
    station_list.router,
    quotes.router,
    talk.router,
    cases.router,
    *PAGES,
)


class Area(APIRouter):
    """The routes of a router, looked through only where the path begins as one of theirs does.

    FastAPI tries every pattern of every router, and those of the one that fits again: up to 2 ms for a page.
    """

    def __init__(self, router: APIRouter) -> None:
        super().__init__()
        self.include_router(router)
        paths = {route.path for route in router.routes if isinstance(route, Route)}
        self._whole = frozenset(path for path in paths if "{" not in path)
        self._heads = tuple({path.partition("{")[0] for path in paths if "{" in path})

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a route of it is asked for."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in self._whole or path.startswith(self._heads):
            return super().matches(scope)
        return Match.NONE, {}


@cache
def routing_table() -> tuple[BaseRoute, ...]:
    """The routes of all routers, made once a process.

    FastAPI works out what a route needs when a request first passes it, a quarter of a second for all of them; the
    routes know nothing of one application, so those that follow find the work done.
    """
    table = APIRouter()
    for router in ROUTERS:
        table.include_router(Area(router))
    return tuple(table.routes)
