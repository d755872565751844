"""The outermost layer of every request: an id, safe headers, a log line, a figure, and one last resort.

Plain ASGI, for wrapping a live stream in anything else costs four to nine times as much for each frame.
"""

import logging
import re
import secrets
import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.app.problems import last_resort
from server.journal.audit import REQUEST_ID
from server.metrics import HTTP_FAULTS, HTTP_SECONDS

log = logging.getLogger("server.http")

#: No status of HTTP: what figures and log say of a request whose sender went away before it was whole.
CLIENT_GONE = 499
_SAFE_ID = re.compile(rb"[A-Za-z0-9._-]{1,40}")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: same-origin, not no-referrer: with that, browsers send `Origin: null` along with our own forms.
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cache-control", b"no-store"),
)
#: A year, in seconds; only sent where people come by https.
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class Envelope:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = (*_HEADERS, _HSTS) if https else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        token = REQUEST_ID.set(request_id)
        started = time.perf_counter()
        status = 0

        async def send_in_envelope(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_in_envelope)
        except ClientDisconnect:
            # As a gateway whose patience ended; it sends the same again. Nobody is there to be answered.
            status = status or CLIENT_GONE
        except Exception:
            # The supervisor of all requests: whatever was not foreseen ends here.
            HTTP_FAULTS.inc()
            log.exception("A request failed in an unforeseen way.", extra={"route": _route(scope)})
            if status == 0:
                await last_resort(scope, request_id)(scope, receive, send_in_envelope)
        finally:
            _tell(scope, status, time.perf_counter() - started)
            REQUEST_ID.reset(token)

    def _add_headers(self, message: Message, request_id: str) -> None:
        headers = message.setdefault("headers", [])
        present = {name.lower() for name, _ in headers}
        headers.extend(header for header in self._headers if header[0] not in present)
        headers.append((b"x-request-id", request_id.encode()))


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SAFE_ID.fullmatch(value):
            return str(value.decode("ascii"))
    return secrets.token_hex(8)


def _route(scope: Scope) -> str:
    """The pattern of the route, never the path itself: paths of private links hold a secret."""
    route = scope.get("route")
    return str(getattr(route, "path", None) or "unmatched")


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = _route(scope)
    if route == "/live":
        return
    method = scope["method"] if scope["method"] in _METHODS else "other"
    HTTP_SECONDS.labels(method, route, f"{status // 100}xx").observe(seconds)
    if status >= 400:
        level = logging.WARNING if status >= 500 else logging.INFO
        extra = {"method": scope["method"], "route": route, "status": status, "duration_s": round(seconds, 4)}
        log.log(level, "A request was not answered with success.", extra=extra)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
