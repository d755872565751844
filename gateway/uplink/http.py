"""HTTP to the server: keep-alive, time limits, and faults in words."""

import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Protocol

import urllib3
from urllib3.connection import HTTPConnection

#: Time to open a connection, and longest silence while an answer is awaited.
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
#: An answer that drips in longer than this is no answer.
WHOLE_SECONDS = 30.0
#: 500 verdicts are some 200 kB; whoever sends more than this is not our server.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
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
        self._url = url
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "User-Agent": agent,
        }
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=1,
            retries=False,
            socket_options=_socket_options(),
            ssl_context=_trust(ca_file) if url.startswith("https") else None,
        )
        self._kept_alive = False

    def post(self, path: str, body: bytes, timeout: float = READ_SECONDS) -> Reply:
        """Send and wait for the answer; TransportFault when none comes."""
        try:
            return self._post_again_if_stale(path, body, timeout)
        except urllib3.exceptions.HTTPError as error:
            self._kept_alive = False
            raise TransportFault(_sentence(self._url, error)) from error

    def _post_again_if_stale(self, path: str, body: bytes, timeout: float) -> Reply:
        """A server may close an idle connection at the very moment it is used again: that is no outage."""
        try:
            return self._post(path, body, timeout)
        except urllib3.exceptions.ProtocolError:
            if not self._kept_alive:
                raise
            self._kept_alive = False
            return self._post(path, body, timeout)

    def _post(self, path: str, body: bytes, timeout: float) -> Reply:
        response = self._pool.request(
            "POST",
            self._url + path,
            body=body,
            headers=self._headers,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout), read=timeout),
            redirect=False,
            preload_content=False,
        )
        headers = response.headers
        reply = Reply(response.status, _read(response), headers.get("Retry-After"), headers.get("Date"))
        self._kept_alive = True
        return reply

    def close(self) -> None:
        """Let the connection go."""
        self._pool.clear()


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """The whole body; the connection goes back to the pool, or is closed when the body breaks a limit."""
    until = time.monotonic() + WHOLE_SECONDS
    parts: list[bytes] = []
    size = 0
    while part := response.read1(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES or time.monotonic() > until:
            response.close()
            raise TransportFault(
                f"Server's answer is too long: {size:,} bytes so far, expected at most {MAX_ANSWER_BYTES:,} "
                f"bytes within {WHOLE_SECONDS:.0f} s."
            )
    response.release_conn()
    return b"".join(parts)


def _sentence(url: str, error: urllib3.exceptions.HTTPError) -> str:
    refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    if isinstance(error, urllib3.exceptions.TimeoutError) and not refused:
        return f"Server at {url} does not answer in time."
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"Server at {url} has no certificate that is trusted here ({error})."
    cause = error.__context__ or error
    return f"Server at {url} cannot be reached ({getattr(cause, 'strerror', None) or cause})."


def _socket_options() -> list[tuple[int, int, int | bytes]]:
    options = list(HTTPConnection.default_socket_options)
    user_timeout = getattr(socket, "TCP_USER_TIMEOUT", None)
    if user_timeout is not None:
        options.append((socket.IPPROTO_TCP, user_timeout, _USER_TIMEOUT_MS))
    return options


def _trust(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
