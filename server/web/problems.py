"""Errors as pages: the same look, the same voice, and a way back. `server.app` asks here when a person is reading."""

import logging
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.auth.principal import Principal
from server.errors import Invalid, OrderlightError
from server.messages import N_
from server.settings.clock import utc_now
from server.web.i18n import negotiate
from server.web.page import PRIVATE, Page, make_page
from server.web.rendering import SiteView

log = logging.getLogger("server.web")

#: Which icon and signal go with a status; the rest is a fault of ours.
LOOKS = {
    400: ("circle-help", "warn"),
    401: ("lock", "info"),
    403: ("lock", "warn"),
    404: ("search", "quiet"),
    405: ("circle-help", "warn"),
    409: ("triangle-alert", "warn"),
    413: ("triangle-alert", "warn"),
    422: ("triangle-alert", "warn"),
    429: ("hourglass", "warn"),
    503: ("hourglass", "warn"),
}

#: For whoever sent a form after his session had ended: his browser still has what he wrote, and sends it again.
SENT_TOO_LATE = N_(
    "You are signed in no more, so nothing was stored. Sign in in another tab, then come back and reload this page: "
    "your browser sends again what you wrote."
)

#: The heading for whoever asks for what a private link opens, and came by none.
BY_LINK = N_("This opens by its link")


def wants_page(request: Request) -> bool:
    """Whether a person reads the answer: not the API, and a browser's Accept header."""
    path = request.url.path
    return not path.startswith(("/api/", "/live", "/metrics", "/healthz", "/readyz", "/static/")) and (
        "text/html" in request.headers.get("accept", "")
    )


def problem_page(request: Request, error: OrderlightError, principal: Principal | None = None) -> Response:
    """The error as a page; who is not signed in is led to the sign-in and back. Blocking.

    What a private link opens, no sign-in does: whoever has none is told so.
    """
    if error.status == 401 and error.reason != "no_visit" and request.method in {"GET", "HEAD"}:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(target)}", status_code=303, headers=PRIVATE)
    if error.reason == "password_change_needed":
        return RedirectResponse("/password", status_code=303, headers=PRIVATE)
    wrong = error.errors if isinstance(error, Invalid) else ()
    icon, signal = LOOKS.get(error.status, ("server-off", "stop"))
    page = _page(request, principal)
    # Whoever only asked was led to the sign-in above.
    too_late = error.status == 401 and error.reason != "no_visit"
    return page.show(
        "pages/problem.html",
        status=error.status,
        title=page.say(BY_LINK if error.reason == "no_visit" else error.title),
        detail=page.say(SENT_TOO_LATE if too_late else Invalid.default_detail) if too_late or wrong else error.detail,
        too_late=too_late,
        wrong=wrong,
        icon=icon,
        signal=signal,
        status_code=error.status,
    )


def fallback_page(status: int) -> HTMLResponse:
    """The last resort when not even the database can be asked: plain words, no templates."""
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Orderlight</title>"
        "<h1>The server cannot do this now</h1><p>Nothing you scanned is lost. Wait a moment, then load this page "
        "again.</p>",
        status_code=status,
    )


def _page(request: Request, principal: Principal | None) -> Page:
    try:
        return make_page(request, principal)
    except SQLAlchemyError:
        log.warning("The error page was drawn without the database.", exc_info=True)
        settings = request.app.state.settings
        language = negotiate(accept=request.headers.get("accept-language"))
        return Page(request, settings, request.app.state.database, principal, utc_now(), SiteView(), language)
