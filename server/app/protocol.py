"""HTTP on a connection, as uvicorn speaks it, with a limit to how long and how large the head of a request may be.

uvicorn limits neither with httptools: a client that sends half a head, or one without end, would be kept for ever.
"""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger("server.http")

#: A head that has not come by then never will; the connection is wanted by others.
HEAD_SECONDS = 30.0
#: Browsers send a few kilobytes, cookies included.
MAX_HEAD_BYTES = 65_536


class ImpatientProtocol(HttpToolsProtocol):
    """Closes a connection whose next request does not begin in time or has no end."""

    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """A new connection owes us a head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes of a head that is owed, or of a body."""
        if self._waiting is None and (self.cycle is None or self.cycle.response_complete):
            self._await_head()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._waiting is not None and self._head_bytes > MAX_HEAD_BYTES:
            self._settle()
            log.info("A connection was closed: the head of its request is larger than %d bytes.", MAX_HEAD_BYTES)
            self.send_400_response("The head of this request is too large.")

    def on_headers_complete(self) -> None:
        """The head is here; bodies have a guard of their own."""
        self._settle()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is owed any more."""
        self._settle()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._waiting = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _settle(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()
