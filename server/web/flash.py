"""One-time messages that survive a redirect, in a cookie, so that forms work without JavaScript."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.settings import Settings

#: Cookies hold about 4 kB; a message is a sentence or two.
LONGEST = 600
MOST = 4


@dataclass(frozen=True, slots=True)
class Flash:
    """A sentence for the next page, with its signal: ok, warn, stop or info."""

    kind: str
    text: str


def read_flashes(request: Request, settings: Settings) -> tuple[Flash, ...]:
    """The messages that the page before left; a mangled cookie is no message."""
    raw = request.cookies.get(settings.cookie("flash"))
    if not raw:
        return ()
    try:
        entries: Any = json.loads(base64.urlsafe_b64decode(raw))
        return tuple(Flash(_shown(kind), _shown(text)) for kind, text in entries[:MOST])
    except (binascii.Error, ValueError, TypeError, LookupError, RecursionError):
        return ()


def _shown(word: object) -> str:
    # JSON can write half a character, which no page can hold.
    return str(word).encode(errors="replace").decode()


def leave_flash(response: Response, settings: Settings, *flashes: Flash) -> None:
    """Leave messages for the page that the response leads to."""
    entries = [[flash.kind, flash.text[:LONGEST]] for flash in flashes[:MOST]]
    value = base64.urlsafe_b64encode(json.dumps(entries, ensure_ascii=False).encode()).decode()
    response.set_cookie(
        settings.cookie("flash"), value, max_age=60, httponly=True, samesite="lax", secure=settings.https, path="/"
    )


def clear_flashes(response: Response, settings: Settings) -> None:
    """Forget the messages once they were shown."""
    response.delete_cookie(settings.cookie("flash"), path="/", httponly=True, samesite="lax", secure=settings.https)
