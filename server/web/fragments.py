"""The present state behind a topic as HTML, rendered once for all viewers of one language and audience."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.order_page import live_page, order_head
from server.crm.quotes import repository as quotes
from server.crm.station_screen import station_screen
from server.db import Database
from server.db.prepared import Prepared
from server.db.topics import TopicVersion
from server.erp.orders.recent import RecentEstimates
from server.errors import NotFound
from server.parties.models import Site
from server.settings.clock import utc_now
from server.web import quote_view
from server.web.customer_pages import ordered_path, track_path
from server.web.floor_view import board_html, station_html
from server.web.i18n import Formats
from server.web.order_view import customer_context, order_context
from server.web.rendering import render

Render = Callable[[str, str, str], "Fragment | None"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """HTML and the version of the state it was read from."""

    version: int
    html: str


def renderer(database: Database) -> Render:
    """render(topic, language, audience): a Fragment, or None for a topic that nothing is shown for."""
    recent = RecentEstimates()

    def render_topic(topic: str, language: str, audience: str) -> Fragment | None:
        with database.read() as session:
            # The version is read first: a change in between makes the page newer than it says, and is sent again.
            about = _ABOUT.first(session, topic=topic) or _About(0, None)
            formats = Formats(language, about.zone, utc_now())
            html = _draw(session, topic, formats, _For(audience, about.version or 0, recent))
        return None if html is None else Fragment(about.version or 0, html)

    return render_topic


class _About(NamedTuple):
    """The version of a topic, and the zone of the site."""

    version: int | None
    time_zone: str | None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone or "UTC")


class _For(NamedTuple):
    """Whom a fragment is for, the version that it shows, and the estimates that are known."""

    audience: str
    version: int
    recent: RecentEstimates


_ABOUT = Prepared(
    _About,
    select(
        select(TopicVersion.version).where(TopicVersion.topic == bindparam("topic")).scalar_subquery(),
        select(Site.time_zone).limit(1).scalar_subquery(),
    ),
)


def _draw(session: Session, topic: str, formats: Formats, wanted: _For) -> str | None:
    kind, _, name = topic.partition(":")
    if kind == "order":
        return _order(session, name, formats, wanted)
    if kind == "quote":
        return _quote(session, name, formats, wanted)
    if kind == "station":
        return _station(session, name, formats, wanted.version)
    if topic == "board" and wanted.audience in ("staff", "station"):
        return str(board_html(session, formats, version=wanted.version))
    # Lists depend on each reader's own filters: the page is told that something moved and fetches itself.
    return f'<span id="topic-{kind}" hidden></span>'


def _order(session: Session, number: str, formats: Formats, wanted: _For) -> str | None:
    order = order_head(session, number)
    if order is None:
        return None
    # Whoever is not one of us gets the customer's view, and only of his own order.
    outside = wanted.audience.partition(":quote-")[0]
    for_customer = outside in (f"customer:{order.customer_id}", f"visit:{order.id}")
    if not for_customer and wanted.audience != "staff":
        return None
    here = Here(formats.zone, formats.now)
    page = live_page(session, order, wanted.recent, here=here, for_customer=for_customer)
    if for_customer:
        by_quote = ordered_path(page.quote_number or "") if ":quote-" in wanted.audience else None
        where = by_quote or track_path(order.number) if outside.startswith("visit:") else f"/orders/{order.number}"
        context = customer_context(page, formats, version=wanted.version, where=where)
        return render("partials/customer_order.html", formats, context)
    return render("partials/order.html", formats, order_context(page, formats, version=wanted.version))


def _quote(session: Session, number: str, formats: Formats, wanted: _For) -> str | None:
    audience, version = wanted.audience, wanted.version
    quote = quotes.quote(session, number)
    if quote is None:
        return None
    if audience == "staff":
        context = quote_view.staff_context(session, quote, formats, version=version)
        return render("partials/quote.html", formats, context | quote_view.bases(number, by_link=False))
    whose = audience == f"customer:{quote.customer_id}" or audience.endswith(f":quote-{quote.id}")
    if not whose or quote.sent_version is None:
        return None
    context = quote_view.customer_context(session, quote, formats, version=version)
    by_link = audience.startswith("visit:")
    return render("partials/customer_quote.html", formats, context | quote_view.bases(number, by_link=by_link))


def _station(session: Session, key: str, formats: Formats, version: int) -> str | None:
    try:
        screen = station_screen(session, key, here=Here(formats.zone, formats.now))
    except NotFound:
        return None
    who, zones = station_html(screen, formats, version=version, own_epoch=secrets.token_hex(8))
    return str(who + zones)
