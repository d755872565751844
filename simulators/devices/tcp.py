"""A simulated device on the network: it listens, or it connects to its host; the cable is a TCP connection."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable

from simulators.devices.transport import MemoryTransport, NotPlugged, OnBytes

_AGAIN_SECONDS = 0.05
_WAIT_SECONDS = 0.2


class TcpTransport:
    """Listens on `port` of loopback, as a network scanner does; 0 takes a free port. One host at a time."""

    medium = "tcp"

    def __init__(self, port: int = 0) -> None:
        self.port = port
        #: Called when a host has connected, for devices that speak first.
        self.on_host: Callable[[], None] = lambda: None
        self._stop = threading.Event()
        self._host: socket.socket | None = None
        self._there = threading.Event()
        self._thread: threading.Thread | None = None

    def plug(self, on_bytes: OnBytes) -> None:
        """Be in the network from now on."""
        if self._thread is not None:
            return
        self._stop = threading.Event()
        self._prepare()
        self._thread = threading.Thread(target=self._serve, args=(on_bytes,), name=f"tcp {self.port}", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Leave the network; the host sees the connection reset, as when power fails at a well-behaved switch."""
        thread, self._thread = self._thread, None
        self._stop.set()
        self.hang_up(reset=True)
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection, not the device."""
        host, self._host = self._host, None
        self._there.clear()
        if host is None:
            return
        # The host may have closed it already.
        with contextlib.suppress(OSError):
            if reset:
                host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            else:
                host.shutdown(socket.SHUT_RDWR)
        host.close()

    def wait_for_host(self, timeout: float) -> bool:
        """Whether a host is connected within `timeout` seconds."""
        return self._there.wait(timeout)

    def host_baud(self) -> int | None:
        """A network has no rate that anybody sets."""
        return None

    def write(self, data: bytes) -> None:
        """Send to the host; raises NotPlugged."""
        host = self._host
        try:
            if host is None:
                raise ConnectionError("no host is connected")
            host.sendall(data)
        except OSError as error:
            raise NotPlugged(f"Failed to send {len(data)} bytes on port {self.port}: {error}.") from error

    def _prepare(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(_WAIT_SECONDS)
        self.port = self._listener.getsockname()[1]

    def _serve(self, on_bytes: OnBytes) -> None:
        stop = self._stop
        with self._listener:
            while not stop.is_set():
                try:
                    host, _peer = self._listener.accept()
                except TimeoutError:
                    continue
                self._talk(host, on_bytes, stop)

    def _talk(self, host: socket.socket, on_bytes: OnBytes, stop: threading.Event) -> None:
        host.settimeout(_WAIT_SECONDS)
        self._host = host
        self._there.set()
        self.on_host()
        while not stop.is_set() and self._host is host:
            try:
                data = host.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                # Reset by the host, or closed by ourselves: the same to a device.
                break
            if not data:
                break
            on_bytes(data)
        if self._host is host:
            self.hang_up()


class TcpClientTransport(TcpTransport):
    """Connects to its host, again and again, as a controller does that was told where to send its codes."""

    def _prepare(self) -> None:
        """There is nothing to listen at."""

    def _serve(self, on_bytes: OnBytes) -> None:
        stop = self._stop
        while not stop.is_set():
            try:
                host = socket.create_connection(("127.0.0.1", self.port), _WAIT_SECONDS)
            except OSError:
                # Nobody listens yet.
                time.sleep(_AGAIN_SECONDS)
                continue
            self._talk(host, on_bytes, stop)


class MemoryNetwork(MemoryTransport):
    """A connection in memory, which stands as long as the device is in the network."""

    medium = "tcp"

    def __init__(self) -> None:
        super().__init__()
        self.on_host: Callable[[], None] = lambda: None
        self._broken = False

    def plug(self, on_bytes: OnBytes) -> None:
        """The host is there at once."""
        self._broken = False
        super().plug(on_bytes)
        self.on_host()

    def write(self, data: bytes) -> None:
        """Keep what the device sends while the connection stands."""
        if self._broken:
            raise NotPlugged(f"Failed to send {len(data)} bytes: the connection is broken.")
        super().write(data)

    def hang_up(self, *, reset: bool = False) -> None:
        """Break the connection; nothing comes through until the host has noticed."""
        self._broken = True

    def take_broken(self) -> bool:
        """Whether the device has broken the connection since the last call; the host may come again."""
        broken, self._broken = self._broken, False
        return broken
