"""A page being answered: who asks, in which language, and the two answers there are, a page or a way on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import URL
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.auth.http import get_database, get_settings, optional_principal
from server.auth.principal import Principal
from server.db import Database
from server.settings import Settings
from server.settings.clock import utc_now
from server.web.flash import Flash, clear_flashes, leave_flash, read_flashes
from server.web.i18n import Formats, negotiate, translations
from server.web.navigation import home, places
from server.web.rendering import SiteView, formats_for, load_site, render

LANGUAGE_COOKIE_DAYS = 365


@dataclass(slots=True)
class Page:
    """What every page handler needs; `show` and `go` are its only answers."""

    request: Request
    settings: Settings
    database: Database
    principal: Principal | None
    now: datetime
    site: SiteView
    language: str

    @property
    def formats(self) -> Formats:
        """How this reader's language and this site's zone write."""
        return formats_for(self.site, language=self.language, now=self.now)

    def say(self, message: str, **values: object) -> str:
        """A message in the reader's language."""
        text = translations(self.language).gettext(message)
        return text % values if values else text

    def show(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """The page; flash messages are shown once and then forgotten."""
        flashes = read_flashes(self.request, self.settings)
        html = self.draw(template, flashes=flashes, **context)
        response = HTMLResponse(html, status_code=status, headers=PRIVATE)
        if flashes:
            clear_flashes(response, self.settings)
        if "lang" in self.request.query_params:
            self._keep_language(response)
        return response

    def draw(self, template: str, **context: Any) -> str:
        """The text of a template for this reader."""
        return render(template, self.formats, {**self._frame(), **context})

    def go(self, address: str, message: str | None = None, *, kind: str = "ok") -> RedirectResponse:
        """On to another page with 303, so that reloading it never repeats the form (RFC 9110, 15.4.4)."""
        response = RedirectResponse(address, status_code=303, headers=PRIVATE)
        if message:
            leave_flash(response, self.settings, Flash(kind, message))
        return response

    def _frame(self) -> Mapping[str, Any]:
        return {
            "page": self,
            "site": self.site,
            "me": self.principal,
            "path": self.request.url.path,
            "places": places(self.principal),
            "home": home(self.principal),
            "insecure": not self.settings.https and not _is_local(self.request.url),
        }

    def _keep_language(self, response: Response) -> None:
        response.set_cookie(
            self.settings.cookie("lang"),
            self.language,
            max_age=LANGUAGE_COOKIE_DAYS * 86400,
            samesite="lax",
            secure=self.settings.https,
            path="/",
        )


#: A page belongs to one person and one moment.
PRIVATE = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}


def make_page(request: Request, principal: Principal | None) -> Page:
    """The page for this request; blocking, for it reads the site's row."""
    settings, database = get_settings(request), get_database(request)
    with database.read() as session:
        site = load_site(session)
    language = language_for(request, settings, principal.own_language if principal else None)
    return Page(request, settings, database, principal, utc_now(), site, language)


def language_for(request: Request, settings: Settings, own: str | None) -> str:
    """The language of an answer: the address or a cookie chose it, or it is the person's `own`, or the browser asks."""
    return negotiate(
        request.query_params.get("lang"),
        request.cookies.get(settings.cookie("lang")),
        own,
        accept=request.headers.get("accept-language"),
    )


def open_page(request: Request, principal: Annotated[Principal | None, Depends(optional_principal)]) -> Page:
    """The dependency of every page handler; it lets strangers in, `require(...)` beside it does not."""
    return make_page(request, principal)


PageDep = Annotated[Page, Depends(open_page)]


def safe_target(target: str | None, otherwise: str) -> str:
    """Where `?next=` may lead: to a path of this server, never to another host."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return otherwise
    if not target.isprintable() or "\\" in target:
        # Browsers drop tabs and line ends, so that "/<tab>/elsewhere" is another host to them.
        return otherwise
    try:
        parts = urlsplit(target)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc else target


def _is_local(url: URL) -> bool:
    return url.scheme == "https" or url.hostname in {"127.0.0.1", "localhost", "::1", "testserver"}
