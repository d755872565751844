"""One TCP connection to a device, which we open or which it opens: the twin of a serial port."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from gettext import gettext as _
from types import TracebackType
from typing import Final

from gateway.sources.base import SourceLost
from gateway.sources.link import LONGEST_WAIT, WRITE_SECONDS, Link, SessionEnded

CONNECT_SECONDS: Final = 5.0
#: A device that connects to us and went may come again within this time before it counts as lost: some controllers
#: open a connection for every code.
RETURN_SECONDS: Final = 10.0
#: A cable pulled out of a switch says nothing to us. The kernel asks after 5 s of silence and every 3 s from then on,
#: and gives the connection up when nothing was acknowledged for 11 s: noticed after 14 s at the latest.
QUIET_SECONDS: Final = 5
ASK_SECONDS: Final = 3
GIVE_UP_MS: Final = 11_000
_CHUNK: Final = 65_536


class TcpLink(Link):
    """A connection that we open; see sources.link.Link."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._address = (host, port)
        self._socket: socket.socket | None = None
        # The end of a message whose beginning the device has taken already.
        self._rest = b""

    @property
    def name(self) -> str:
        """The address as people write it."""
        return f"{self._address[0]}:{self._address[1]}"

    def __enter__(self) -> "TcpLink":
        try:
            connection = socket.create_connection(self._address, CONNECT_SECONDS)
        except OSError as error:
            sentence = _("{address} cannot be reached: {error}. Check the device's power, network and address.")
            raise SourceLost(sentence.format(address=self.name, error=_words(error))) from error
        self._use(connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def _use(self, connection: socket.socket) -> None:
        notice_half_open(connection)
        connection.settimeout(WRITE_SECONDS)
        self._forget()
        self._rest = b""
        self._socket = connection

    def _hang_up(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._socket is not None

    def read(self, seconds: float) -> bytes:
        """What has arrived, at the latest after `seconds`; empty on time-out or wake. Raises SourceLost."""
        connection = self._socket
        if connection is None:
            raise SourceLost(_("{address} is not connected.").format(address=self.name))
        try:
            self._flush(connection)
            if not self._waker.wait(connection.fileno(), min(seconds, LONGEST_WAIT)):
                return b""
            data = connection.recv(_CHUNK)
        except OSError as error:
            sentence = _("The connection to {address} was lost: {error}.")
            raise SourceLost(sentence.format(address=self.name, error=_words(error))) from error
        return data or self._ended()

    def _ended(self) -> bytes:
        raise SourceLost(_("{address} closed the connection.").format(address=self.name))

    def _flush(self, connection: socket.socket) -> None:
        while data := self._rest or self._next():
            try:
                self._rest = data[connection.send(data) :]
            except TimeoutError:
                # The device does not read: the signal is late already, and reading goes on.
                self.unsent += not self._rest
                return

    def _next(self) -> bytes:
        waiting = self._answers or self._tones
        return waiting.popleft() if waiting else b""


class TcpServerLink(TcpLink):
    """A port at which the device connects to us, one connection at a time: the newest is the device."""

    def __init__(self, host: str, port: int, allow: tuple[str, ...] = ()) -> None:
        super().__init__(host, port)
        self._allow = frozenset(allow)
        self._listener: socket.socket | None = None

    def __enter__(self) -> "TcpServerLink":
        try:
            self._listener = socket.create_server(self._address, family=_family(self._address[0]), backlog=4)
        except OSError as error:
            sentence = _("Nobody can connect to {address}: {error}. Choose an address of this machine and a free port.")
            raise SourceLost(sentence.format(address=self.name, error=_words(error))) from error
        self._listener.setblocking(False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()
        if self._listener is not None:
            self._listener.close()

    @property
    def listens_at(self) -> int:
        """The port, where the system chose one."""
        assert self._listener is not None
        return int(self._listener.getsockname()[1])

    def sessions(self, stop: threading.Event, waiting: Callable[[str], None]) -> Iterator[None]:
        """One turn for each connection; a device that went and stays away is lost."""
        waiting(_("Waits for the device to connect to {address}.").format(address=self.name))
        deadline = float("inf")
        while not stop.is_set():
            if self._socket is not None or self._wait():
                yield
                deadline = time.monotonic() + RETURN_SECONDS
            elif time.monotonic() > deadline:
                raise SourceLost(_("The device closed its connection to {address}.").format(address=self.name))

    def _wait(self) -> bool:
        assert self._listener is not None
        return self._waker.wait(self._listener.fileno(), LONGEST_WAIT) and self._take()

    def _take(self) -> bool:
        """Whether a device that is allowed has connected; it takes the place of an older connection."""
        assert self._listener is not None
        # Another may have gone again between the wait and here.
        with contextlib.suppress(OSError):
            connection, peer = self._listener.accept()
            if self._allow and peer[0] not in self._allow:
                connection.close()
                return False
            self._hang_up()
            self._use(connection)
            return True
        return False

    def read(self, seconds: float) -> bytes:
        """As for TcpLink; SessionEnded when the device hangs up or has connected anew."""
        assert self._listener is not None
        # Looked at without the waker, whose call must end the wait for data below.
        if select.select([self._listener], [], [], 0)[0] and self._take():
            raise SessionEnded
        return super().read(seconds)

    def _ended(self) -> bytes:
        self._hang_up()
        raise SessionEnded


def notice_half_open(connection: socket.socket) -> None:
    """Have the kernel find out within 15 s that the other end is gone without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, QUIET_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, ASK_SECONDS)
    # It also holds for what we send ourselves, which would otherwise be repeated for a quarter of an hour.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GIVE_UP_MS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).rstrip(".")
