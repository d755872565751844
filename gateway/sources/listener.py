"""An HTTP server for few and simple requests: a thread for each connection, few at a time, none of them for ever."""

import contextlib
import logging
import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, SHUT_RDWR, socket
from socketserver import TCPServer
from typing import Any, Final

log = logging.getLogger(__name__)

#: A connection that says nothing for so long is closed.
SILENCE_SECONDS: Final = 10.0
#: How long the next one waits for a place: whoever has read his answer to the end still holds his for a moment.
_PLACE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server bears: connections at a time, and the seconds a request may take in all.

    They count from the answer before, or from the connection: one that is kept open may serve for ever.
    """

    connections: int
    request_seconds: float


class Listener(ThreadingHTTPServer):
    """Threads that end with the process. `count` is told what became of connections that were not served."""

    daemon_threads = True
    block_on_close = False
    timeout = 0

    def __init__(
        self,
        address: tuple[str, int],
        handler: type["RequestHandler"],
        limits: Limits,
        *,
        count: Callable[[str], None],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._limits, self._count, self._context = limits, count, context
        self._places = threading.BoundedSemaphore(limits.connections)
        self._began: dict[socket, float] = {}
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        super().__init__(address, handler)

    @property
    def is_busy(self) -> bool:
        """Whether anybody is connected, so that sweep() is due soon."""
        return bool(self._began)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for this connection, where there is a place."""
        if not self._places.acquire(timeout=_PLACE_SECONDS):
            self._count("turned_away")
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Here, in its own thread, a slow handshake holds up nobody else."""
        request.settimeout(SILENCE_SECONDS)
        if self._context is None:
            self._serve(request, client_address)
            return
        # The shake is begun by hand, because sweep() can only break off what it knows of.
        with self._context.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as connection:
            self._serve(connection, client_address)

    def _serve(self, connection: socket, client_address: Any) -> None:
        self.begin(connection)
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            super().finish_request(connection, client_address)
        finally:
            self._began.pop(connection, None)

    def begin(self, connection: socket) -> None:
        """The time of a request begins."""
        self._began[connection] = time.monotonic()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up, speaks no TLS or no HTTP is counted; anything else is a fault of ours."""
        self._count("broken_off")
        if not isinstance(sys.exception(), OSError | ValueError):
            log.exception("request_fault", extra={"address": str(self.server_address)})

    def server_bind(self) -> None:
        """Without the name service, which the base class asks for our own name."""
        TCPServer.server_bind(self)

    def sweep(self, now: float) -> None:
        """Close what has been at it for too long, be it one byte a second."""
        for connection, began in list(self._began.items()):
            if now - began > self._limits.request_seconds:
                # Not the shutdown of a TLS socket: what its thread writes after that would go out in the clear.
                with contextlib.suppress(OSError):
                    socket.shutdown(connection, SHUT_RDWR)


class RequestHandler(BaseHTTPRequestHandler):
    """One connection; each of its requests has the whole time."""

    protocol_version = "HTTP/1.1"
    server_version = "orderlight-gateway"
    sys_version = ""
    server: Listener

    def handle_one_request(self) -> None:
        """The next request, whose time begins."""
        self.server.begin(self.connection)
        super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:
        """The gateway's own log and counters say what happened."""


def tls_of(cert_file: str, key_file: str) -> ssl.SSLContext | None:
    """What a server shows of itself; None where it has no certificate. OSError where the files cannot be used."""
    if not cert_file:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    return context
