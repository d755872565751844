"""HTTP to the server: keep-alive, time limits, and faults in words.

One kind of request to one server, once for every scan: it is written by hand as one piece, head and body in one
packet, and the standard library reads the answer. A general client would take longer over it than the network does.
"""

import contextlib
import io
import socket
import ssl
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Protocol, cast
from urllib.parse import urlsplit

#: Time to open a connection, and longest silence while an answer is awaited.
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
#: An answer that drips in longer than this is no answer.
WHOLE_SECONDS = 30.0
#: 500 verdicts are some 200 kB; whoever sends more than this is not our server.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
#: A longer body takes many packets anyway, and is not copied to stand behind its head in one.
_ONE_PIECE = 16_384
#: Unacknowledged data means a dead link after this time (Linux, RFC 5482).
_USER_TIMEOUT_MS = 15_000


class TransportFault(Exception):
    """No answer came; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of whatever status."""

    status: int
    body: bytes = field(default=b"", repr=False)
    retry_after: str | None = None
    date: str | None = None


class Transport(Protocol):
    """Posts one JSON body at a time."""

    def post(self, path: str, body: bytes, timeout: float = READ_SECONDS) -> Reply:
        """Send and wait for the answer; TransportFault when none comes."""

    def close(self) -> None:
        """Let the connection go."""


class HttpTransport:
    """One kept-alive connection to one server. One thread at a time."""

    def __init__(self, url: str, key: str, *, agent: str, ca_file: str | None = None) -> None:
        parts = urlsplit(url)
        self._url = url
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._prefix = parts.path.rstrip("/")
        self._tls = trust(ca_file) if parts.scheme == "https" else None
        self._shared_head = (
            f"Host: {parts.netloc.rpartition('@')[2]}\r\nContent-Type: application/json\r\n"
            f"Accept-Encoding: identity\r\nUser-Agent: {agent}\r\n"
        )
        self.use_key(key)
        self._socket: socket.socket | None = None

    def use_key(self, key: str) -> None:
        """Show this key from the next request on; any thread may call it."""
        self._head = f"{self._shared_head}Authorization: Bearer {key}\r\n"

    def post(self, path: str, body: bytes, timeout: float = READ_SECONDS) -> Reply:
        """Send and wait for the answer; TransportFault when none comes."""
        try:
            return self._post_again_if_stale(path, body, timeout)
        except (OSError, HTTPException) as error:
            self.close()
            raise TransportFault(_sentence(self._url, error)) from error
        except TransportFault:
            self.close()
            raise

    def _post_again_if_stale(self, path: str, body: bytes, timeout: float) -> Reply:
        """A server may close an idle connection at the very moment it is used again: that is no outage."""
        was_kept = self._socket is not None
        try:
            return self._post(path, body, timeout)
        except (ConnectionError, HTTPException):
            if not was_kept:
                raise
            self.close()
            return self._post(path, body, timeout)

    def _post(self, path: str, body: bytes, timeout: float) -> Reply:
        connection = self._socket or self._connect(min(CONNECT_SECONDS, timeout))
        connection.settimeout(timeout)
        head = f"POST {self._prefix}{path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
        if len(body) > _ONE_PIECE:
            connection.sendall(head.encode("latin-1"))
            connection.sendall(body)
        else:
            connection.sendall(head.encode("latin-1") + body)
        response = HTTPResponse(cast(socket.socket, _Arriving(connection)), method="POST")
        try:
            response.begin()
            reply = Reply(
                response.status, _read(response), response.getheader("Retry-After"), response.getheader("Date")
            )
        finally:
            response.close()
        if response.will_close:
            self.close()
        return reply

    def _connect(self, timeout: float) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), timeout)
        try:
            for option in _socket_options():
                connection.setsockopt(*option)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_hostname=self._host)
        except BaseException:
            connection.close()
            raise
        self._socket = connection
        return connection

    def close(self) -> None:
        """Let the connection go."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


class _Arriving(io.RawIOBase):
    """What arrives on a connection, for one answer: its head may drip as well as its body."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._until = time.monotonic() + WHOLE_SECONDS

    def makefile(self, _mode: str) -> io.BufferedReader:
        """As of a socket, whose own one would wait anew for each byte."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """More of it; TransportFault when it took too long altogether."""
        if time.monotonic() > self._until:
            raise TransportFault(f"Server's answer takes too long: it was not there within {WHOLE_SECONDS:.0f} s.")
        return self._connection.recv_into(buffer)


def _read(response: HTTPResponse) -> bytes:
    """The whole body; whatever breaks a limit is no answer."""
    parts: list[bytes] = []
    size = 0
    while part := response.read1(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise TransportFault(
                f"Server's answer is too long: {size:,} bytes so far, expected at most {MAX_ANSWER_BYTES:,}."
            )
    if response.length:
        raise TransportFault(f"Server's answer broke off: {response.length:,} bytes of it did not come.")
    return b"".join(parts)


def _sentence(url: str, error: OSError | HTTPException) -> str:
    if isinstance(error, TimeoutError):
        return f"Server at {url} does not answer in time."
    if isinstance(error, ssl.SSLError):
        return f"Server at {url} has no certificate that is trusted here ({error})."
    return f"Server at {url} cannot be reached ({getattr(error, 'strerror', None) or error})."


def _socket_options() -> list[tuple[int, int, int]]:
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    user_timeout = getattr(socket, "TCP_USER_TIMEOUT", None)
    if user_timeout is not None:
        options.append((socket.IPPROTO_TCP, user_timeout, _USER_TIMEOUT_MS))
    return options


def trust(ca_file: str | None) -> ssl.SSLContext:
    """What proves a server to be ours: the usual authorities, and our own."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
