"""HTTP to the server: keep-alive, time limits, and faults in words.

One kind of request to one server, once for every scan: it is written by hand as one piece, head and body in one
packet, and the answer is read as what it must be. A general client would take longer over it than the network does.
"""

import contextlib
import io
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from gateway.uplink.answer import BrokenAnswer, NoAnswer, read_answer

if TYPE_CHECKING:
    from gateway.uplink.tls import Tls

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
        self._tls = _tls(ca_file) if parts.scheme == "https" else None
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
        except (OSError, NoAnswer) as error:
            self.close()
            raise TransportFault(self._sentence(error)) from error
        except BrokenAnswer as error:
            self.close()
            raise TransportFault(str(error)) from error
        except TransportFault:
            self.close()
            raise

    def _post_again_if_stale(self, path: str, body: bytes, timeout: float) -> Reply:
        """A server may close an idle connection at the very moment it is used again: that is no outage."""
        was_kept = self._socket is not None
        try:
            return self._post(path, body, timeout)
        except (ConnectionError, NoAnswer):
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
        with io.BufferedReader(_Arriving(connection)) as arriving:
            answer = read_answer(arriving, MAX_ANSWER_BYTES)
        if not answer.stays:
            self.close()
        return Reply(answer.status, answer.body, answer.headers.get("retry-after"), answer.headers.get("date"))

    def _connect(self, timeout: float) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), timeout)
        try:
            for option in _socket_options():
                connection.setsockopt(*option)
            if self._tls is not None:
                connection = self._tls.wrap(connection, self._host)
        except BaseException:
            connection.close()
            raise
        self._socket = connection
        return connection

    def _sentence(self, error: OSError | NoAnswer) -> str:
        if isinstance(error, TimeoutError):
            return f"Server at {self._url} does not answer in time."
        if self._tls is not None and self._tls.is_doubt(error):
            return f"Server at {self._url} has no certificate that is trusted here ({error})."
        return f"Server at {self._url} cannot be reached ({getattr(error, 'strerror', None) or error})."

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

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """More of it; TransportFault when it took too long altogether."""
        if time.monotonic() > self._until:
            raise TransportFault(f"Server's answer takes too long: it was not there within {WHOLE_SECONDS:.0f} s.")
        return self._connection.recv_into(buffer)


def _socket_options() -> list[tuple[int, int, int]]:
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    user_timeout = getattr(socket, "TCP_USER_TIMEOUT", None)
    if user_timeout is not None:
        options.append((socket.IPPROTO_TCP, user_timeout, _USER_TIMEOUT_MS))
    return options


def _tls(ca_file: str | None) -> "Tls":
    # A gateway whose server speaks plain HTTP does not hold what encrypts: that would be five megabytes.
    from gateway.uplink.tls import Tls

    return Tls(ca_file)
