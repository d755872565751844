"""`GET /live?t=order:SO-1000@17&t=board@3`: plain ASGI, because each layer around a stream costs with every frame."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from server.auth.authenticate import Authenticator, Credentials
from server.auth.http import candidates
from server.auth.principal import Principal
from server.errors import Forbidden, NotFound, OrderlightError, Unauthorized, Unavailable
from server.live.hub import Hub
from server.live.topics import parse_topics
from server.live.viewer import Pace, Reader, Viewer
from server.messages import translate as _
from server.settings import Settings

#: may_watch(principal, topic), called on a thread.
MayWatch = Callable[[Principal, str], bool]
#: language_of(wish, principal): one of the languages pages exist in.
LanguageOf = Callable[[str | None, Principal], str]
Refuse = Callable[[Request, OrderlightError], Awaitable[Response]]

_KINDS = {"session", "device", "visit", "quote"}
_START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ],
}


class LiveDoor:
    """The application behind /live. `as=visit` and `as=quote` watch by that cookie, whoever else is signed in."""

    def __init__(
        self,
        hub: Hub,
        settings: Settings,
        authenticator: Authenticator,
        *,
        may_watch: MayWatch,
        language_of: LanguageOf,
        refuse: Refuse,
        build: str,
        pace: Pace | None = None,
    ) -> None:
        self._hub = hub
        self._settings = settings
        self._authenticator = authenticator
        self._may_watch = may_watch
        self._language_of = language_of
        self._refuse = refuse
        self._build = build
        self._pace = pace or Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            shown, credentials, reader = await self._admit(request)
        except OrderlightError as refusal:
            response = await self._refuse(request, refusal)
            await response(scope, receive, send)
            return
        await send(_START)

        async def send_bytes(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": True})

        async def still_allowed() -> bool:
            principal = await self._hub.on_thread(lambda: self._principal(credentials, shown))
            # Whose account became another's is drawn for otherwise, and has to come anew for that.
            return principal is not None and audience_of(principal) == reader.audience

        viewer = Viewer(self._hub, reader, shown, send=send_bytes, still_allowed=still_allowed, pace=self._pace)
        listening = asyncio.create_task(_until_gone(receive, viewer))
        try:
            await viewer.run(self._build)
        finally:
            listening.cancel()
        if not viewer.gone:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _admit(self, request: Request) -> tuple[dict[str, int], Credentials, Reader]:
        if self._hub.closing or self._hub.viewers >= self._settings.live_max_viewers:
            raise Unavailable(retry_after=5, reason="no_room_for_viewers")
        shown = parse_topics(request.query_params.getlist("t"))
        kind = request.query_params.get("as")
        brought = candidates(request, self._settings, only=kind if kind in _KINDS else None)
        credentials, principal = await self._hub.on_thread(lambda: self._watcher(brought, shown))
        language = self._language_of(request.query_params.get("lang"), principal)
        return shown, credentials, Reader(language, audience_of(principal))

    def _watcher(self, brought: Sequence[Credentials], shown: dict[str, int]) -> tuple[Credentials, Principal]:
        """Who may watch all of it: of several visits the one that leads to it. Raises why nobody may."""
        refusal: OrderlightError = Unauthorized()
        for credentials in brought:
            principal = self._authenticator.authenticate(credentials)
            if principal is None:
                continue
            if principal.must_change_password:
                raise Forbidden(_("Set a new password first, then go on."), reason="password_change_needed")
            if all(self._may_watch(principal, topic) for topic in shown):
                return credentials, principal
            refusal = NotFound()
        raise refusal

    def _principal(self, credentials: Credentials, topics: dict[str, int]) -> Principal | None:
        """Who watches, if he may watch all of it."""
        principal = self._authenticator.authenticate(credentials)
        if principal is None or principal.must_change_password:
            return None
        if not all(self._may_watch(principal, topic) for topic in topics):
            return None
        return principal


def audience_of(principal: Principal) -> str:
    """Who shares a rendering: staff, one customer's people, visitors of one order or quote, station screens."""
    if principal.kind == "visit":
        quote = f":quote-{principal.quote_id}" if principal.quote_id is not None else ""
        return f"visit:{principal.order_id}{quote}"
    if principal.kind == "device":
        return "station"
    return f"customer:{principal.customer_id}" if principal.customer_id is not None else "staff"


async def _until_gone(receive: Receive, viewer: Viewer) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.leave()
