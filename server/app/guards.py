"""Two guards before any route: forms of other sites are refused, and so are bodies nobody could want."""

import asyncio
import re
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.app.problems import answer_error
from server.catalog.picture_bytes import MAX_BYTES as MAX_PICTURE_BYTES
from server.errors import Forbidden, OrderlightError, TooLarge, UnsupportedMedia
from server.messages import translate as _
from server.settings import Settings

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
#: A body that does not come for so long never will; the connection is wanted by others.
BODY_SECONDS = 30.0
#: A body that drips in byte by byte is given up, too; an import over a slow line needs no longer.
WHOLE_BODY_SECONDS = 120.0
_IMPORTS = ("/api/v1/imports", "/admin/import", "/import")
#: The doors that take a picture, alone or within a form, and what the form around it may add.
_PICTURES = re.compile(r"/api/v1/packaging-pictures|/changes/new|/setup/products/[^/]+/packaging/[^/]+")
_AROUND_A_PICTURE = 65_536


class CrossSiteGuard:
    """Refuses what another site's page sends in a visitor's name (CSRF).

    Sec-Fetch-Site decides where the browser sends it; on plain http it sends only Origin. A call with a key in
    Authorization is exempt, for no browser adds that by itself.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._public_url = settings.public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            refusal = self._refusal(Headers(scope=scope), scope)
            if refusal is not None:
                response = await answer_error(Request(scope, receive), refusal)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, headers: Headers, scope: Scope) -> OrderlightError | None:
        if "authorization" in headers:
            return None
        site = headers.get("sec-fetch-site")
        if site is not None:
            if site in {"same-origin", "none"}:
                return None
            return Forbidden(_("This came from another site. Open the page here and repeat it."), reason="cross_site")
        origin = headers.get("origin")
        expected = self._public_url or f"{scope.get('scheme', 'http')}://{headers.get('host', '')}"
        if origin is not None and _origin(origin) == _origin(expected):
            return None
        message = _("This came from {origin}, but forms are taken from {expected} alone. Open the page there.")
        return Forbidden(
            message.format(origin=ascii(origin)[1:-1][:80] if origin else _("an unnamed place"), expected=expected),
            reason="cross_site",
        )


def _origin(address: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(address)
        default = {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, parts.hostname, parts.port or default
    except ValueError:
        return None


class BodyGuard:
    """Refuses a body that is too large before it is read whole, that is compressed, or that never comes."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._limit = settings.max_body_bytes
        self._import_limit = settings.max_import_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        refusal = _refuse_body(Headers(scope=scope), limit)
        if refusal is not None:
            response = await answer_error(Request(scope, receive), refusal)
            await response(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)

    def _limit_of(self, path: str) -> int:
        if path.startswith(_IMPORTS):
            return self._import_limit
        return max(self._limit, MAX_PICTURE_BYTES + _AROUND_A_PICTURE) if _PICTURES.fullmatch(path) else self._limit


def _refuse_body(headers: Headers, limit: int) -> OrderlightError | None:
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        message = _("The body is compressed; this server takes it plain.")
        return UnsupportedMedia(message, reason="content_encoding")
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        return TooLarge(_too_large(limit), extra={"max_bytes": limit})
    return None


def _counted(receive: Receive, limit: int) -> Receive:
    seen, finished = 0, False
    deadline = time.monotonic() + WHOLE_BODY_SECONDS

    async def receive_counted() -> Message:
        nonlocal seen, finished
        if finished:
            return await receive()
        try:
            async with asyncio.timeout(min(BODY_SECONDS, deadline - time.monotonic())):
                message = await receive()
        except TimeoutError as slow:
            raise HTTPException(408, _("The body did not come in time.")) from slow
        seen += len(message.get("body", b""))
        finished = not message.get("more_body", False)
        if seen > limit:
            # The framework passes its own exception on as it is, and any other as a broken body.
            raise HTTPException(413, _too_large(limit))
        return message

    return receive_counted


def _too_large(limit: int) -> str:
    return _("The request is larger than the {limit} bytes this server takes. Send less at once.").format(limit=limit)
