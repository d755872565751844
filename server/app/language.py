"""Who reads the answer: every sentence of a request is said in the language that its page would have, too."""

from functools import partial

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.messages import READER, Reader, Voice
from server.settings import Settings
from server.web.i18n import translations, whole_day
from server.web.page import language_for


class Languages:
    """Puts the reader of each request where services find him (`server.messages`). Plain ASGI, as the envelope."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = READER.set(self._reader(Request(scope)))
        try:
            await self._app(scope, receive, send)
        finally:
            READER.reset(token)

    def _reader(self, request: Request) -> Reader:
        def choose(own: str | None) -> Voice:
            language = language_for(request, self._settings, own)
            return Voice(translations(language).gettext, partial(whole_day, language=language))

        return Reader(choose)
