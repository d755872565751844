"""The present state behind a topic as HTML, rendered once for all viewers of one language and audience."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.order_page import build_page
from server.crm.station_screen import station_screen
from server.db import Database
from server.db.topics import versions
from server.erp.orders.models import SalesOrder
from server.errors import NotFound
from server.parties.models import Customer
from server.settings.clock import utc_now
from server.web.floor_view import board_html, station_html
from server.web.i18n import Formats
from server.web.order_view import customer_context, order_context
from server.web.rendering import load_site, render

Render = Callable[[str, str, str], "Fragment | None"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """HTML and the version of the state it was read from."""

    version: int
    html: str


def renderer(database: Database) -> Render:
    """render(topic, language, audience): a Fragment, or None for a topic that nothing is shown for."""

    def render_topic(topic: str, language: str, audience: str) -> Fragment | None:
        with database.read() as session:
            # The version is read first: a change in between makes the page newer than it says, and is sent again.
            version = versions(session, topic)[topic]
            formats = Formats(language, load_site(session).zone, utc_now())
            html = _draw(session, topic, formats, (audience, version))
        return None if html is None else Fragment(version, html)

    return render_topic


def _draw(session: Session, topic: str, formats: Formats, about: tuple[str, int]) -> str | None:
    audience, version = about
    kind, _, name = topic.partition(":")
    if kind == "order":
        return _order(session, name, formats, about)
    if kind == "station":
        return _station(session, name, formats, version)
    if topic == "board" and audience in ("staff", "station"):
        return str(board_html(session, formats, version=version))
    # Lists depend on each reader's own filters: the page is told that something moved and fetches itself.
    return f'<span id="topic-{kind}" hidden></span>'


def _order(session: Session, number: str, formats: Formats, about: tuple[str, int]) -> str | None:
    audience, version = about
    row = session.execute(
        select(SalesOrder, Customer)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(SalesOrder.number == number)
    ).first()
    if row is None:
        return None
    order, customer = row
    page = build_page(session, order, customer, here=Here(formats.zone, formats.now))
    if audience == "staff":
        return render("partials/order.html", formats, order_context(page, formats, version=version))
    # Whoever is not one of us gets the customer's view, and only of his own order.
    if audience in (f"customer:{order.customer_id}", f"visit:{order.id}"):
        context = customer_context(page, formats, version=version)
        return render("partials/customer_order.html", formats, context)
    return None


def _station(session: Session, key: str, formats: Formats, version: int) -> str | None:
    try:
        screen = station_screen(session, key, here=Here(formats.zone, formats.now))
    except NotFound:
        return None
    who, zones = station_html(screen, formats, version=version, own_epoch=secrets.token_hex(8))
    return str(who + zones)
