"""What answers the page's requests; loaded only where there is a page."""

import socket
from collections.abc import Callable
from typing import Final

from gateway.config import LocalPageConfig
from gateway.page.door import HEADERS, MAX_BODY, PageDoor, Request, Response
from gateway.page.recent import Recent
from gateway.page.sight import Sight
from gateway.sources.listener import Limits, Listener, RequestHandler, tls_of

LIMITS: Final = Limits(connections=12, request_seconds=15.0)


def open_listener(config: LocalPageConfig, sight: Sight, recent: Recent, count: Callable[[str], None]) -> Listener:
    """Listen as the configuration says; OSError where the port cannot be had."""
    handler = type("Handler", (_Handler,), {"door": PageDoor(config, sight, recent, _own_names())})
    context = tls_of(config.cert_file, config.cert_key_file)
    return Listener((config.host, config.port), handler, LIMITS, count=count, context=context)


def _own_names() -> tuple[str, ...]:
    name = socket.gethostname().lower()
    return name, f"{name.partition('.')[0]}.local"


class _Handler(RequestHandler):
    door: PageDoor

    def do_GET(self) -> None:
        """Judge the head, read a body if there is one, answer, and hang up: places are few."""
        self.close_connection = True
        path, _question, query = self.path.partition("?")
        request = Request(self.command, path, query, {name.lower(): value for name, value in self.headers.items()})
        response = self.door.refuse(request)
        if response is None:
            body = self._body() if self.command == "POST" else b""
            response = Response(b"", 413) if body is None else self.door.answer(request, body)
        self._send(response)

    def do_HEAD(self) -> None:
        """The same without a body."""
        self.do_GET()

    def do_POST(self) -> None:
        """The same; a body belongs to it."""
        self.do_GET()

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or len(length) > 6 or int(length) > MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        own = (("Content-Type", response.type), ("Content-Length", str(len(response.body))), ("Connection", "close"))
        for name, value in (*own, *HEADERS, *response.headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
