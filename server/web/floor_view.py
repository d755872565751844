"""The floor's live parts as HTML, the same on the page and in the stream."""

from markupsafe import Markup
from sqlalchemy.orm import Session

from server.crm.board import board
from server.crm.done_today import DoneToday
from server.crm.here import Here
from server.crm.station_screen import StationScreen
from server.web.i18n import Formats
from server.web.rendering import render

#: One count for the process; it looks at each fact once.
_done_today: dict[str, DoneToday] = {}


def station_html(screen: StationScreen, formats: Formats, *, version: int, own_epoch: str) -> tuple[Markup, Markup]:
    """Who is there, for the header, and the zones below; together they are the station's fragment."""
    context = {"screen": screen, "version": version, "topic": f"station:{screen.key}", "own_epoch": own_epoch}
    html = render("partials/station.html", formats, context)
    who, mark, zones = html.partition('<div id="topic-')
    return Markup(who), Markup(mark + zones)  # noqa: S704 - made by our own template, which escapes


def board_html(session: Session, formats: Formats, *, version: int) -> Markup:
    """The whole board."""
    address = str(session.get_bind().engine.url)
    counter = _done_today.setdefault(address, DoneToday())
    found = board(session, counter, here=Here(formats.zone, formats.now))
    context = {"board": found, "version": version, "topic": "board"}
    return Markup(render("partials/board.html", formats, context))  # noqa: S704 - as above
