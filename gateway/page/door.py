"""Who may see the page, and what each address answers. Pure but for the files beside it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from gettext import gettext as _
from importlib.resources import files
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs

from gateway.config import LocalPageConfig
from gateway.page import codes, views
from gateway.page.frame import frame
from gateway.page.markup import Markup
from gateway.page.recent import Recent
from gateway.page.sight import Sight
from gateway.protocols.tokens import shows

#: A code has at most some thousand characters, and each may be written as three.
MAX_BODY: Final = 16_384
_HTML: Final = "text/html; charset=utf-8"
_FILES: Final = {
    "/page.css": "text/css; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8",
    "/lamp.svg": "image/svg+xml",
}
_CSP: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = (
    ("Content-Security-Policy", _CSP),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What matters of one."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered."""

    body: bytes
    status: int = 200
    type: str = _HTML
    headers: tuple[tuple[str, str], ...] = ()


class PageDoor:
    """Answers requests for one configuration; `own_names` are this machine's."""

    def __init__(self, config: LocalPageConfig, sight: Sight, recent: Recent, own_names: tuple[str, ...]) -> None:
        self._config, self._sight, self._recent = config, sight, recent
        self._names = {"localhost", *own_names, *config.names}
        self._pages: Mapping[str, Callable[[Request], Response]] = {
            "/": self._gateway,
            "/codes": self._codes,
            "/status.json": self._status,
        }

    def refuse(self, request: Request) -> Response | None:
        """Why this request is answered no further, before its body is read; None where it may come."""
        if not self._is_called_rightly(request.headers.get("host", "")):
            sentence = _("This gateway is not called so. Open it by its address, or add the name to local_page.names.")
            return _plain(421, sentence)
        if self._config.token and not shows(request.headers.get("authorization", ""), self._config.token):
            sentence = _("The token is missing or wrong: it is the password, the user name is of no matter.")
            return _plain(401, sentence, ("WWW-Authenticate", 'Basic realm="orderlight-gateway", charset="UTF-8"'))
        if request.path not in self._pages and request.path not in _FILES:
            return _plain(404, _("There is no such page on this gateway."))
        allowed = ("GET", "HEAD", "POST") if request.path == "/codes" else ("GET", "HEAD")
        if request.method not in allowed:
            return _plain(405, _("This page can only be looked at."), ("Allow", ", ".join(allowed)))
        return None

    def answer(self, request: Request, body: bytes) -> Response:
        """The page, to a request that was not refused."""
        if request.path in _FILES:
            return Response(_file(request.path), type=_FILES[request.path])
        if request.method == "POST":
            return self._identified(request, body)
        return self._pages[request.path](request)

    def _is_called_rightly(self, host: str) -> bool:
        """A page of a stranger can give us a name of his own (DNS rebinding), but neither our names nor an address."""
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        try:
            return bool(ip_address(name.removeprefix("[").removesuffix("]")))
        except ValueError:
            return name.lower().rstrip(".") in self._names

    # -- the pages

    def _gateway(self, request: Request) -> Response:
        part = views.gateway_part(self._sight, self._recent)
        return self._page(request, "/", _("Readers"), live=part)

    def _codes(self, request: Request) -> Response:
        part = codes.reads_part(self._sight, self._recent)
        return self._page(request, "/codes", _("Scanner test"), still=codes.form(), live=part)

    def _identified(self, request: Request, body: bytes) -> Response:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
        found = codes.result(fields.get("code", [""])[0])
        if _is_part(request):
            return _html(found)
        part = codes.reads_part(self._sight, self._recent)
        return self._page(request, "/codes", _("Scanner test"), still=codes.form(), results=found, live=part)

    def _page(self, request: Request, path: str, title: str, *, live: Markup, **parts: Markup) -> Response:
        if _is_part(request):
            return _html(live)
        name = str(self._sight.status()["gateway"])
        return _html(frame(name, path, title, live=live, **parts))

    def _status(self, _request: Request) -> Response:
        body = json.dumps(self._sight.status(), default=str).encode()
        return Response(body, type="application/json")


def _is_part(request: Request) -> bool:
    return request.query == "part"


def _html(text: Markup) -> Response:
    return Response(text.encode("utf-8", "replace"))


def _plain(status: int, sentence: str, *headers: tuple[str, str]) -> Response:
    return Response(f"{sentence}\n".encode(), status, "text/plain; charset=utf-8", headers)


@cache
def _file(path: str) -> bytes:
    return files("gateway.page").joinpath("static", path.removeprefix("/")).read_bytes()
